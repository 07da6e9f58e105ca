"""Corpora that are made of others by joining phrases: found in the cache, or written to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v.corpus._cache_directory import new_entry, remedy, tidy
from spacy_w2v.corpus._counts import JoinedPhrases
from spacy_w2v.corpus._entries import find_corpus, keep_corpus
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import StorageError

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


def describe_joined(phrases: JoinedPhrases, *, n_tokens: int) -> str:
    """Return a message about the phrases of a corpus with this number of tokens."""
    many = "phrases, which are" if phrases.n_phrases > 1 else "phrase, which is"
    examples = ", ".join(phrases.most_frequent[:N_EXAMPLES])
    joined = f"Joined {phrases.n_phrases:,} {many} {phrases.n_tokens / n_tokens:.1%} of the tokens: {examples}"
    if not phrases.n_split:
        return joined
    rest = "rarer ones stay as their tokens" if phrases.n_split > 1 else "rarer one stays as its tokens"
    return f"{joined}. {phrases.n_split:,} {rest}"
