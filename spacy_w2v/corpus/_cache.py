"""Keeps encoded corpora, and finds them again by the fingerprint of all that decides their content."""

import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_w2v._system.hashing import sha256_of_text
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import default_cache_dir, new_entry, publish, remedy, tidy
from spacy_w2v.corpus._store import FORMAT_VERSION, Corpus, CorpusWriter, open_corpus, read_manifest
from spacy_w2v.errors import CorpusError, CorpusWarning, StorageError
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._affix_rules import state_of
from spacy_w2v.tokenization._encode import encode_stream
from spacy_w2v.tokenization._jieba_words import jieba_fingerprint
from spacy_w2v.tokenization._stock_tokenizer import is_stock_tokenizer
from spacy_w2v.tokenization._tokens import EncodedBatch

if TYPE_CHECKING:
    from spacy.language import Language

PARTS = {
    "format": "the format of the cache has changed",
    "source": "the source has changed",
    "tokenizer": "the tokenizer has changed",
    "tokens": "settings of [w2v.tokens] have changed",
    "max_vocab_size": "max_vocab_size has changed",
}


class EncodingProgress(NamedTuple):
    """How far encoding has come."""

    n_documents: int
    n_tokens: int
    n_types: int
    fraction: float | None
    """How much of the source has been read, in [0, 1], if that can be known."""
    seconds: float
    """Since reading began."""


class EncodingListener(NamedTuple):
    """Whom to tell while a corpus is prepared."""

    message: Callable[[str], None] = lambda text: None
    progress: Callable[[EncodingProgress], None] = lambda progress: None


@contextmanager
def prepared_corpus(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    *,
    max_vocab_size: int | None,
    cache_dir: Path | None = None,
    code_path: Path | None = None,
    listener: EncodingListener | None = None,
) -> Iterator[Corpus]:
    """Find the corpus in the cache, or encode it.

    A source whose fingerprint is unknown is encoded to a temporary directory, which is gone after the block. So is one
    that changes while it is read, with a warning: what was read is used, but not taken for the source again.
    Raises CorpusError for what is wrong with the corpus and StorageError for what is wrong with the cache.
    """
    told = listener or EncodingListener()
    cache_dir = cache_dir or default_cache_dir()
    fingerprint = corpus_fingerprint(source, nlp, settings, max_vocab_size=max_vocab_size, code_path=code_path)
    entry = cache_dir / _entry_name(fingerprint)
    if fingerprint["source"] is not None and (corpus := _find(entry, told)) is not None:
        tidy(cache_dir)
        told.message(f"Using the encoded corpus {entry}")
        yield corpus
        return
    with new_entry(cache_dir) as directory:
        if fingerprint["source"] is not None and (reason := _why_not_found(cache_dir, source.name, fingerprint)):
            told.message(f"Encoding again what is in the cache already, since {reason}")
        _encode(source, nlp, settings, directory, fingerprint, code_path=code_path, told=told)
        corpus = open_corpus(directory)
        if corpus.fingerprint["source"] is not None:
            corpus = _keep(corpus, entry, told)
        if corpus.directory == directory:
            yield corpus
            return
    yield corpus


def corpus_fingerprint(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    *,
    max_vocab_size: int | None,
    code_path: Path | None = None,
) -> dict[str, Any]:  # Any: JSON values
    """Return all that decides the content of an encoded corpus, by the names in `PARTS`.

    "source" is None where the source cannot be recognised. Raises CorpusError if it does not exist.
    """
    return {
        "format": FORMAT_VERSION,
        "source": source.fingerprint(),
        "tokenizer": tokenizer_fingerprint(nlp, settings, code_path=code_path),
        "tokens": settings.model_dump(mode="json", exclude={"n_process"}),
        "max_vocab_size": max_vocab_size,
    }


def changed_parts(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:  # Any: JSON values
    """Return the names, of `PARTS`, by which two fingerprints differ.

    With another format the fingerprints of source and tokenizer were made in another way too, and tell nothing.
    """
    parts = [part for part in PARTS if before.get(part) != now.get(part)]
    return [part for part in parts if "format" not in parts or part not in ("source", "tokenizer")]


def tokenizer_fingerprint(nlp: "Language", settings: TokensSettings, *, code_path: Path | None = None) -> str:
    """Return a hash of everything that decides the tokens of a text and their attributes."""
    import spacy

    tokenizer = nlp.tokenizer
    parts: list[Any] = [spacy.__version__, nlp.lang, settings.tokenizer]  # Any: only to be hashed
    if settings.tokenizer == "pipeline":
        parts += [type(tokenizer).__module__, type(tokenizer).__qualname__]
        parts.append(str(nlp.config["nlp"]["tokenizer"]))
        if not is_stock_tokenizer(tokenizer):  # its state need not tell what it does
            parts += [*_code_of(tokenizer), code_path.read_bytes() if code_path is not None else None]
        parts += state_of(tokenizer)
        parts += [jieba] if (jieba := jieba_fingerprint(tokenizer)) else []
    if settings.attr == "NORM":
        parts.append(nlp.vocab.lookups.to_bytes())
    return sha256_of_text(repr(parts))


def _code_of(tokenizer: Any) -> list[bytes]:  # Any: whatever the user has made one
    """Return the files that a function, or an object's classes, are written in, also such as spaCy read by --code."""
    members = [member for kind in type(tokenizer).__mro__ for member in vars(kind).values()]
    codes = (getattr(member, "__code__", None) for member in (tokenizer, *members))
    paths = sorted({Path(code.co_filename) for code in codes if code is not None})
    return [path.read_bytes() for path in paths if path.is_file()]


def _entry_name(fingerprint: dict[str, Any]) -> str:
    return sha256_of_text(json.dumps(fingerprint, sort_keys=True))[:16]


def _find(entry: Path, told: EncodingListener) -> Corpus | None:
    """Return the corpus of an entry, if it is there, whole, and the one that its name tells."""
    if not os.path.lexists(entry):
        return None
    try:
        corpus = open_corpus(entry)
        if _entry_name(corpus.fingerprint) != entry.name:
            raise StorageError(f"{entry} must be of the corpus that its name tells, but is of another.")
        return corpus
    except StorageError as error:
        told.message(f"Encoding again, since the cache is damaged. {error}")
        return None


def _keep(corpus: Corpus, entry: Path, told: EncodingListener) -> Corpus:
    """Move a corpus to its entry in the cache, and return it as it is there, or as it is if that cannot be."""

    def is_whole(place: Path) -> bool:
        return _find(place, EncodingListener()) is not None  # another process, which may read it now, was faster

    try:
        is_ours = publish(corpus.directory, entry, is_whole)
    except OSError as error:
        told.message(f"Using the encoded corpus this time only, since it cannot be kept in {entry}: {error.strerror}")
        return corpus
    return replace(corpus, directory=entry) if is_ours else open_corpus(entry)


def _why_not_found(cache_dir: Path, source_name: str, fingerprint: dict[str, Any]) -> str:
    """Return what differs from the entry for the same source that is most alike, or "" if there is none."""
    differences: list[list[str]] = []
    for path in cache_dir.iterdir():
        try:
            manifest = read_manifest(path, any_version=True)
        except StorageError:
            continue
        other = manifest.get("fingerprint")
        if manifest.get("source") == source_name and isinstance(other, dict):
            differences.append([PARTS[part] for part in changed_parts(other, fingerprint)])
    return " and ".join(sorted(differences, key=len)[0]) if differences else ""


def _encode(
    source: TextSource,
    nlp: "Language",
    settings: TokensSettings,
    directory: Path,
    fingerprint: dict[str, Any],
    *,
    code_path: Path | None,
    told: EncodingListener,
) -> None:
    """Read the source once, and write the corpus. Raises CorpusError if there is nothing in it."""
    n_documents = n_null = n_not_text = 0
    example = None
    start = time.perf_counter()
    try:
        writer = CorpusWriter(directory, max_types=fingerprint["max_vocab_size"])
        for texts, batch in encode_stream(source.batches(), nlp, settings, code_path=code_path):
            n_documents += texts.n_documents
            n_null += texts.n_null
            n_not_text += texts.n_not_text
            example = example or texts.example
            left = None if settings.max_tokens is None else settings.max_tokens - writer.chunks.n_tokens
            writer.add(batch if left is None else first_tokens(batch, left))
            seconds = time.perf_counter() - start
            told.progress(
                EncodingProgress(n_documents, writer.chunks.n_tokens, len(writer.types), texts.fraction, seconds)
            )
            if left is not None and batch.token_ids.size >= left:
                break
        writer.close(
            source=source.name,
            fingerprint=_after_reading(source, fingerprint),
            n_documents=n_documents,
            n_null=n_null,
            n_not_text=n_not_text,
        )
    except OSError as error:
        if isinstance(error, FileNotFoundError | ConnectionError) and str(directory) not in str(error):
            raise CorpusError(f"The corpus {source.name} cannot be read: {error}") from error
        raise StorageError(f"The corpus cannot be encoded to {directory}: {error}. {remedy()}") from error
    if writer.chunks.n_tokens == 0:
        raise CorpusError(
            f"The corpus must hold tokens, but {source.name} has none in {n_documents} documents "
            f"({n_null} null, {n_not_text} no strings). "
            "Check text_field, and the filters of [w2v.tokens]."
        )
    if n_not_text:
        warnings.warn(
            f"Left out {n_not_text:,} of {n_documents + n_null + n_not_text:,} documents, which are not like the "
            f"others. The first of them: {example}",
            CorpusWarning,
            stacklevel=2,
        )


def _after_reading(source: TextSource, fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Return the fingerprint of what was read: without "source" if that is not what it was before."""
    try:
        if fingerprint["source"] is None or source.fingerprint() == fingerprint["source"]:
            return fingerprint
    except CorpusError:  # it is not there any more
        pass
    warnings.warn(
        f"The corpus must stay as it is while it is read, but {source.name} has changed. What was read is used this "
        "time, and not kept in the cache.",
        CorpusWarning,
        stacklevel=2,
    )
    return {**fingerprint, "source": None}


def first_tokens(batch: EncodedBatch, limit: int) -> EncodedBatch:
    """Return a batch cut to its first `limit` tokens, the last sentence cut too where need be."""
    if batch.token_ids.size <= limit:
        return batch
    ends = np.cumsum(batch.lengths)
    n_sentences = int(np.searchsorted(ends, limit)) + 1
    lengths = batch.lengths[:n_sentences].copy()
    lengths[-1] -= ends[n_sentences - 1] - limit
    token_ids = batch.token_ids[:limit]
    # Types are numbered by first appearance, so those that are left are the first ones.
    return EncodedBatch(batch.types, batch.distinct_types[: int(token_ids.max()) + 1], token_ids, lengths)
