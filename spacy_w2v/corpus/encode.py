"""Chooses the way from texts to tokens, and runs it over a stream, in this process or in several."""

import multiprocessing
import os
import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from spacy_w2v.config.schema import TokensSettings
from spacy_w2v.corpus.documents import DocumentEncoder
from spacy_w2v.corpus.jieba_words import pickle_with_words
from spacy_w2v.corpus.piece_encoder import PieceEncoder
from spacy_w2v.corpus.pieces import WhitespacePieces
from spacy_w2v.corpus.source import TextBatch
from spacy_w2v.corpus.stock_pieces import StockPieces, is_piecewise
from spacy_w2v.corpus.tokens import EncodedBatch, TokenRules

if TYPE_CHECKING:
    from spacy.language import Language

BATCHES_AHEAD = 2
"""Batches for each process that are read before the first one is done."""

BYTES_ALONE = 256 << 20
"""Text that is encoded piece by piece in this process, before others are started if they are asked for: that takes less
time than starting processes which all learn the same pieces."""


class Encoder(Protocol):
    """Turns texts into tokens."""

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts, whole sentences, in order."""


def make_encoder(nlp: "Language", settings: TokensSettings) -> Encoder:
    """Return the fastest encoder that gives exactly the tokens of the settings."""
    rules = TokenRules(attr=settings.attr, numbers=settings.numbers, urls=settings.urls)
    if settings.boundary != "sentence" and (settings.tokenizer == "whitespace" or is_piecewise(nlp.tokenizer)):
        pieces = WhitespacePieces(nlp, rules) if settings.tokenizer == "whitespace" else StockPieces(nlp, rules)
        return PieceEncoder(pieces, by_line=settings.boundary == "line", min_tokens=settings.min_tokens)
    return DocumentEncoder(nlp, rules=rules, boundary=settings.boundary, min_tokens=settings.min_tokens)


def encode_stream(
    batches: Iterator[TextBatch], nlp: "Language", settings: TokensSettings, *, code_path: Path | None = None
) -> Iterator[tuple[TextBatch, EncodedBatch]]:
    """Encode batches in their order, in `n_process` processes; 0 stands for one per core where that is faster.

    It is not for pieces: one process encodes ten million known tokens a second, and spends longer on handing over.

    Each process imports `code_path` (for registered functions of the user's own) first. The result does not depend on
    the number of processes, nor on which of them takes a batch.
    """
    encoder: Encoder = make_encoder(nlp, settings)
    n_bytes_left = BYTES_ALONE if isinstance(encoder, PieceEncoder) else 0
    while n_bytes_left > 0 and (batch := next(batches, None)) is not None:
        n_bytes_left -= batch.texts.nbytes
        yield batch, encoder.encode(batch.texts)
    n_process = settings.n_process or (1 if isinstance(encoder, PieceEncoder) else available_cores())
    next_ones = list(islice(batches, 2))
    payload = _pickled(nlp, settings) if n_process > 1 and len(next_ones) == 2 else None
    if payload is None:
        for batch in chain(next_ones, batches):
            yield batch, encoder.encode(batch.texts)
    else:
        del encoder  # and all that it remembers
        yield from _encode_in_processes(chain(next_ones, batches), payload, n_process, code_path)


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pickled(nlp: "Language", settings: TokensSettings) -> bytes | None:
    """Return what a process needs to make the same encoder, or None if the tokenizer cannot be pickled."""
    try:
        # Tokenizer.__reduce__ forgets its faster_heuristics.
        faster_heuristics = getattr(nlp.tokenizer, "faster_heuristics", None)
        return pickle_with_words((nlp.vocab, nlp.tokenizer, faster_heuristics, settings))
    except Exception:  # a tokenizer of the user's own may raise anything; one process is the way out
        return None


class _Pipeline:
    """The parts of a Language that encoders use, as they arrive in another process."""

    def __init__(self, vocab: object, tokenizer: object):
        self.vocab = vocab
        self.tokenizer = tokenizer


_encoder: Encoder | None = None  # of a worker process, set once at its start


def _start_worker(payload: bytes, code_path: Path | None) -> None:
    global _encoder
    if code_path is not None:
        from spacy.cli._util import import_code

        import_code(code_path)
    vocab, tokenizer, faster_heuristics, settings = pickle.loads(payload)
    if faster_heuristics is False:
        tokenizer.faster_heuristics = False
    _encoder = make_encoder(_Pipeline(vocab, tokenizer), settings)


def _encode_in_worker(texts: pa.LargeStringArray) -> EncodedBatch:
    assert _encoder is not None  # set by _start_worker
    return _encoder.encode(texts).compact()


def _encode_in_processes(
    batches: Iterator[TextBatch], payload: bytes, n_process: int, code_path: Path | None
) -> Iterator[tuple[TextBatch, EncodedBatch]]:
    # "spawn": forking a process that has threads, as Arrow starts them, may lock up.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        n_process, mp_context=context, initializer=_start_worker, initargs=(payload, code_path)
    ) as pool:
        running: deque[tuple[TextBatch, Future[EncodedBatch]]] = deque()
        try:
            for batch in batches:
                running.append((batch, pool.submit(_encode_in_worker, batch.texts)))
                if len(running) >= BATCHES_AHEAD * n_process:
                    done, future = running.popleft()
                    yield done, future.result()
            for done, future in running:
                yield done, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
