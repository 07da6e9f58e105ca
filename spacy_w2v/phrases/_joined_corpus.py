"""The corpus in which each phrase is one token, as an encoded corpus of its own in the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from spacy_w2v._arrays import Chunk, Offsets, TokenIds
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.corpus._cache_directory import default_cache_dir
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._finding import find_phrases
from spacy_w2v.phrases._joined_types import JoinedTypes
from spacy_w2v.phrases._joining import Joiner
from spacy_w2v.phrases._kept_corpus import JoinedContent, complete_joined, kept_corpus, write_joined_chunks
from spacy_w2v.phrases._progress import PhraseCallback
from spacy_w2v.phrases._table import PhraseTable

VERSION = 1
"""The version of how phrases are found and joined. It is part of fingerprints."""

OF_FILES = {"delimiter", "memory_gb", "path"}
"""Settings that do not decide which phrases are found."""

NO_PHRASES = (
    "The corpus has no phrases by the settings of [w2v.phrases], so it is used as it is. Lower threshold or min_count "
    "to find some"
)


@contextmanager
def joined_corpus(
    corpus: Corpus,
    settings: PhraseSettings,
    *,
    given: PhraseTable | None = None,
    cache_dir: Path | None = None,
    callback: PhraseCallback | None = None,
) -> Iterator[Corpus]:
    """Find phrases in a corpus, and yield the corpus in which each of them is one token.

    It is an encoded corpus in one part, which is written to the cache, and found there by later runs. If the corpus has
    no fingerprint, the joined one is in a temporary directory, which is removed when the block ends.

    Args:
        corpus: The corpus.
        settings: The block `[w2v.phrases]`.
        given: Phrases to join; None to find them in the corpus, as the settings say.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        callback: Receives messages and progress.

    Yields:
        The joined corpus, or the corpus itself if the settings ask for no phrases or it has none.

    Raises:
        CorpusError: The corpus has no tokens.
        StorageError: The corpus is damaged, or the cache cannot be used.
    """
    if given is None and settings.scoring is None:
        yield corpus
        return
    callback, cache_dir = callback or PhraseCallback(), cache_dir or default_cache_dir()
    fingerprint = corpus.fingerprint.with_phrases(describe_phrases(settings, given))

    def write(directory: Path) -> Corpus | None:
        """Find the phrases, if they are not given, and write the corpus."""
        table = given if given is not None else find_phrases(corpus, settings, callback=callback)
        return _write(corpus, table, directory, fingerprint=fingerprint, callback=callback)

    with kept_corpus(fingerprint, write, cache_dir=cache_dir, report=callback.on_message) as joined:
        if joined is None:
            callback.on_message(NO_PHRASES)
        yield corpus if joined is None else joined


def describe_phrases(settings: PhraseSettings, given: PhraseTable | None) -> dict[str, object]:
    """Return what decides, besides the corpus, which phrases are joined, for its fingerprint.

    Args:
        settings: The block `[w2v.phrases]`.
        given: Phrases to join; None to find them.
    """
    if given is not None:
        return {"version": VERSION, "table": given.digest()}
    return {"version": VERSION, "settings": settings.model_dump(mode="json", exclude=OF_FILES)}


def _write(
    corpus: Corpus, table: PhraseTable, directory: Path, *, fingerprint: CorpusFingerprint, callback: PhraseCallback
) -> Corpus | None:
    """Write the corpus with joined phrases to an empty directory, and return it; None if there are none.

    Args:
        corpus: The corpus.
        table: The phrases.
        directory: The directory.
        fingerprint: The fingerprint of the joined corpus.
        callback: Receives the progress.
    """
    if not len(table):
        return None
    joiner = Joiner.of(table, corpus)
    joined_types = JoinedTypes(corpus.read_types(), n_type_ids=corpus.n_type_ids)

    def join(_: int, chunk: Chunk) -> tuple[TokenIds, Offsets]:
        """Return the ids of a chunk's words and phrases, and the boundaries of its sentences."""
        units = joiner.join(chunk)
        return joined_types.add(chunk, units), units.offsets

    chunks = write_joined_chunks(directory, corpus, join, callback)
    types, phrases = joined_types.types()
    if not phrases.n_phrases:
        return None
    counts = replace(corpus.counts, n_tokens=chunks.n_tokens, n_types=len(types))
    joined = JoinedContent(types, phrases, counts, chunks.chunk_tokens)
    return complete_joined(directory, joined, source=corpus.source, fingerprint=fingerprint, callback=callback)
