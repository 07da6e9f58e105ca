"""Helpers of the tests of corpora: sources of given texts, tokenizers, and a slow reference for tokens."""

import bz2
import gzip
import lzma
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import zstandard
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from spacy_w2v.sources._source import TextBatch, TextSource
from spacy_w2v.tokenization._tokens import EncodedBatch

COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}


def arrow(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def batch_of(texts: list[str], *, n_null: int = 0, n_not_text: int = 0) -> TextBatch:
    return TextBatch(arrow(texts), len(texts), n_null, n_not_text, None)


class ListSource:
    """A source with given batches and fingerprint, which counts how often it is read."""

    def __init__(self, *batches: list[str], name: str = "list", fingerprint: str | None = None):
        self._batches = batches
        self._name = name
        self._fingerprint = fingerprint
        self.n_read = 0

    @property
    def name(self) -> str:
        return self._name

    def fingerprint(self) -> str | None:
        return self._fingerprint

    def batches(self) -> Iterator[TextBatch]:
        self.n_read += 1
        for texts in self._batches:
            yield batch_of(texts)


class Documents(NamedTuple):
    """The content of a source."""

    texts: list[str]
    n_documents: int
    n_null: int
    n_not_text: int
    fractions: list[float | None]


def collect(batches: Iterator[TextBatch]) -> Documents:
    batches = list(batches)
    return Documents(
        texts=[text for batch in batches for text in batch.texts.to_pylist()],
        n_documents=sum(batch.n_documents for batch in batches),
        n_null=sum(batch.n_null for batch in batches),
        n_not_text=sum(batch.n_not_text for batch in batches),
        fractions=[batch.fraction for batch in batches],
    )


def read(source: TextSource) -> Documents:
    """Read a source as `prepared_corpus` does, after its fingerprint."""
    source.fingerprint()
    return collect(source.batches())


class HyphenTokenizer(Tokenizer):
    """A subclass of the stock tokenizer that joins the first two words of a text."""

    def __call__(self, string: str) -> Doc:
        words = string.split()
        return Doc(self.vocab, words=[" ".join(words[:2]), *words[2:]] if words else [])


class CommaTokenizer:
    """A user's tokenizer: tokens may contain spaces, and may depend on the whole text."""

    def __init__(self, nlp: Language):
        self.vocab = nlp.vocab

    def __call__(self, text: str) -> Doc:
        parts = text.split(",")
        words = [token for i, part in enumerate(parts) for token in ([","] if i else []) + ([part] if part else [])]
        return Doc(self.vocab, words=words, spaces=[False] * len(words))


def expected_sentences(
    nlp: Language,
    text: str,
    *,
    attr: str = "LOWER",
    boundary: str = "line",
    numbers: str = "keep",
    urls: str = "keep",
    min_tokens: int = 1,
) -> list[list[tuple[str, str]]]:
    """Return the text and the key of each token, by sentences, directly from `nlp.tokenizer`."""
    doc = nlp.tokenizer(text)
    sentences: dict[int, list[tuple[str, str]]] = {}
    starts = [sentence.start for sentence in Sentencizer()(doc).sents] if boundary == "sentence" and len(doc) else []
    for token in doc:
        if boundary == "line":
            number = text.count("\n", 0, token.idx) + text.count("\r", 0, token.idx)
        else:
            number = sum(start <= token.i for start in starts)
        treatments = {numbers if token.like_num else "keep", urls if token.like_url else "keep"}
        if token.is_space or "drop" in treatments:
            continue
        key = {"ORTH": token.text, "LOWER": token.lower_, "NORM": token.norm_}[attr]
        sentences.setdefault(number, []).append((token.text, token.shape_ if "shape" in treatments else key))
    return [sentence for sentence in sentences.values() if len(sentence) >= min_tokens]


def sentences_of(batch: EncodedBatch) -> list[list[tuple[str, str]]]:
    """Check a batch, and return the text and the key of each token, by sentences."""
    token_ids = batch.token_ids.tolist()
    assert sum(batch.lengths.tolist()) == len(token_ids)
    assert all(length >= 1 for length in batch.lengths.tolist())
    assert list(dict.fromkeys(token_ids)) == list(range(batch.distinct_types.size)), (
        "types must be in order of first appearance"
    )
    types = list(zip(*batch.types.take(batch.distinct_types), strict=True))
    assert len(set(types)) == len(types)
    tokens = iter(token_ids)
    return [[types[next(tokens)] for _ in range(length)] for length in batch.lengths.tolist()]
