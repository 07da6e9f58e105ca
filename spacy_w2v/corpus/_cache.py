"""The cache of encoded corpora, which are found by the fingerprint of all that decides their content."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import add_entry, default_cache_dir, new_entry, tidy
from spacy_w2v.corpus._encoding import EncodingCallback, encode_corpus
from spacy_w2v.corpus._fingerprint import PARTS, CorpusFingerprint, changed_parts, corpus_fingerprint
from spacy_w2v.corpus._store import Corpus, open_corpus, read_manifest
from spacy_w2v.errors import StorageError
from spacy_w2v.sources._source import TextSource

if TYPE_CHECKING:
    from spacy.language import Language


@contextmanager
def prepared_corpus(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    *,
    max_vocab_size: int | None,
    cache_dir: Path | None = None,
    code_path: Path | None = None,
    callback: EncodingCallback | None = None,
) -> Iterator[Corpus]:
    """Find a corpus in the cache, or encode it.

    If the fingerprint of the source is unknown, the corpus is encoded to a temporary directory, which is removed after
    the block. The same happens, with a warning, if the source changes while it is read.

    Args:
        source: Where the texts come from.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        max_vocab_size: The setting of the vocabulary.
        cache_dir: The directory of the cache, or None for that of the user.
        code_path: A Python file with the user's registered functions.
        callback: What is called meanwhile.

    Yields:
        The corpus.

    Raises:
        CorpusError: Something is wrong with the corpus.
        StorageError: Something is wrong with the cache.
    """
    callback = callback or EncodingCallback()
    cache_dir = cache_dir or default_cache_dir()
    fingerprint = corpus_fingerprint(source, nlp, settings, max_vocab_size=max_vocab_size, code_path=code_path)
    entry = cache_dir / fingerprint.digest()
    if fingerprint.source is not None and (corpus := _find(entry, callback)) is not None:
        tidy(cache_dir)
        callback.on_message(f"Using the encoded corpus {entry}")
        yield corpus
        return
    with new_entry(cache_dir) as directory:
        if fingerprint.source is not None and (reason := _why_not_found(cache_dir, source.name, fingerprint)):
            callback.on_message(f"Encoding again what is in the cache already, since {reason}")
        encode_corpus(source, nlp, settings, directory, fingerprint=fingerprint, code_path=code_path, callback=callback)
        corpus = open_corpus(directory)
        if corpus.fingerprint.source is not None:
            corpus = _keep(corpus, entry, callback)
        if corpus.directory == directory:
            yield corpus
            return
    yield corpus


def _find(entry: Path, callback: EncodingCallback) -> Corpus | None:
    """Return the corpus of an entry, or None if there is none, or it is damaged, or of another fingerprint."""
    if not os.path.lexists(entry):
        return None
    try:
        corpus = open_corpus(entry)
        if corpus.fingerprint.digest() != entry.name:
            raise StorageError(f"{entry} must have the corpus that belongs to its name, but has another one.")
        return corpus
    except StorageError as error:
        callback.on_message(f"Encoding again, since the cache is damaged. {error}")
        return None


def _keep(corpus: Corpus, entry: Path, callback: EncodingCallback) -> Corpus:
    """Move a corpus to its entry in the cache, if possible, and return it with the directory where it is then."""

    def is_whole(place: Path) -> bool:
        # of another process, which was faster and may be reading it
        return _find(place, EncodingCallback()) is not None

    try:
        is_ours = add_entry(corpus.directory, entry, is_whole)
    except OSError as error:
        callback.on_message(
            f"Using the encoded corpus for this run only, since {entry} cannot be written: {error.strerror}"
        )
        return corpus
    return replace(corpus, directory=entry) if is_ours else open_corpus(entry)


def _why_not_found(cache_dir: Path, source_name: str, fingerprint: CorpusFingerprint) -> str:
    """Return what differs from the most similar entry for the same source, or "" if there is none."""
    differences: list[list[str]] = []
    for path in cache_dir.iterdir():
        try:
            manifest = read_manifest(path, any_version=True)
        except StorageError:
            continue
        other = manifest.get("fingerprint")
        if manifest.get("source") == source_name and isinstance(other, dict):
            differences.append([PARTS[part] for part in changed_parts(other, fingerprint.to_json())])
    return " and ".join(sorted(differences, key=len)[0]) if differences else ""
