"""The corpus in which each phrase is one token, as an encoded corpus of its own in the cache."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.corpus._arrow_files import write_types
from spacy_w2v.corpus._cache_directory import default_cache_dir
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import (
    TOKENS_FILE,
    TYPES_FILE,
    ChunkWriter,
    Corpus,
    open_corpus,
    write_corpus_manifest,
)
from spacy_w2v.phrases._finding import find_phrases
from spacy_w2v.phrases._joined_types import JoinedTypes
from spacy_w2v.phrases._joining import Joiner
from spacy_w2v.phrases._kept_corpus import describe_joined, kept_corpus
from spacy_w2v.phrases._progress import PhraseCallback, PhraseProgress
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
    joiner, chunks = Joiner.of(table, corpus), corpus.open_chunks()
    joined_types = JoinedTypes(corpus.read_types(), n_type_ids=corpus.n_type_ids)
    writer = ChunkWriter(directory / TOKENS_FILE)
    start, n_read = time.perf_counter(), 0
    for number in range(corpus.n_chunks):
        chunk = chunks.read(number)
        units = joiner.join(chunk)
        writer.add(joined_types.add(chunk, units), np.diff(units.offsets))
        n_read += chunk.tokens.size
        fraction = n_read / corpus.counts.n_tokens
        callback.on_phrases(PhraseProgress("joining", n_read, fraction, time.perf_counter() - start))
    writer.close()
    new_types, phrases = joined_types.types()
    if not phrases.n_phrases:
        return None
    write_types(directory / TYPES_FILE, new_types)
    counts = replace(corpus.counts, n_tokens=writer.n_tokens, n_types=len(new_types))
    write_corpus_manifest(
        directory,
        source=corpus.source,
        fingerprint=fingerprint,
        counts=counts,
        n_type_ids=counts.n_types + counts.n_dropped_types,
        chunk_tokens=writer.chunk_tokens,
        phrases=phrases,
    )
    callback.on_message(describe_joined(phrases, n_tokens=writer.n_tokens))
    return open_corpus(directory)
