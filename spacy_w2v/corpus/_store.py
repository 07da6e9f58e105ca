"""An encoded corpus on disk: an Arrow file of token ids by chunks, an Arrow file of types, and a manifest.

tokens.arrow: Arrow IPC file, a record batch per chunk, column "sentences": large_list<uint32>, provisional type ids.
types.arrow: Arrow IPC file, columns "id" (uint32), "orth", "key" (large_string) and "count" (int64), a row per type.
manifest.json: Format version, fingerprint, counts, the size and checksum of both files, and the manifest's checksum.

A corpus with phrases has two more files, which `_phrase_spans` describes. A corpus of several parts has other files,
which `parts._whole` describes.
"""

from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa

from spacy_w2v._arrays import Counts, Offsets, TokenIds
from spacy_w2v._atomic import check_files, describe_files, parse_manifest, read_bounded, write_manifest
from spacy_w2v.corpus._arrow_files import TOKENS_SCHEMA, TYPES_SCHEMA, ChunkReader, read_types, write_types
from spacy_w2v.corpus._chunks_of_parts import ChunkReaderOfParts, PartTokens
from spacy_w2v.corpus._counts import CorpusCounts, DocumentCounts, JoinedPhrases, PhraseCounts
from spacy_w2v.corpus._fingerprint import FORMAT_VERSION, CorpusFingerprint
from spacy_w2v.corpus._phrase_spans import (
    PHRASE_TYPES_FILE,
    PHRASES_FILE,
    PhraseReader,
    PhraseWriter,
    within_chunks,
)
from spacy_w2v.corpus._type_counts import TypeCounts
from spacy_w2v.errors import StorageError
from spacy_w2v.tokenization._tokens import EncodedBatch

FORMAT = "spacy-w2v corpus"
TOKENS_FILE = "tokens.arrow"
TYPES_FILE = "types.arrow"
TYPE_IDS_FILE = "type_ids.bin"
MANIFEST_FILE = "manifest.json"

CHUNK_TOKENS = 100_000
"""Tokens of a chunk: 400 kB of ids. Large enough to distribute quickly, small enough to shuffle well."""


class ChunkWriter:
    """Writes sentences in chunks of at most CHUNK_TOKENS tokens. Only sentences longer than a chunk are cut."""

    def __init__(self, path: Path):
        self.writer = pa.ipc.new_file(str(path), TOKENS_SCHEMA)
        self.chunk_tokens: list[int] = []
        self.n_sentences = 0
        self.n_tokens = 0
        self._tokens: TokenIds = np.zeros(0, np.uint32)
        self._lengths: Offsets = np.zeros(0, np.int64)

    def add(self, tokens: TokenIds, lengths: Offsets) -> None:
        """Add sentences, and write each chunk when the next sentence does not fit into it.

        Args:
            tokens: The provisional type ids of the tokens of all sentences.
            lengths: The number of tokens of each sentence.
        """
        self.n_sentences += lengths.size
        self.n_tokens += tokens.size
        self._tokens = np.concatenate([self._tokens, tokens])
        self._lengths = np.concatenate([self._lengths, lengths])
        while self._tokens.size > CHUNK_TOKENS:
            n_fit = int(np.searchsorted(np.cumsum(self._lengths), CHUNK_TOKENS, side="right"))
            if n_fit == 0:
                self._write(CHUNK_TOKENS, np.array([CHUNK_TOKENS]))
                self._lengths[0] -= CHUNK_TOKENS
            else:
                self._write(int(self._lengths[:n_fit].sum()), self._lengths[:n_fit])
                self._lengths = self._lengths[n_fit:]

    def _write(self, n_tokens: int, lengths: Offsets) -> None:
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        sentences = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(self._tokens[:n_tokens]))
        self.writer.write_batch(pa.record_batch([sentences], schema=TOKENS_SCHEMA))
        self.chunk_tokens.append(n_tokens)
        self._tokens = self._tokens[n_tokens:]

    def close(self) -> None:
        """Write the last chunk, and the end of the file."""
        if self._tokens.size:
            self._write(self._tokens.size, self._lengths)
        self.writer.close()


class CorpusWriter:
    """Writes an encoded corpus to an existing, empty directory."""

    def __init__(self, directory: Path, *, max_types: int | None):
        self.directory = directory
        self.max_types = max_types
        self.types = TypeCounts(max_types)
        self.chunks = ChunkWriter(directory / TOKENS_FILE)
        self.phrases: PhraseWriter | None = None
        """The writer of phrases; None as long as there are none."""

    def add(self, batch: EncodedBatch) -> None:
        """Add the sentences of a batch, with the provisional type ids of the corpus, and its phrases."""
        counts = np.bincount(batch.token_ids, minlength=batch.distinct_types.size)
        ids = self.types.add(batch.types, batch.distinct_types, counts)
        if batch.phrases is not None and batch.phrases.ids.size:
            if self.phrases is None:
                self.phrases = PhraseWriter(self.directory, max_types=self.max_types)
            kept = within_chunks(batch.phrases, batch.lengths, CHUNK_TOKENS)
            self.phrases.add(kept, n_tokens=self.chunks.n_tokens)
        self.chunks.add(ids[batch.token_ids], batch.lengths)
        if self.phrases is not None:
            self.phrases.write_chunks(self.chunks.chunk_tokens)

    def close(self, *, source: str, fingerprint: CorpusFingerprint, documents: DocumentCounts) -> None:
        """Write the types and the manifest, which complete the corpus.

        Args:
            source: The name of the source.
            fingerprint: The fingerprint of the corpus.
            documents: Numbers of the documents that were read.
        """
        self.chunks.close()
        types, ids, counts = self.types.items()
        columns = {"id": ids, "orth": types.orths, "key": types.keys, "count": counts}
        write_types(self.directory / TYPES_FILE, pa.table(columns, schema=TYPES_SCHEMA))
        found = CorpusCounts(
            **asdict(documents),
            n_sentences=self.chunks.n_sentences,
            n_tokens=self.chunks.n_tokens,
            n_types=len(types.orths),
            n_dropped_types=self.types.counted.n_dropped_types,
            n_dropped_tokens=self.types.counted.n_dropped_tokens,
        )
        write_corpus_manifest(
            self.directory,
            source=source,
            fingerprint=fingerprint,
            counts=found,
            n_type_ids=self.types.counted.n_ids,
            chunk_tokens=self.chunks.chunk_tokens,
            spans=self.phrases.close(self.chunks.chunk_tokens) if self.phrases is not None else None,
        )


def write_corpus_manifest(
    directory: Path,
    *,
    source: str,
    fingerprint: CorpusFingerprint,
    counts: CorpusCounts,
    n_type_ids: int,
    chunk_tokens: list[int],
    phrases: JoinedPhrases | None = None,
    spans: PhraseCounts | None = None,
) -> None:
    """Write the manifest of a corpus of one part, which completes it.

    Args:
        directory: The directory, which has the other files.
        source: The name of the source.
        fingerprint: The fingerprint of the corpus.
        counts: What the corpus contains.
        n_type_ids: The number of type ids. All ids must be less than this.
        chunk_tokens: The number of tokens of each chunk.
        phrases: The phrases that are one token each; None for a corpus as it was encoded.
        spans: The phrases that are spans over tokens, whose files the directory has; None if there are none.
    """
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "source": source,
        "fingerprint": fingerprint.to_json(),
        "counts": asdict(counts),
        "n_type_ids": n_type_ids,
        "chunk_tokens": chunk_tokens,
        **({"phrases": phrases.to_json()} if phrases is not None else {}),
        **({"spans": asdict(spans)} if spans is not None else {}),
        "files": describe_files(directory, _files_of(spans)),
    }
    write_manifest(directory / MANIFEST_FILE, manifest)


def _files_of(spans: object) -> tuple[str, ...]:
    """Return the names of the files of a corpus of one part, besides the manifest.

    Args:
        spans: What the manifest says of phrases; None if there are none.
    """
    return (TOKENS_FILE, TYPES_FILE, *((PHRASES_FILE, PHRASE_TYPES_FILE) if spans is not None else ()))


@dataclass(frozen=True)
class Corpus:
    """An encoded corpus that can be read."""

    directory: Path
    source: str
    fingerprint: CorpusFingerprint
    counts: CorpusCounts
    n_type_ids: int
    """The number of provisional type ids, including those of dropped types. All ids are less than this."""
    chunk_tokens: Counts
    """The number of tokens of each chunk."""
    parts: tuple[PartTokens, ...] = ()
    """The tokens of each part, if there are several. Otherwise they are in the directory."""
    phrases: JoinedPhrases | None = None
    """The phrases that are one token each; None for a corpus as it was encoded."""
    spans: PhraseCounts | None = None
    """The phrases that are spans over tokens; None if there are none."""

    def __getstate__(self) -> dict[str, Any]:  # Any: the fields
        """Return the fields for a pickle, with absolute paths: another process may have another working directory."""
        parts = tuple(part._replace(path=part.path.absolute()) for part in self.parts)
        return self.__dict__ | {"directory": self.directory.absolute(), "parts": parts}

    @property
    def n_chunks(self) -> int:
        """The number of chunks."""
        return self.chunk_tokens.size

    def read_types(self) -> pa.Table:
        """Return the types, as `_arrow_files.read_types` does.

        Raises:
            StorageError: The file is damaged.
        """
        return read_types(self.directory / TYPES_FILE, n_type_ids=self.n_type_ids)

    def open_chunks(self) -> ChunkReader | ChunkReaderOfParts:
        """Return a reader of chunks. Each thread needs a separate reader."""
        if self.parts:
            return ChunkReaderOfParts(self.parts, self.directory / TYPE_IDS_FILE, n_type_ids=self.n_type_ids)
        return ChunkReader(self.directory / TOKENS_FILE, n_type_ids=self.n_type_ids)

    def read_phrase_types(self) -> pa.Table:
        """Return the types of the phrases that are spans, with the columns of `read_types`.

        Raises:
            StorageError: The file is damaged.
        """
        return read_types(self.directory / PHRASE_TYPES_FILE, n_type_ids=self._spans.n_type_ids)

    def open_phrases(self) -> PhraseReader:
        """Return a reader of the phrases that are spans, chunk by chunk. Each thread needs a separate reader."""
        return PhraseReader(self.directory / PHRASES_FILE, n_type_ids=self._spans.n_type_ids)

    @property
    def _spans(self) -> PhraseCounts:
        assert self.spans is not None  # callers ask for phrases only where there are some
        return self.spans

    def tokens(self) -> PartTokens:
        """Return what is needed to read the tokens of a part."""
        return PartTokens(self.directory / TOKENS_FILE, n_chunks=self.n_chunks, n_type_ids=self.n_type_ids)

    def sentences(self) -> Iterator[TokenIds]:
        """Yield all sentences in order, as provisional type ids."""
        chunks = self.open_chunks()
        for number in range(self.n_chunks):
            chunk = chunks.read(number)
            yield from np.split(chunk.tokens, chunk.offsets[1:-1])


def read_manifest(directory: Path, *, version: int | None = FORMAT_VERSION) -> dict[str, Any]:
    """Return the manifest of a corpus.

    Args:
        directory: The directory of the corpus.
        version: The version of the format. If None, any version is accepted, and the checksum is not required.

    Raises:
        StorageError: The manifest is missing or damaged, or has another format.
    """
    path = directory / MANIFEST_FILE
    content = read_bounded(path)
    manifest = parse_manifest(content, name=str(path))
    if manifest.get("format") != FORMAT:
        raise StorageError(f"{path} must be the manifest of a {FORMAT}, but has another format.")
    if version is None:
        return manifest
    found = manifest.get("format_version")
    if found != version:
        shown = found if isinstance(found, int) else "unknown"
        raise StorageError(f"{path} must have format version {version}, was: {shown}. Encode the corpus again.")
    return parse_manifest(content, name=str(path), checked=True)


def open_corpus(directory: Path) -> Corpus:
    """Open an encoded corpus, and check all of its content.

    Each file is read twice: first to verify its checksum, then to parse it. So no file with a wrong checksum is parsed.

    Raises:
        StorageError: The corpus is missing or damaged, or has another format.
    """
    manifest = read_manifest(directory)
    check_files(directory, manifest.get("files"), needed=_files_of(manifest.get("spans")))
    corpus = described(directory, manifest)
    types, chunks, counts = corpus.read_types(), corpus.open_chunks(), corpus.counts
    phrases = corpus.open_phrases() if corpus.spans is not None else None
    n_sentences = n_phrases = 0
    is_consistent = len(chunks) == corpus.n_chunks and len(types) == counts.n_types
    is_consistent = is_consistent and (phrases is None or len(phrases) == corpus.n_chunks)
    for number, n_tokens in enumerate(corpus.chunk_tokens if is_consistent else ()):
        chunk = chunks.read(number)
        n_sentences += chunk.offsets.size - 1
        is_consistent = is_consistent and chunk.tokens.size == n_tokens
        n_phrases += phrases.read(number, chunk.offsets).ids.size if phrases is not None else 0
    n_counted = int(types["count"].to_numpy().sum())
    if not (
        is_consistent
        and (corpus.n_chunks > 0) <= counts.n_sentences <= n_sentences  # long sentences are cut at the ends of chunks
        and counts.n_tokens == int(corpus.chunk_tokens.sum()) == n_counted + counts.n_dropped_tokens
        and corpus.n_type_ids == counts.n_types + counts.n_dropped_types  # dropped types have ids too
        and counts.n_dropped_types <= counts.n_dropped_tokens
        and (corpus.spans is None or _are_counted(corpus, corpus.spans, n_phrases))
    ):
        raise StorageError(f"The counts of {directory} must match its tokens and types, but do not. It is damaged.")
    return corpus


def _are_counted(corpus: Corpus, spans: PhraseCounts, n_phrases: int) -> bool:
    """Return whether the counts of phrases match their types, and this number of phrases in the texts."""
    types = corpus.read_phrase_types()
    n_counted = int(types["count"].to_numpy().sum())
    return (
        len(types) == spans.n_types
        and spans.n_phrases == n_phrases == n_counted + spans.n_dropped_phrases
        and spans.n_dropped_types <= spans.n_dropped_phrases
    )


def described(directory: Path, manifest: dict[str, Any]) -> Corpus:  # Any: JSON values
    """Return the corpus that a manifest describes. Its files are not read.

    Raises:
        StorageError: The manifest has invalid values.
    """
    source, fingerprint, counts = (manifest.get(name) for name in ("source", "fingerprint", "counts"))
    n_type_ids, chunk_tokens = manifest.get("n_type_ids"), manifest.get("chunk_tokens")
    phrases, spans = manifest.get("phrases"), manifest.get("spans")
    if not (
        isinstance(source, str)
        and _has_fields(fingerprint, CorpusFingerprint)
        and _has_fields(counts, CorpusCounts)
        and isinstance(chunk_tokens, list)
        and (phrases is None or _has_fields(phrases, JoinedPhrases))
        and (spans is None or _has_fields(spans, PhraseCounts))
        and _are_sizes(*counts.values(), n_type_ids, *chunk_tokens, *(spans or {}).values())
    ):
        raise StorageError(
            f"The manifest of {directory} must describe a corpus, but values are missing. It is damaged."
        )
    return Corpus(
        directory=directory,
        source=source,
        fingerprint=CorpusFingerprint(**fingerprint),
        counts=CorpusCounts(**counts),
        n_type_ids=int(n_type_ids or 0),
        chunk_tokens=np.array(chunk_tokens, np.int64),
        phrases=JoinedPhrases(**phrases) if phrases is not None else None,
        spans=PhraseCounts(**spans) if spans is not None else None,
    )


def _are_sizes(*values: object) -> bool:
    """Return whether JSON values are whole numbers that can be sizes."""
    return all(type(value) is int and 0 <= value < 1 << 62 for value in values)


def _has_fields(value: object, kind: type) -> TypeGuard[dict[str, Any]]:  # Any: JSON values
    """Return whether a JSON value is an object with the fields of a dataclass. Those with a default may be missing."""
    names = {field.name for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    return isinstance(value, dict) and needed <= value.keys() <= names
