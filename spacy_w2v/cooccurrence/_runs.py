"""Runs on disk: cells of parts of the corpus in the order of tiles, which are merged band by band."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.cooccurrence._groups import CellArrays, Group, RowCounter
from spacy_w2v.cooccurrence._memory import n_tiles_of
from spacy_w2v.cooccurrence.kernels._bits import n_words_of_bits
from spacy_w2v.cooccurrence.kernels._rows import TILE_WORDS
from spacy_w2v.cooccurrence.kernels._tiles import NO_TILE, Cursors, Output, Tile, merge_cells

BYTES_OF_CELL = 16
LEAST_BUFFER_CELLS = 64
MOST_BUFFER_CELLS = 1 << 16


class Runs:
    """A file of runs. A run has the cells that one group of rows has in one band."""

    def __init__(self, path: Path, *, n_words: int, buffer: NDArray[np.uint64]):
        """Create the file.

        Args:
            path: The path.
            n_words: The size of the vocabulary.
            buffer: Cells × 2; memory for cells of runs that are merged. No group is written while a band is merged.
        """
        self.path = path
        self.n_cells = 0
        """The number of cells of all runs so far."""
        self.buffer = buffer
        self._file = path.open("w+b", buffering=0)
        self._runs: list[list[tuple[int, int]]] = [[] for _ in range(n_tiles_of(n_words))]
        self._side = min(n_words, TILE_WORDS)

    @property
    def n_bands(self) -> int:
        """The number of bands of the matrix."""
        return len(self._runs)

    def n_cells_of(self, band: int) -> int:
        """Return the number of cells of a band's runs."""
        return sum(n_cells for _, n_cells in self._runs[band])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def append(self, group: Group, counter: RowCounter) -> None:
        """Write the cells of a group.

        Raises:
            OSError: They cannot be written.
        """
        if group.n_cells == 0:
            return
        content = counter.run_cells(group).data.cast("B")
        self._file.seek(self.n_cells * BYTES_OF_CELL)
        while content:
            content = content[self._file.write(content) :]
        for band, n_cells in group.band_cells():
            if n_cells:
                self._runs[band].append((self.n_cells, n_cells))
                self.n_cells += n_cells

    def merged(self, band: int, *, unit: np.float32) -> Iterator[CellArrays]:
        """Yield the sums of a band's cells over all runs, in the order of tiles, some at a time.

        The arrays are valid until the next ones are yielded.

        Args:
            band: The number of the band.
            unit: What a sum of 1 means.

        Raises:
            OSError: The file cannot be read.
        """
        runs = self._runs[band]
        if not runs:
            return
        size = min(max(len(self.buffer) // len(runs), LEAST_BUFFER_CELLS), MOST_BUFFER_CELLS)
        n_cells = len(runs) * size
        buffer = self.buffer[:n_cells] if n_cells <= len(self.buffer) else np.empty((n_cells, 2), np.uint64)
        places, ends = (np.array([begin + own * n for begin, n in runs]) for own in (0, 1))
        cursors = Cursors(
            buffer.reshape(len(runs), size, 2),
            np.zeros(len(runs), np.int64),
            np.zeros(len(runs), np.int64),
            np.zeros(len(runs), np.bool_),
        )
        tile, output = self._tile(), self._output()
        is_done = False
        while not is_done:
            for run in np.flatnonzero((cursors.begins == cursors.ends) & ~cursors.are_last):
                n = min(size, int(ends[run] - places[run]))
                self._read(cursors.buffers[run, :n], place=int(places[run]))
                places[run] += n
                cursors.begins[run], cursors.ends[run] = 0, n
                cursors.are_last[run] = places[run] == ends[run]
            n_written, is_done = merge_cells(cursors, tile, band, unit, output)
            if n_written:
                words, contexts, counts = output
                yield CellArrays(words[:n_written], contexts[:n_written], counts[:n_written])

    def clear(self) -> None:
        """Remove all runs, and free their space on the disk."""
        self._file.truncate(0)
        self.n_cells = 0
        self._runs = [[] for _ in self._runs]

    def _read(self, cells: NDArray[np.uint64], *, place: int) -> None:
        self._file.seek(place * BYTES_OF_CELL)
        content = cells.data.cast("B")
        while content:
            n_read = self._file.readinto(content)
            if not n_read:
                raise OSError(f"{self.path} has ended too early")
            content = content[n_read:]

    def _tile(self) -> Tile:
        n_bits = n_words_of_bits(self._side << 9)
        return Tile(
            np.zeros(self._side << 9, np.uint64),
            np.zeros(n_bits, np.uint64),
            np.zeros(n_words_of_bits(n_bits), np.uint64),
            np.array([NO_TILE, 0]),
        )

    def _output(self) -> Output:
        n = self._side**2
        return Output(np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.float32))
