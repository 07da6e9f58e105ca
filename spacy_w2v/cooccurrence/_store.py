"""The co-occurrence matrix on disk: an Arrow file of cells in batches, and a manifest.

cells.arrow: Arrow IPC file, columns "word" (uint32), "context" (uint32) and "count" (float32), a record batch per
batch.
manifest.json: Format version, fingerprint, the number of words, the number of cells of each batch, the size and
checksum of the file, and the manifest's checksum.

Cells are in the order of tiles: by bands of 512 rows, then by bands of 512 columns, then by row and column. All counts
are greater than 0.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, Counts, TokenIds
from spacy_w2v._atomic import check_files, describe_files, read_manifest, write_manifest
from spacy_w2v.cooccurrence.kernels._tiles import are_in_order
from spacy_w2v.corpus._arrow_files import BatchReader, check_file, checked_file
from spacy_w2v.errors import StorageError

FORMAT = "spacy-w2v co-occurrences"
FORMAT_VERSION = 1
CELLS_FILE = "cells.arrow"
MANIFEST_FILE = "manifest.json"
CELLS_SCHEMA = pa.schema([("word", pa.uint32()), ("context", pa.uint32()), ("count", pa.float32())])


class CellWriter:
    """Writes cells in batches of the same size, except the last one. A context manager, which closes the file."""

    def __init__(self, path: Path, *, batch_cells: int):
        self.batch_cells: list[int] = []
        """The number of cells of each batch so far."""
        self._size = batch_cells
        self._waiting = (
            np.empty(batch_cells, np.uint32),
            np.empty(batch_cells, np.uint32),
            np.empty(batch_cells, np.float32),
        )
        self._n_waiting = 0
        self._writer = pa.ipc.new_file(str(path), CELLS_SCHEMA)

    def __enter__(self) -> "CellWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._n_waiting:
            self._write_waiting()
        self._writer.close()

    @property
    def n_cells(self) -> int:
        """The number of cells that have been added."""
        return sum(self.batch_cells) + self._n_waiting

    def add(self, words: TokenIds, contexts: TokenIds, counts: NDArray[np.float32]) -> None:
        """Add cells. Those that do not fill a batch are copied.

        Raises:
            OSError: The file cannot be written.
        """
        begin, columns = 0, (words, contexts, counts)
        while begin < words.size:
            end = min(begin + self._size - self._n_waiting, words.size)
            part = tuple(column[begin:end] for column in columns)
            if end - begin == self._size:
                self._write(part)
            else:
                n_waiting = self._n_waiting + end - begin
                for waiting, column in zip(self._waiting, part, strict=True):
                    waiting[self._n_waiting : n_waiting] = column
                self._n_waiting = n_waiting
                if n_waiting == self._size:
                    self._write_waiting()
            begin = end

    def _write_waiting(self) -> None:
        self._write(tuple(waiting[: self._n_waiting] for waiting in self._waiting))
        self._n_waiting = 0

    def _write(self, columns: tuple[NDArray[Any], ...]) -> None:  # Any: as above
        self._writer.write_batch(pa.record_batch(list(map(pa.array, columns)), schema=CELLS_SCHEMA))
        self.batch_cells.append(columns[0].size)


class CellReader(BatchReader):
    """Reads the batches of a co-occurrence matrix one by one. Each thread needs a separate reader."""

    def __init__(self, path: Path, *, n_words: int):
        """Open a file of cells.

        Args:
            path: The file.
            n_words: The size of the vocabulary. All words and contexts must be less than this.

        Raises:
            StorageError: The file is damaged.
        """
        super().__init__(path, CELLS_SCHEMA)
        self.n_words = n_words

    def read(self, number: int) -> Cells:
        """Return a batch as read-only arrays.

        Raises:
            StorageError: The batch is damaged.
        """
        return self.read_after(number, before=np.full(2, -1, np.int64))

    def read_after(self, number: int, *, before: NDArray[np.int64]) -> Cells:
        """Return a batch whose cells must come after another cell.

        Args:
            number: The number of the batch.
            before: The word and the context of that cell. They are replaced by those of the batch's last cell.

        Raises:
            StorageError: The batch is damaged.
        """
        with checked_file(self.path):
            batch = self.reader.get_batch(number)
            batch.validate()
            check_file(not any(column.null_count for column in batch.columns), self.path, "no nulls")
            cells = Cells(*(column.to_numpy(zero_copy_only=True) for column in batch.columns))
            rule = f"words below {self.n_words} in the order of tiles, and positive counts"
            check_file(are_in_order(*cells, self.n_words, before), self.path, rule)
            return cells


@dataclass(frozen=True)
class Cooccurrences:
    """A co-occurrence matrix that can be read. It can be pickled, and read wherever the same files are."""

    directory: Path
    n_words: int
    """The size of the vocabulary: the number of rows and of columns."""
    batch_cells: Counts
    """The number of cells of each batch."""
    fingerprint: dict[str, str | int | bool]
    """What determines the counts."""

    @property
    def n_cells(self) -> int:
        """The number of cells that are not 0."""
        return int(self.batch_cells.sum())

    @property
    def n_batches(self) -> int:
        """The number of batches."""
        return self.batch_cells.size

    def open(self) -> CellReader:
        """Return a reader of batches. Each thread needs a separate reader.

        Raises:
            StorageError: The file is damaged.
        """
        return CellReader(self.directory / CELLS_FILE, n_words=self.n_words)


def complete(
    directory: Path, *, n_words: int, batch_cells: list[int], fingerprint: dict[str, str | int | bool]
) -> Cooccurrences:
    """Write the manifest, which completes the matrix, and return the matrix.

    Raises:
        OSError: The manifest cannot be written.
    """
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "fingerprint": fingerprint,
        "n_words": n_words,
        "batch_cells": batch_cells,
        "files": describe_files(directory, [CELLS_FILE]),
    }
    write_manifest(directory / MANIFEST_FILE, manifest)
    return Cooccurrences(directory, n_words, np.array(batch_cells, np.int64), fingerprint)


def open_cooccurrences(directory: Path) -> Cooccurrences:
    """Open a co-occurrence matrix, and check all of its content.

    The file is read twice: first to verify its checksum, then to parse it.

    Raises:
        StorageError: The matrix is missing or damaged, or has another format.
    """
    path = directory / MANIFEST_FILE
    manifest = read_manifest(path, checked=True)
    if manifest.get("format") != FORMAT or manifest.get("format_version") != FORMAT_VERSION:
        raise StorageError(f"{path} must be the manifest of {FORMAT}, version {FORMAT_VERSION}, but differs.")
    check_files(directory, manifest.get("files"), needed=(CELLS_FILE,))
    n_words, batch_cells, fingerprint = (manifest.get(name) for name in ("n_words", "batch_cells", "fingerprint"))
    if not (
        isinstance(batch_cells, list)
        and isinstance(fingerprint, dict)
        and all(type(n) is int and 0 < n < 1 << 62 for n in (n_words, *batch_cells))
    ):
        raise StorageError(f"{path} must describe a co-occurrence matrix, but values are missing. It is damaged.")
    matrix = Cooccurrences(directory, int(n_words or 0), np.array(batch_cells, np.int64), fingerprint)
    reader = matrix.open()
    before = np.full(2, -1, np.int64)
    sizes = [reader.read_after(number, before=before).words.size for number in range(len(reader))]
    if sizes != batch_cells:
        raise StorageError(f"The batches of {directory} must match its manifest, but do not. It is damaged.")
    return matrix
