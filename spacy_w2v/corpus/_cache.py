"""The cache of encoded corpora, by the fingerprint of everything that determines their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache_directory import default_cache_dir, new_entry, tidy
from spacy_w2v.corpus._encoding import EncodingCallback, encode_corpus
from spacy_w2v.corpus._entries import Request, find_corpus, keep_corpus, why_not_found
from spacy_w2v.corpus._fingerprint import CorpusFingerprint, encoding_fingerprint, parts_by_fingerprint
from spacy_w2v.corpus._store import Corpus, open_corpus
from spacy_w2v.corpus.parts._cache import prepared_parts
from spacy_w2v.corpus.shards._annotation import encode_in_shards
from spacy_w2v.sources._parts import PART_BYTES
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
    cluster: Cluster | None = None,
    most_machines: int | None = None,
    part_bytes: int = PART_BYTES,
) -> Iterator[Corpus]:
    """Find a corpus in the cache, or encode it.

    A large source is encoded in parts, each of which is in the cache by itself. How it is cut does not depend on the
    number of processes or machines, so they all encode the same corpus, to the byte.

    If the source has no fingerprint, the corpus is encoded to a temporary directory, which is removed when the block
    ends. If the source changes while it is read, the same happens, with a warning.

    With keys, a pipeline annotates the texts in shards, on this machine. Each is in the cache by itself.

    Args:
        source: The source of the texts.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The block `[w2v.tokens]`.
        max_vocab_size: The setting `max_vocab_size` of `[w2v.vocabulary]`.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        code_path: A Python file with the user's registered functions.
        callback: The callback for messages and progress.
        cluster: The machines that encode the parts. If None, this one.
        most_machines: The largest number of them. If None, all.
        part_bytes: The size of a part.

    Yields:
        The corpus.

    Raises:
        CorpusError: The corpus cannot be read, or has no tokens.
        StorageError: The cache cannot be used.
    """
    request = Request(
        source=source,
        nlp=nlp,
        settings=settings,
        fingerprint=encoding_fingerprint(nlp, settings, max_vocab_size=max_vocab_size, code_path=code_path),
        cache_dir=cache_dir or default_cache_dir(),
        code_path=code_path,
        callback=callback or EncodingCallback(),
        most_machines=most_machines,
    )
    parts = parts_by_fingerprint(source, settings, part_bytes)
    if cluster is not None and settings.key_block is not None:
        request.callback.on_message("The pipeline annotates on this machine. The cluster only trains")
    with prepared_parts(request, parts, cluster) if parts else _prepared(request) as corpus:
        yield corpus


@contextmanager
def _prepared(request: Request) -> Iterator[Corpus]:
    """Find a corpus of one part in the cache, or encode it. See `prepared_corpus`."""
    source, callback, cache_dir = request.source, request.callback, request.cache_dir
    fingerprint = request.fingerprint.of(source.fingerprint())
    entry = cache_dir / fingerprint.digest()
    if fingerprint.source is not None and (corpus := find_corpus(entry, callback.on_message)) is not None:
        tidy(cache_dir)
        callback.on_message(f"Using the encoded corpus {entry}")
        yield corpus
        return
    with new_entry(cache_dir) as directory:
        if fingerprint.source is not None and (reason := why_not_found(cache_dir, source.name, fingerprint)):
            callback.on_message(f"Encoding the corpus again, because {reason}")
        _encode(request, directory, fingerprint)
        corpus = keep_corpus(open_corpus(directory), entry, callback.on_message)
        if corpus.directory == directory:
            yield corpus
            return
    yield corpus


def _encode(request: Request, directory: Path, fingerprint: CorpusFingerprint) -> None:
    """Encode a corpus of one part to an empty directory. Texts that a pipeline annotates are encoded in shards."""
    if request.settings.key_block is not None and fingerprint.source is not None:
        encode_in_shards(request, directory, fingerprint=fingerprint)
        return
    encode_corpus(
        request.source, request.nlp, request.settings, directory,
        fingerprint=fingerprint, code_path=request.code_path, callback=request.callback,
    )  # fmt: skip
