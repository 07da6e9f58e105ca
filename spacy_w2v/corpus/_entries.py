"""Encoded corpora as entries of the cache: what is asked for, what is found, and what is kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import find_entry, keep_entry
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.corpus._fingerprint import FORMATS, CorpusFingerprint, changed_parts, clauses_of
from spacy_w2v.corpus._store import Corpus, open_corpus, read_manifest
from spacy_w2v.errors import StorageError
from spacy_w2v.sources._source import TextSource

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class Request:
    """A corpus to be found in the cache or encoded; see `prepared_corpus`."""

    source: TextSource
    nlp: "Language"
    settings: TokensSettings
    fingerprint: CorpusFingerprint
    """The fingerprint of the corpus, without that of the source."""
    cache_dir: Path
    code_path: Path | None
    callback: EncodingCallback
    most_machines: int | None


def find_corpus(entry: Path, report: Callable[[str], None], *, again: str = "Encoding the corpus") -> Corpus | None:
    """Return the corpus of an entry, or None if it does not exist, is damaged, or has another fingerprint.

    Args:
        entry: The path of the entry.
        report: Reports a message to the user.
        again: What is done again if it is damaged, for the message.
    """
    return find_entry(entry, _open_checked, report, again=again)


def _open_checked(entry: Path) -> Corpus:
    corpus = open_corpus(entry)
    check_digest(corpus, entry)
    return corpus


def check_digest(corpus: Corpus, entry: Path) -> None:
    """Raise StorageError if the name of an entry is not the digest of the corpus's fingerprint."""
    if corpus.fingerprint.digest() != entry.name:
        raise StorageError(f"{entry} must contain the corpus with this fingerprint, but contains another one.")


def keep_corpus(
    corpus: Corpus,
    entry: Path,
    report: Callable[[str], None],
    *,
    find: Callable[[Path, Callable[[str], None]], Corpus | None] = find_corpus,
) -> Corpus:
    """Move a corpus to its entry in the cache, if it has a fingerprint and this is possible.

    Args:
        corpus: The corpus, in a temporary directory.
        entry: The path of its entry in the cache.
        report: Reports a message to the user.
        find: Returns the corpus of an entry, as `find_corpus` does.

    Returns:
        The corpus, with its new directory. If another process was faster, it is the corpus of that process.
    """
    if corpus.fingerprint.source is None:
        return corpus

    def silent(text: str) -> None:
        """Report nothing."""

    def is_intact(path: Path) -> bool:
        return find(path, silent) is not None

    is_ours = keep_entry(corpus.directory, entry, is_intact, report, what="encoded corpus")
    if is_ours is None:
        return corpus
    if is_ours:
        return replace(corpus, directory=entry)
    return find(entry, report) or corpus


def why_not_found(cache_dir: Path, source_name: str, fingerprint: CorpusFingerprint) -> str:
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
            manifest = read_manifest(path, version=None)
        except StorageError:
            continue
        other = manifest.get("fingerprint")
        # Corpora with phrases are made of others, and never encoded themselves.
        if manifest.get("source") == source_name and isinstance(other, dict) and other.get("phrases") is None:
            if {other.get("format"), fingerprint.format} <= FORMATS:  # a corpus may have grown to several parts
                other = {**other, "format": fingerprint.format}
            differences.append(clauses_of(changed_parts(other, fingerprint.to_json())))
    return " and ".join(sorted(differences, key=len)[0]) if differences else ""
