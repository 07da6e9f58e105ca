"""Batches of tokens with phrases, as an encoder of keys makes them, and what a corpus of them holds, slowly."""

import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus, CorpusWriter, open_corpus
from spacy_w2v.tokenization._tokens import EncodedBatch, PhraseSpans, Types

Type = tuple[str, str]
"""The text and the key of a token or phrase."""

FINGERPRINT = CorpusFingerprint(format=3, source="f", tokenizer="t", tokens={"attr": "KEY"}, max_vocab_size=None)


class Sentence(NamedTuple):
    """The tokens of a sentence, and its phrases: the first token, the number of tokens, and the type of each."""

    tokens: list[Type]
    phrases: list[tuple[int, int, Type]]


def token(text: str) -> Type:
    """Return a token with a key of its own."""
    return text, f"{text.lower()}|X"


def phrase(*words: str) -> Type:
    """Return the phrase of some words."""
    return " ".join(words), f"{'_'.join(words).lower()}|P"


def random_sentences(n: int, *, seed: int, n_words: int = 30, longest: int = 12, longest_phrase: int = 4):
    """Return sentences of random words, in which about a third of the tokens are in phrases."""
    chooser = random.Random(seed)
    sentences = []
    for _ in range(n):
        words = [
            f"{'Ww'[chooser.random() < 0.8]}{int(chooser.paretovariate(0.7)) % n_words}"
            for _ in range(chooser.randint(1, longest))
        ]
        phrases, place = [], 0
        while place < len(words):
            length = min(chooser.randint(1, longest_phrase), len(words) - place)
            if chooser.random() < 0.3:
                phrases.append((place, length, phrase(*words[place : place + length])))
            place += length
        sentences.append(Sentence([token(word) for word in words], phrases))
    return sentences


def _numbered(types: list[Type], spare: list[Type]) -> tuple[Types, np.ndarray, np.ndarray]:
    """Return a table of types with others before them, the distinct types in it, and the id of each type."""
    distinct = list(dict.fromkeys(types))
    table = [*spare, *reversed(distinct)]
    places = np.array([table.index(of) for of in distinct], np.uint32)
    ids = np.array([distinct.index(of) for of in types], np.uint32)
    return Types([orth for orth, _ in table], [key for _, key in table]), places, ids


def batch_of_sentences(sentences: list[Sentence]) -> EncodedBatch:
    """Return sentences as a batch."""
    types, distinct, ids = _numbered([of for sentence in sentences for of in sentence.tokens], [token("unused")])
    found, first = [], 0
    for sentence in sentences:
        found += [(first + start, length, of) for start, length, of in sentence.phrases]
        first += len(sentence.tokens)
    phrase_types, phrase_distinct, phrase_ids = _numbered([of for _, _, of in found], [phrase("not", "used")])
    spans = PhraseSpans(
        phrase_types,
        phrase_distinct,
        phrase_ids,
        np.array([start for start, _, _ in found], np.int64),
        np.array([length for _, length, _ in found], np.int64),
    )
    lengths = np.array([len(sentence.tokens) for sentence in sentences], np.int64)
    return EncodedBatch(types, distinct, ids, lengths, spans)


def write_sentences(
    directory: Path, sentences: list[Sentence], *, per_batch: int = 7, max_types: int | None = None,
    fingerprint: CorpusFingerprint = FINGERPRINT,
) -> Corpus:  # fmt: skip
    """Write a corpus of sentences, and open it."""
    directory.mkdir(parents=True)
    writer = CorpusWriter(directory, max_types=max_types)
    for first in range(0, len(sentences), per_batch):
        writer.add(batch_of_sentences(sentences[first : first + per_batch]))
    documents = DocumentCounts(n_documents=len(sentences), n_null=0, n_not_text=0)
    writer.close(source="test", fingerprint=fingerprint, documents=documents)
    return open_corpus(directory)


def types_by_id(table) -> dict[int, Type]:
    """Return the types of a corpus by their ids."""
    return {row["id"]: (row["orth"], row["key"]) for row in table.to_pylist()}


def sentences_of_corpus(corpus: Corpus) -> list[Sentence]:
    """Return what a corpus holds: its sentences, and the phrases in them. Dropped types are None."""
    tokens = types_by_id(corpus.read_types())
    phrases = types_by_id(corpus.read_phrase_types()) if corpus.spans else {}
    chunks, spans, found = corpus.open_chunks(), corpus.open_phrases() if corpus.spans else None, []
    for number in range(corpus.n_chunks):
        chunk = chunks.read(number)
        rows = list(zip(*spans.read(number, chunk.offsets), strict=True)) if spans else []
        for start, end in zip(chunk.offsets[:-1].tolist(), chunk.offsets[1:].tolist(), strict=True):
            inside = [(int(at) - start, int(n), phrases.get(int(of))) for at, n, of in rows if start <= at < end]
            found.append(Sentence([tokens.get(of) for of in chunk.tokens[start:end].tolist()], inside))
    return found


def count_phrases(sentences: list[Sentence]) -> Counter:
    """Return how often each type of a phrase occurs."""
    return Counter(of for sentence in sentences for _, _, of in sentence.phrases)
