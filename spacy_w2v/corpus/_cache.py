"""The cache of encoded corpora, by the fingerprint of everything that determines their content."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import default_cache_dir, find_entry, keep_entry, new_entry, tidy
from spacy_w2v.corpus._encoding import EncodingCallback, encode_corpus
from spacy_w2v.corpus._fingerprint import CorpusFingerprint, changed_parts, clauses_of, corpus_fingerprint
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

    If the source has no fingerprint, the corpus is encoded to a temporary directory, which is removed when the block
    ends. If the source changes while it is read, the same happens, with a warning.

    Args:
        source: The source of the texts.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        max_vocab_size: The setting `max_vocab_size` of `[w2v.vocabulary]`.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        code_path: A Python file with the user's registered functions.
        callback: The callback for messages and progress.

    Yields:
        The corpus.

    Raises:
        CorpusError: The corpus cannot be read, or has no tokens.
        StorageError: The cache cannot be used.
    """
    callback = callback or EncodingCallback()
    cache_dir = cache_dir or default_cache_dir()
    fingerprint = corpus_fingerprint(source, nlp, settings, max_vocab_size=max_vocab_size, code_path=code_path)
    entry = cache_dir / fingerprint.digest()
    if fingerprint.source is not None and (corpus := _find(entry, callback.on_message)) is not None:
        tidy(cache_dir)
        callback.on_message(f"Using the encoded corpus {entry}")
        yield corpus
        return
    with new_entry(cache_dir) as directory:
        if fingerprint.source is not None and (reason := _why_not_found(cache_dir, source.name, fingerprint)):
            callback.on_message(f"Encoding the corpus again, because {reason}")
        encode_corpus(source, nlp, settings, directory, fingerprint=fingerprint, code_path=code_path, callback=callback)
        corpus = open_corpus(directory)
        if corpus.fingerprint.source is not None:
            corpus = _keep(corpus, entry, callback.on_message)
        if corpus.directory == directory:
            yield corpus
            return
    yield corpus


def _find(entry: Path, report: Callable[[str], None]) -> Corpus | None:
    """Return the corpus of an entry, or None if it does not exist, is damaged, or has another fingerprint."""
    return find_entry(entry, _open_checked, report, again="Encoding the corpus")


def _open_checked(entry: Path) -> Corpus:
    corpus = open_corpus(entry)
    if corpus.fingerprint.digest() != entry.name:
        raise StorageError(f"{entry} must contain the corpus with this fingerprint, but contains another one.")
    return corpus


def _keep(corpus: Corpus, entry: Path, report: Callable[[str], None]) -> Corpus:
    """Move a corpus to its entry in the cache, if possible.

    Args:
        corpus: The corpus, in a temporary directory.
        entry: The path of its entry in the cache.
        report: Reports a message to the user.

    Returns:
        The corpus, with its new directory.
    """

    def is_intact(path: Path) -> bool:
        return _find(path, lambda text: None) is not None

    is_ours = keep_entry(corpus.directory, entry, is_intact, report, what="encoded corpus")
    if is_ours is None:
        return corpus
    return replace(corpus, directory=entry) if is_ours else open_corpus(entry)


def _why_not_found(cache_dir: Path, source_name: str, fingerprint: CorpusFingerprint) -> str:
    """Return how a fingerprint differs from the most similar entry of the same source.

    Args:
        cache_dir: The directory of the cache.
        source_name: The name of the source.
        fingerprint: The fingerprint that was not found.

    Returns:
        One or more clauses of `PARTS`, or "" if the cache has no entry of the source.
    """
    differences: list[list[str]] = []
    for path in cache_dir.iterdir():
        try:
            manifest = read_manifest(path, any_version=True)
        except StorageError:
            continue
        other = manifest.get("fingerprint")
        if manifest.get("source") == source_name and isinstance(other, dict):
            differences.append(clauses_of(changed_parts(other, fingerprint.to_json())))
    return " and ".join(sorted(differences, key=len)[0]) if differences else ""
