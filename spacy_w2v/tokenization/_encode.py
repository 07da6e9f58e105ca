"""Chooses the way from texts to tokens, and runs it over a stream, in this process or in several."""

import pickle
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.sources._source import GIVEN_TOKENS, TextBatch
from spacy_w2v.tokenization._documents import DocumentEncoder
from spacy_w2v.tokenization._given_tokens import GivenTokensEncoder
from spacy_w2v.tokenization._jieba_words import pickle_with_words
from spacy_w2v.tokenization._long_pretokens import cut_long_pieces
from spacy_w2v.tokenization._pretoken_encoder import PieceEncoder
from spacy_w2v.tokenization._pretokens import WhitespacePieces
from spacy_w2v.tokenization._processes import map_in_processes
from spacy_w2v.tokenization._stock_tokenizer import StockPieces, is_piecewise
from spacy_w2v.tokenization._tokens import EncodedBatch, TokenRules

if TYPE_CHECKING:
    from spacy.language import Language

BYTES_ALONE = 256 << 20
"""Text that is encoded piece by piece in this process, before others are started if they are asked for: that takes less
time than starting processes which all learn the same pieces."""


class Encoder(Protocol):
    """Turns texts into tokens."""

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts, whole sentences, in order."""


def make_encoder(nlp: "Language", settings: TokensSettings) -> Encoder:
    """Return the fastest encoder that gives exactly the tokens of the settings."""
    rules = _rules(settings)
    if settings.boundary != "sentence" and (settings.tokenizer == "whitespace" or is_piecewise(nlp.tokenizer)):
        pieces = WhitespacePieces(nlp, rules) if settings.tokenizer == "whitespace" else StockPieces(nlp, rules)
        return PieceEncoder(pieces, by_line=settings.boundary == "line", min_tokens=settings.min_tokens)
    return DocumentEncoder(nlp, rules=rules, boundary=settings.boundary, min_tokens=settings.min_tokens)


def _rules(settings: TokensSettings) -> TokenRules:
    return TokenRules(attr=settings.attr, numbers=settings.numbers, urls=settings.urls)


class _EncoderOfAll:
    """Encodes texts by one encoder, and documents whose tokens are given by another."""

    def __init__(self, nlp: "Language", settings: TokensSettings):
        self.of_texts = make_encoder(nlp, settings)
        self.of_tokens = GivenTokensEncoder(
            nlp, rules=_rules(settings), boundary=settings.boundary, min_tokens=settings.min_tokens
        )

    def encode(self, texts: pa.LargeStringArray | pa.LargeListArray) -> EncodedBatch:
        """Return the tokens of the documents, whole sentences, in order."""
        return self.of_tokens.encode(texts) if texts.type == GIVEN_TOKENS else self.of_texts.encode(texts)


def encode_stream(
    batches: Iterator[TextBatch], nlp: "Language", settings: TokensSettings, *, code_path: Path | None = None
) -> Iterator[tuple[TextBatch, EncodedBatch]]:
    """Encode batches in their order, in `n_process` processes; 0 stands for one per core where that is faster.

    It is not for pieces: one process encodes ten million known tokens a second, and spends longer on handing over.

    Each process imports `code_path` (for registered functions of the user's own) first. The result does not depend on
    the number of processes, nor on which of them takes a batch.
    """
    encoder = _EncoderOfAll(nlp, settings)
    by_pieces = isinstance(encoder.of_texts, PieceEncoder)
    if settings.tokenizer == "pipeline":
        batches = cut_long_pieces(batches, nlp)
    n_bytes_left = BYTES_ALONE if by_pieces else 0
    while n_bytes_left > 0 and (batch := next(batches, None)) is not None:
        n_bytes_left -= batch.texts.nbytes
        yield batch, encoder.encode(batch.texts)
    n_process = settings.n_process or (1 if by_pieces else available_cores())
    next_ones = list(islice(batches, 2))
    payload = _pickled(nlp, settings) if n_process > 1 and len(next_ones) == 2 else None
    if payload is None:
        for batch in chain(next_ones, batches):
            yield batch, encoder.encode(batch.texts)
    else:
        del encoder  # and all that it remembers
        make = partial(_make_encoder, payload, code_path)
        yield from map_in_processes(make, chain(next_ones, batches), n_process)


def _pickled(nlp: "Language", settings: TokensSettings) -> bytes | None:
    """Return what a process needs to make the same encoder, or None if the tokenizer cannot be pickled.

    Warns of that if processes have been asked for.
    """
    try:
        # Tokenizer.__reduce__ forgets its faster_heuristics.
        faster_heuristics = getattr(nlp.tokenizer, "faster_heuristics", None)
        return pickle_with_words((nlp.vocab, nlp.tokenizer, faster_heuristics, settings))
    except Exception as error:  # a tokenizer of the user's own may raise anything; one process is the way out
        if settings.n_process > 1:
            warnings.warn(
                f"A tokenizer must be picklable for n_process = {settings.n_process}, but "
                f"{type(nlp.tokenizer).__name__} is not: {error}. One process tokenizes.",
                stacklevel=2,
            )
        return None


class _Pipeline:
    """The parts of a Language that encoders use, as they arrive in another process."""

    def __init__(self, vocab: object, tokenizer: object):
        self.vocab = vocab
        self.tokenizer = tokenizer


def _make_encoder(payload: bytes, code_path: Path | None) -> Callable[[TextBatch], EncodedBatch]:
    """Return, in another process, the encoder of batches."""
    if code_path is not None:
        from spacy.cli._util import import_code

        import_code(code_path)
    vocab, tokenizer, faster_heuristics, settings = pickle.loads(payload)
    if faster_heuristics is False:
        tokenizer.faster_heuristics = False
    encoder = _EncoderOfAll(_Pipeline(vocab, tokenizer), settings)
    return lambda batch: encoder.encode(batch.texts).compact()
