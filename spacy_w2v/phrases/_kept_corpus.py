"""Corpora that are made of others by joining phrases: found in the cache, or written to it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from spacy_w2v._arrays import Chunk, Offsets, TokenIds
from spacy_w2v.corpus._arrow_files import write_types
from spacy_w2v.corpus._cache_directory import new_entry, remedy, tidy
from spacy_w2v.corpus._counts import CorpusCounts, JoinedPhrases
from spacy_w2v.corpus._entries import find_corpus, keep_corpus
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import (
    TOKENS_FILE,
    TYPES_FILE,
    ChunkWriter,
    Corpus,
    open_corpus,
    write_corpus_manifest,
)
from spacy_w2v.errors import StorageError
from spacy_w2v.phrases._progress import PhraseCallback, PhraseProgress

N_EXAMPLES = 5
"""Phrases that a message names."""


@contextmanager
def kept_corpus(
    fingerprint: CorpusFingerprint,
    write: Callable[[Path], Corpus | None],
    *,
    cache_dir: Path,
    report: Callable[[str], None],
) -> Iterator[Corpus | None]:
    """Find a corpus with joined phrases in the cache, or write it. It may be deleted after the block.

    Args:
        fingerprint: Its fingerprint. Without one of the source, it is in a temporary directory.
        write: Writes the corpus to an empty directory; returns None if it has no phrases.
        cache_dir: The directory of the cache.
        report: Receives messages.

    Yields:
        The corpus, or None if `write` returns None.

    Raises:
        StorageError: The cache cannot be used.
    """
    entry = cache_dir / fingerprint.digest()
    if fingerprint.source is not None and (
        (found := find_corpus(entry, report, again="Joining the phrases of the corpus")) is not None
    ):
        tidy(cache_dir)
        report(f"Using the corpus with phrases {entry}")
        yield found
        return
    with new_entry(cache_dir) as directory:
        try:
            joined = write(directory)
        except OSError as error:
            raise StorageError(
                f"The corpus with phrases cannot be written to {directory}: {error}. {remedy()}"
            ) from error
        if joined is not None:
            joined = keep_corpus(joined, entry, report)
            if joined.directory == directory:
                yield joined
                return
    yield joined


def write_joined_chunks(
    directory: Path,
    corpus: Corpus,
    join: Callable[[int, Chunk], tuple[TokenIds, Offsets]],
    callback: PhraseCallback,
) -> ChunkWriter:
    """Join the phrases of a corpus chunk by chunk, write its tokens to an empty directory, and return their writer.

    Args:
        directory: The directory.
        corpus: The corpus.
        join: Takes the number of a chunk and the chunk, and returns the ids of its tokens after joining, and the
            boundaries of its sentences.
        callback: Receives the progress.
    """
    chunks, writer = corpus.open_chunks(), ChunkWriter(directory / TOKENS_FILE)
    start, n_read = time.perf_counter(), 0
    for number in range(corpus.n_chunks):
        chunk = chunks.read(number)
        ids, offsets = join(number, chunk)
        writer.add(ids, np.diff(offsets))
        n_read += chunk.tokens.size
        fraction = n_read / corpus.counts.n_tokens
        callback.on_phrases(PhraseProgress("joining", n_read, fraction, time.perf_counter() - start))
    writer.close()
    return writer


class JoinedContent(NamedTuple):
    """What a joined corpus has besides its tokens."""

    types: pa.Table
    """The types, with the columns of `read_types`."""
    phrases: JoinedPhrases
    counts: CorpusCounts
    chunk_tokens: list[int]
    """The number of tokens of each chunk."""


def complete_joined(
    directory: Path,
    joined: JoinedContent,
    *,
    source: str,
    fingerprint: CorpusFingerprint,
    callback: PhraseCallback,
) -> Corpus:
    """Write the types and the manifest of a joined corpus beside its tokens, report its phrases, and return it.

    Args:
        directory: The directory.
        joined: What it has.
        source: The name of the source.
        fingerprint: The fingerprint of the joined corpus.
        callback: Receives the message.
    """
    counts = joined.counts
    write_types(directory / TYPES_FILE, joined.types)
    write_corpus_manifest(
        directory,
        source=source,
        fingerprint=fingerprint,
        counts=counts,
        n_type_ids=counts.n_types + counts.n_dropped_types,
        chunk_tokens=joined.chunk_tokens,
        phrases=joined.phrases,
    )
    callback.on_message(_describe(joined.phrases, n_tokens=counts.n_tokens))
    return open_corpus(directory)


def _describe(phrases: JoinedPhrases, *, n_tokens: int) -> str:
    """Return a message about the phrases of a corpus with this number of tokens."""
    many = "phrases, which are" if phrases.n_phrases > 1 else "phrase, which is"
    examples = ", ".join(phrases.most_frequent[:N_EXAMPLES])
    joined = f"Joined {phrases.n_phrases:,} {many} {phrases.n_tokens / n_tokens:.1%} of the tokens: {examples}"
    if not phrases.n_split:
        return joined
    rest = "rarer ones stay as their tokens" if phrases.n_split > 1 else "rarer one stays as its tokens"
    return f"{joined}. {phrases.n_split:,} {rest}"
