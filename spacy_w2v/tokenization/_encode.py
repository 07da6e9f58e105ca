"""Selects the fastest encoder for a pipeline, and encodes a stream of texts in one or more processes."""

import pickle
import warnings
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.sources._docbin_values import tokens_of_docs
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS, TextBatch
from spacy_w2v.tokenization._code import import_user_code
from spacy_w2v.tokenization._documents import DocumentEncoder
from spacy_w2v.tokenization._given_tokens import GivenTokensEncoder
from spacy_w2v.tokenization._jieba_words import pickle_with_words
from spacy_w2v.tokenization._long_pretokens import cut_long_pretokens
from spacy_w2v.tokenization._pretoken_encoder import PretokenEncoder
from spacy_w2v.tokenization._pretokens import WhitespaceTokenizer
from spacy_w2v.tokenization._processes import map_in_processes
from spacy_w2v.tokenization._stock_tokenizer import StockTokenizer, is_stock_tokenizer
from spacy_w2v.tokenization._tokens import EncodedBatch, TokenRules
from spacy_w2v.tokenization.annotation._in_processes import encode_by_keys, key_encoding

if TYPE_CHECKING:
    from spacy.language import Language

SINGLE_PROCESS_BYTES = 256 << 20
"""Bytes of text that this process encodes by pre-tokens before it starts other processes.

This is faster than starting several processes that all tokenize the same frequent pre-tokens.
"""


MAX_LENGTH = 1_000_000
"""The default of `nlp.max_length`."""


class Encoder(Protocol):
    """Encodes texts as tokens."""

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of texts, in complete sentences, in the order of the texts."""


def make_encoder(nlp: "Language", settings: TokensSettings) -> Encoder:
    """Return the fastest encoder that returns exactly the tokens of the pipeline with these settings."""
    rules = _rules(settings)
    if encodes_by_pretokens(nlp, settings):
        kind = WhitespaceTokenizer if settings.tokenizer == "whitespace" else StockTokenizer
        by_line = settings.boundary == "line"
        return PretokenEncoder(kind(nlp, rules), by_line=by_line, min_tokens=settings.min_tokens)
    return DocumentEncoder(nlp, rules=rules, boundary=settings.boundary, min_tokens=settings.min_tokens)


def encodes_by_pretokens(nlp: "Language", settings: TokensSettings) -> bool:
    """Return whether each distinct pre-token is tokenized once, which is so fast that one process is usually enough."""
    return settings.boundary != "sentence" and (settings.tokenizer == "whitespace" or is_stock_tokenizer(nlp.tokenizer))


def _rules(settings: TokensSettings) -> TokenRules:
    return TokenRules(attr=settings.attr, numbers=settings.numbers, urls=settings.urls)


class _MixedEncoder:
    """Encodes texts with one encoder, and tokenized documents with another."""

    def __init__(self, nlp: "Language", settings: TokensSettings):
        self.text_encoder = make_encoder(nlp, settings)
        self.token_encoder = GivenTokensEncoder(
            nlp, rules=_rules(settings), boundary=settings.boundary, min_tokens=settings.min_tokens
        )

    def encode(self, texts: pa.LargeStringArray | pa.LargeListArray | pa.LargeBinaryArray) -> EncodedBatch:
        """Return the tokens of documents, in complete sentences, in the order of the documents."""
        if texts.type == ANNOTATED_DOCS:
            texts = tokens_of_docs(texts)
        return self.token_encoder.encode(texts) if texts.type == GIVEN_TOKENS else self.text_encoder.encode(texts)


def encode_stream(
    batches: Iterator[TextBatch],
    nlp: "Language",
    settings: TokensSettings,
    *,
    code_path: Path | None = None,
    n_cores: int | None = None,
) -> Generator[tuple[TextBatch, EncodedBatch], None, None]:
    """Encode batches in order, in `settings.n_process` processes. With keys, the pipeline annotates them first.

    With n_process = 0, there is one process per core if that is faster. With pre-tokens it is not: one process encodes
    ten million known tokens per second, which is faster than sending them to another process. The result does not
    depend on the number of processes.

    Args:
        batches: The texts.
        nlp: The pipeline whose tokenizer makes the tokens, and whose components annotate them.
        settings: The block `[w2v.tokens]`.
        code_path: A Python file with the user's registered functions, which each process imports first.
        n_cores: The number of cores to use with n_process = 0. If None, all that are available.

    Yields:
        Each batch of texts with its tokens.

    Raises:
        ConfigError: The key function fails, or the components do not set all annotation that it needs.
        CorpusError: The texts cannot be read, a component fails, or a process has ended.
    """
    if settings.key_block is not None:
        encoding = key_encoding(nlp, settings)
        batches = cut_long_pretokens(batches, nlp)
        yield from encode_by_keys(batches, encoding, code_path=code_path, n_cores=n_cores)
        return
    encoder = _MixedEncoder(nlp, settings)
    by_pretokens = encodes_by_pretokens(nlp, settings)
    if settings.tokenizer == "pipeline":
        batches = cut_long_pretokens(batches, nlp)
    n_bytes_left = SINGLE_PROCESS_BYTES if by_pretokens else 0
    while n_bytes_left > 0 and (batch := next(batches, None)) is not None:
        n_bytes_left -= batch.texts.nbytes
        yield batch, encoder.encode(batch.texts)
    n_process = settings.n_process or (1 if by_pretokens else n_cores or available_cores())
    next_batches = list(islice(batches, 2))
    is_parallel = n_process > 1 and len(next_batches) == 2
    payload = pickled_pipeline(nlp, settings, is_asked=settings.n_process > 1) if is_parallel else None
    if payload is None:
        for batch in chain(next_batches, batches):
            yield batch, encoder.encode(batch.texts)
    else:
        del encoder  # frees its caches
        factory = partial(_make_encoder, payload, code_path)
        yield from map_in_processes(factory, chain(next_batches, batches), n_process)


def pickled_pipeline(nlp: "Language", settings: TokensSettings, *, is_asked: bool) -> bytes | None:
    """Return a pickle for creating the same encoder in another process, or None if the tokenizer is not picklable.

    Args:
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        is_asked: Whether the user asked for several processes or machines, so that there is a warning if it fails.
    """
    try:
        # Tokenizer.__reduce__ does not include faster_heuristics.
        faster_heuristics = getattr(nlp.tokenizer, "faster_heuristics", None)
        limit = getattr(nlp, "max_length", MAX_LENGTH)
        return pickle_with_words((nlp.vocab, nlp.tokenizer, faster_heuristics, limit, settings))
    except Exception as error:  # a user's tokenizer may raise any error
        if is_asked:
            several = f"n_process = {settings.n_process}" if settings.n_process > 1 else "several machines"
            warnings.warn(
                f"A tokenizer must be picklable for {several}, but "
                f"{type(nlp.tokenizer).__name__} is not: {error}. Only one process is used.",
                stacklevel=2,
            )
        return None


class PickledPipeline:
    """The parts of a Language that encoders use, in another process."""

    def __init__(self, payload: bytes, code_path: Path | None):
        """Recreate them.

        Args:
            payload: A pickle of `pickled_pipeline`.
            code_path: A Python file with the user's registered functions, which is imported first.
        """
        import_user_code(code_path)
        self.vocab, self.tokenizer, faster_heuristics, self.max_length, self.settings = pickle.loads(payload)
        if faster_heuristics is False:
            self.tokenizer.faster_heuristics = False


def _make_encoder(payload: bytes, code_path: Path | None) -> Callable[[TextBatch], EncodedBatch]:
    """Return the function that encodes batches in another process."""
    pipeline = PickledPipeline(payload, code_path)
    encoder = _MixedEncoder(pipeline, pipeline.settings)
    return lambda batch: encoder.encode(batch.texts).compact()
