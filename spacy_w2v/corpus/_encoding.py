"""Encodes a source: reads its texts once, and writes their tokens as a corpus."""

import time
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import remedy
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._phrase_spans import of_first_tokens
from spacy_w2v.corpus._store import CorpusWriter
from spacy_w2v.corpus.shards._cutting import small_batches
from spacy_w2v.errors import CorpusError, CorpusWarning, StorageError
from spacy_w2v.sources._source import TextBatch, TextSource
from spacy_w2v.tokenization._encode import encode_stream
from spacy_w2v.tokenization._tokens import EncodedBatch

if TYPE_CHECKING:
    from spacy.language import Language


class EncodingProgress(NamedTuple):
    """The progress of encoding a corpus."""

    n_documents: int
    n_tokens: int
    n_types: int
    fraction: float | None
    """The fraction of the source that has been read, in [0, 1], or None if it is unknown."""
    seconds: float
    """The time since reading began, or since the first texts that were not found in the cache."""
    found: float = 0.0
    """The fraction of the source that was found in the cache, and took no time."""


class EncodingCallback:
    """The callback for preparing a corpus. Its methods do nothing. Subclasses override the methods they need."""

    def on_message(self, text: str) -> None:
        """Receive a message for the user, for example that the corpus is in the cache."""

    def on_encoding(self, progress: EncodingProgress) -> None:
        """Receive the progress after each batch of texts."""


@dataclass
class Documents:
    """The numbers of documents that have been read so far."""

    counts: DocumentCounts = field(default_factory=lambda: DocumentCounts(0, 0, 0))
    example: str | None = None
    """The first document that is neither text nor null, shortened for messages."""

    def add(self, n_documents: int, n_null: int, n_not_text: int, *, example: str | None) -> None:
        """Add to the numbers of documents; see `DocumentCounts` for the arguments."""
        self.counts = DocumentCounts(
            self.counts.n_documents + n_documents,
            self.counts.n_null + n_null,
            self.counts.n_not_text + n_not_text,
        )
        self.example = self.example or example


def encode_corpus(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    directory: Path,
    *,
    fingerprint: CorpusFingerprint,
    code_path: Path | None,
    callback: EncodingCallback,
) -> None:
    """Read a source once, and write the corpus. If documents are left out because they are not text, warn.

    Args:
        source: The source of the texts.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        directory: An empty directory for the corpus.
        fingerprint: The fingerprint of the corpus, computed before the source is read.
        code_path: A Python file with the user's registered functions.
        callback: The callback for progress.

    Raises:
        CorpusError: The source cannot be read, or has no tokens.
        StorageError: The corpus cannot be written.
    """
    documents = Documents()
    n_tokens = 0
    steps = encode_in_steps(
        source, nlp, settings, directory, fingerprint=fingerprint, code_path=code_path, documents=documents
    )
    with closing(steps):
        for progress in steps:
            n_tokens = progress.n_tokens
            callback.on_encoding(progress)
    check_documents(documents, n_tokens=n_tokens, name=source.name)


def encode_in_steps(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    directory: Path,
    *,
    fingerprint: CorpusFingerprint,
    code_path: Path | None,
    documents: Documents,
    n_cores: int | None = None,
) -> Generator[EncodingProgress, None, None]:
    """Read a source once, and write the corpus. It is complete when the iteration ends.

    Args:
        source: As for `encode_corpus`.
        nlp: As for `encode_corpus`.
        settings: As for `encode_corpus`.
        directory: As for `encode_corpus`.
        fingerprint: As for `encode_corpus`.
        code_path: As for `encode_corpus`.
        documents: The numbers of documents, which are updated.
        n_cores: As for `encode_stream`.

    Yields:
        The progress after each batch of texts.

    Raises:
        CorpusError: The source cannot be read.
        StorageError: The corpus cannot be written.
    """
    with reading_errors(source, directory):
        writer = CorpusWriter(directory, max_types=fingerprint.max_vocab_size)
        texts = source.batches() if settings.key_block is None else small_batches(source.batches())
        batches = encode_stream(texts, nlp, settings, code_path=code_path, n_cores=n_cores)
        with closing(batches):
            yield from _write(writer, batches, documents, max_tokens=settings.max_tokens)
        finish(writer, source, fingerprint=fingerprint, documents=documents)


@contextmanager
def reading_errors(source: TextSource, directory: Path) -> Iterator[None]:
    """Raise CorpusError if the source cannot be read, or StorageError if the corpus cannot be written.

    Args:
        source: The source of the texts.
        directory: The directory of the corpus.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError | ConnectionError) and str(directory) not in str(error):
            raise CorpusError(f"The corpus {source.name} cannot be read: {error}") from error
        raise StorageError(f"The corpus cannot be encoded to {directory}: {error}. {remedy()}") from error


def finish(writer: CorpusWriter, source: TextSource, *, fingerprint: CorpusFingerprint, documents: Documents) -> None:
    """Complete a corpus after its source has been read. If the source has changed in between, warn.

    Args:
        writer: The writer of the corpus.
        source: The source of the texts.
        fingerprint: The fingerprint of the corpus, computed before the source was read.
        documents: The numbers of documents.
    """
    after = _after_reading(source, fingerprint)
    writer.close(source=source.name, fingerprint=after, documents=documents.counts)


def check_documents(documents: Documents, *, n_tokens: int, name: str) -> None:
    """Warn if documents were left out.

    Args:
        documents: The numbers of the documents that were read.
        n_tokens: The number of tokens of the corpus.
        name: The name of its source.

    Raises:
        CorpusError: There are no tokens.
    """
    counts = documents.counts
    if n_tokens == 0:
        raise CorpusError(
            f"The corpus must have tokens, but {name} has none in {counts.n_documents} documents "
            f"({counts.n_null} null, {counts.n_not_text} not text). "
            "Check text_field, and the filters of [w2v.tokens]."
        )
    n_all = counts.n_documents + counts.n_null + counts.n_not_text
    if counts.n_null:
        text = f"Left out {counts.n_null:,} of {n_all:,} documents, because they are null."
        warnings.warn(text, CorpusWarning, stacklevel=2)
    if counts.n_not_text:
        warnings.warn(
            f"Left out {counts.n_not_text:,} of {n_all:,} documents, because their type differs from the others. The "
            f"first of them: {documents.example}",
            CorpusWarning,
            stacklevel=2,
        )


def _write(
    writer: CorpusWriter,
    batches: Iterator[tuple[TextBatch, EncodedBatch]],
    documents: Documents,
    *,
    max_tokens: int | None,
) -> Iterator[EncodingProgress]:
    """Write batches until there are `max_tokens` tokens, count their documents, and yield the progress after each.

    Args:
        writer: The writer of the corpus.
        batches: Batches of texts with their tokens.
        documents: The numbers of documents, which are updated.
        max_tokens: The maximum number of tokens. If None, all batches are written.
    """
    start = time.perf_counter()
    for texts, batch in batches:
        documents.add(texts.n_documents, texts.n_null, texts.n_not_text, example=texts.example)
        n_left = None if max_tokens is None else max_tokens - writer.chunks.n_tokens
        writer.add(batch if n_left is None else first_tokens(batch, n_left))
        n_documents, seconds = documents.counts.n_documents, time.perf_counter() - start
        yield EncodingProgress(n_documents, writer.chunks.n_tokens, len(writer.types), texts.fraction, seconds)
        if n_left is not None and batch.token_ids.size >= n_left:
            break


def _after_reading(source: TextSource, fingerprint: CorpusFingerprint) -> CorpusFingerprint:
    """Return the fingerprint of the corpus, without that of the source if the source has changed during reading."""
    try:
        if fingerprint.source is None or source.fingerprint() == fingerprint.source:
            return fingerprint
    except CorpusError:  # the source no longer exists
        pass
    warnings.warn(
        f"The corpus must not change while it is read, but {source.name} has changed. The encoded corpus is used for "
        "this run only, and is not stored in the cache.",
        CorpusWarning,
        stacklevel=2,
    )
    return replace(fingerprint, source=None)


def first_tokens(batch: EncodedBatch, limit: int) -> EncodedBatch:
    """Return the first `limit` tokens of a batch. The last sentence may be cut."""
    if batch.token_ids.size <= limit:
        return batch
    ends = np.cumsum(batch.lengths)
    n_sentences = int(np.searchsorted(ends, limit)) + 1
    lengths = batch.lengths[:n_sentences].copy()
    lengths[-1] -= ends[n_sentences - 1] - limit
    token_ids = batch.token_ids[:limit]
    phrases = of_first_tokens(batch.phrases, limit) if batch.phrases is not None else None
    # Types are in order of first appearance, so the remaining types come first.
    return EncodedBatch(batch.types, batch.distinct_types[: int(token_ids.max()) + 1], token_ids, lengths, phrases)
