"""An encoded corpus on disk: an Arrow file of token ids by chunks, an Arrow file of types, and a manifest.

tokens.arrow: Arrow IPC file, a record batch per chunk, column "sentences": large_list<uint32>, provisional type ids.
types.arrow: Arrow IPC file, columns "id" (uint32), "orth", "key" (large_string) and "count" (int64), a row per type.
manifest.json: format version, fingerprint, counts, and the size of both files.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spacy_w2v.corpus.tokens import EncodedBatch
from spacy_w2v.corpus.type_counts import TypeCounts
from spacy_w2v.errors import StorageError
from spacy_w2v.kernels.arguments import Chunk
from spacy_w2v.types import Counts, Offsets, TokenIds

FORMAT = "spacy-w2v corpus"
FORMAT_VERSION = 2
TOKENS_FILE = "tokens.arrow"
TYPES_FILE = "types.arrow"
MANIFEST_FILE = "manifest.json"

CHUNK_TOKENS = 100_000
"""Tokens of a chunk: 400 kB of ids. Long enough that handing out chunks costs nothing, short enough to shuffle."""


@dataclass(frozen=True)
class CorpusCounts:
    """What was found in a corpus."""

    n_documents: int
    n_null: int
    """Documents left out because they were null."""
    n_not_text: int
    """Documents left out because they were no strings."""
    n_sentences: int
    n_tokens: int
    n_types: int
    n_dropped_types: int
    """Types dropped to stay within max_vocab_size."""
    n_dropped_tokens: int


class ChunkWriter:
    """Writes sentences as chunks of at most CHUNK_TOKENS: whole sentences, save those that are longer than a chunk."""

    def __init__(self, path: Path):
        self.schema = pa.schema([("sentences", pa.large_list(pa.uint32()))])
        self.writer = pa.ipc.new_file(str(path), self.schema)
        self.chunk_tokens: list[int] = []
        self.n_sentences = 0
        self.n_tokens = 0
        self._tokens: TokenIds = np.zeros(0, np.uint32)
        self._lengths: Offsets = np.zeros(0, np.int64)

    def add(self, tokens: TokenIds, lengths: Offsets) -> None:
        """Add sentences; a chunk is written once the next sentence does not fit."""
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
        self.writer.write_batch(pa.record_batch([sentences], schema=self.schema))
        self.chunk_tokens.append(n_tokens)
        self._tokens = self._tokens[n_tokens:]

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._tokens.size:
            self._write(self._tokens.size, self._lengths)
        self.writer.close()


class CorpusWriter:
    """Writes an encoded corpus to a directory that exists and is empty."""

    def __init__(self, directory: Path, *, max_types: int | None):
        self.directory = directory
        self.types = TypeCounts(max_types)
        self.chunks = ChunkWriter(directory / TOKENS_FILE)

    def add(self, batch: EncodedBatch) -> None:
        """Add the sentences of a batch, numbering its types for the whole corpus."""
        counts = np.bincount(batch.numbers, minlength=batch.chosen.size)
        ids = self.types.add(batch.types, batch.chosen, counts)
        self.chunks.add(ids[batch.numbers], batch.lengths)

    def close(
        self, *, source: str, fingerprint: dict[str, Any], n_documents: int, n_null: int, n_not_text: int
    ) -> None:
        """Write types and manifest: with it, the corpus is complete."""
        self.chunks.close()
        types, ids, counts = self.types.items()
        table = pa.table(
            {
                "id": pa.array(ids),
                "orth": pa.array(types.orths, pa.large_string()),
                "key": pa.array(types.keys, pa.large_string()),
                "count": pa.array(counts),
            }
        )
        with pa.ipc.new_file(str(self.directory / TYPES_FILE), table.schema) as writer:
            writer.write_table(table)
        found = CorpusCounts(
            n_documents=n_documents,
            n_null=n_null,
            n_not_text=n_not_text,
            n_sentences=self.chunks.n_sentences,
            n_tokens=self.chunks.n_tokens,
            n_types=len(types.orths),
            n_dropped_types=self.types.n_dropped_types,
            n_dropped_tokens=self.types.n_dropped_tokens,
        )
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "source": source,
            "fingerprint": fingerprint,
            "counts": asdict(found),
            "n_type_ids": self.types.n_ids,
            "chunk_tokens": self.chunks.chunk_tokens,
            "files": {name: (self.directory / name).stat().st_size for name in (TOKENS_FILE, TYPES_FILE)},
        }
        (self.directory / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")


@dataclass(frozen=True)
class Corpus:
    """An encoded corpus that can be read."""

    directory: Path
    source: str
    fingerprint: dict[str, Any]
    counts: CorpusCounts
    n_type_ids: int
    """Provisional ids of types are below this."""
    chunk_tokens: Counts
    """Tokens of each chunk."""

    @property
    def n_chunks(self) -> int:
        """Number of chunks."""
        return self.chunk_tokens.size

    def read_types(self) -> pa.Table:
        """Return the types: columns id, orth, key, count."""
        with pa.memory_map(str(self.directory / TYPES_FILE)) as file:
            return pa.ipc.open_file(file).read_all()

    def open_chunks(self) -> "ChunkReader":
        """Return a reader of chunks; each thread takes its own."""
        return ChunkReader(self.directory / TOKENS_FILE)

    def sentences(self) -> Iterator[TokenIds]:
        """Read all sentences in order, as provisional type ids."""
        chunks = self.open_chunks()
        for number in range(self.n_chunks):
            chunk = chunks.read(number)
            yield from np.split(chunk.tokens, chunk.offsets[1:-1])


class ChunkReader:
    """Reads the chunks of a corpus, one at a time: a map of the whole file would count as memory of the process."""

    def __init__(self, path: Path):
        self.reader = pa.ipc.open_file(pa.OSFile(str(path)))

    def read(self, number: int) -> Chunk:
        """Return a chunk, as read-only arrays."""
        sentences = self.reader.get_batch(number).column(0)
        return Chunk(
            tokens=sentences.values.to_numpy(zero_copy_only=True),
            offsets=sentences.offsets.to_numpy(zero_copy_only=True),
        )


def read_manifest(directory: Path, *, any_version: bool = False) -> dict[str, Any]:
    """Return the manifest of a corpus. Raises StorageError if it is missing, damaged or of another kind."""
    path = directory / MANIFEST_FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"A corpus directory must hold a manifest, but {path} cannot be read: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise StorageError(f"{path} must be the manifest of a {FORMAT}, but is of another kind.")
    if not any_version and manifest.get("format_version") != FORMAT_VERSION:
        raise StorageError(
            f"{path} must have format version {FORMAT_VERSION}, was: {manifest.get('format_version')}. Encode it again."
        )
    return manifest


def open_corpus(directory: Path) -> Corpus:
    """Open an encoded corpus. Raises StorageError if it is missing, damaged or of another kind."""
    manifest = read_manifest(directory)
    try:
        for name, size in manifest["files"].items():
            actual = (directory / name).stat().st_size if (directory / name).exists() else None
            if actual != size:
                raise StorageError(f"{directory / name} must have {size} bytes, but has: {actual}. It is damaged.")
        return Corpus(
            directory=directory,
            source=manifest["source"],
            fingerprint=manifest["fingerprint"],
            counts=CorpusCounts(**manifest["counts"]),
            n_type_ids=manifest["n_type_ids"],
            chunk_tokens=np.array(manifest["chunk_tokens"], np.int64),
        )
    except StorageError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StorageError(f"The manifest of {directory} is damaged: {error!r} is missing or wrong.") from None
