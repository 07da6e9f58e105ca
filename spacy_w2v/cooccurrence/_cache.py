"""Co-occurrence matrices in the cache of encoded corpora, by the fingerprint of what determines their counts."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from spacy_w2v._arrays import TokenIds
from spacy_w2v._system.hashing import sha256_of, sha256_of_text
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.cooccurrence._counting import CountingCallback, count_cells
from spacy_w2v.cooccurrence._store import FORMAT, FORMAT_VERSION, Cooccurrences, complete, open_cooccurrences
from spacy_w2v.corpus._cache_directory import default_cache_dir, find_entry, keep_entry, new_entry, remedy, tidy
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import StorageError


def fingerprint_of(
    corpus: Corpus, word_of_type: TokenIds, n_words: int, *, window: int, settings: CooccurrenceSettings
) -> dict[str, str | int | bool]:
    """Return what determines the counts. It is the same for any number of threads, and any memory."""
    return {
        "format": f"{FORMAT} {FORMAT_VERSION}",
        "corpus": corpus.fingerprint.digest(),
        "words": sha256_of([word_of_type.tobytes()]),
        "n_words": n_words,
        "window": window,
        "distance_weights": settings.distance_weights,
        "symmetric": settings.symmetric,
    }


@contextmanager
def counted(
    corpus: Corpus,
    word_of_type: TokenIds,
    n_words: int,
    *,
    window: int,
    settings: CooccurrenceSettings,
    n_workers: int,
    cache_dir: Path | None = None,
    callback: CountingCallback | None = None,
) -> Iterator[Cooccurrences]:
    """Find the co-occurrence matrix of a corpus in the cache, or count it.

    Cell (i, j) is the weighted number of times that word j is in the context of word i: within `window` words of it, in
    the same sentence. Tokens that are not in the vocabulary are left out first, so windows close up over them.

    If the corpus has no fingerprint, the matrix is in a temporary directory, which is removed when the block ends.

    Args:
        corpus: The encoded corpus.
        word_of_type: The word id of each type, or OUT_OF_VOCABULARY.
        n_words: The size of the vocabulary.
        window: The largest distance between a word and a word of its context, at least 1.
        settings: The block `[w2v.cooccurrence]`.
        n_workers: The number of threads. The matrix does not depend on it.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        callback: The callback for messages and progress.

    Yields:
        The matrix.

    Raises:
        ConfigError: `memory_gb` is too small. The error names the least value.
        StorageError: The corpus is damaged, the disk is full, or the cache cannot be used.
    """
    callback = callback or CountingCallback()
    cache_dir = cache_dir or default_cache_dir()
    fingerprint = fingerprint_of(corpus, word_of_type, n_words, window=window, settings=settings)
    entry = cache_dir / sha256_of_text(json.dumps(fingerprint, sort_keys=True))[:16]
    is_kept = corpus.fingerprint.source is not None
    if is_kept and (found := _find(entry, fingerprint, callback.on_message)) is not None:
        tidy(cache_dir)
        callback.on_message(f"Using the co-occurrence counts {entry}")
        yield found
        return
    with new_entry(cache_dir) as directory:
        try:
            batch_cells = count_cells(
                corpus, word_of_type, n_words, directory,
                window=window, settings=settings, n_workers=n_workers, callback=callback,
            )  # fmt: skip
            matrix = complete(directory, n_words=n_words, batch_cells=batch_cells, fingerprint=fingerprint)
        except OSError as error:
            raise StorageError(f"Co-occurrences cannot be counted to {directory}: {error}. {remedy()}") from error
        if is_kept:
            matrix = _keep(matrix, entry, callback.on_message)
        if matrix.directory == directory:
            yield matrix
            return
    yield matrix


def _find(entry: Path, fingerprint: dict[str, str | int | bool], report: Callable[[str], None]) -> Cooccurrences | None:
    """Return the matrix of an entry, or None if it does not exist, is damaged, or has another fingerprint."""

    def open_checked(path: Path) -> Cooccurrences:
        matrix = open_cooccurrences(path)
        if matrix.fingerprint != fingerprint:
            raise StorageError(f"{path} must contain the counts with this fingerprint, but contains different ones.")
        return matrix

    return find_entry(entry, open_checked, report, again="Counting co-occurrences")


def _keep(matrix: Cooccurrences, entry: Path, report: Callable[[str], None]) -> Cooccurrences:
    """Move a matrix to its entry in the cache, if possible.

    Args:
        matrix: The matrix, in a temporary directory.
        entry: The path of its entry in the cache.
        report: Reports a message to the user.

    Returns:
        The matrix, with its new directory. If another process was faster, its entry has the same counts.
    """

    def is_intact(path: Path) -> bool:
        return _find(path, matrix.fingerprint, lambda text: None) is not None

    is_ours = keep_entry(matrix.directory, entry, is_intact, report, what="co-occurrence counts")
    return matrix if is_ours is None else replace(matrix, directory=entry)
