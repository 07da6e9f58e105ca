"""Counts the rows of a part in groups, each of which fits into memory, with several threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, TokenIds
from spacy_w2v.cooccurrence._memory import MOST_TABLE_TILES, RANGES_PER_WORKER, USUAL_GROUP_CELLS, n_tiles_of
from spacy_w2v.cooccurrence._parts import CorpusPart
from spacy_w2v.cooccurrence.kernels._bits import n_words_of_bits
from spacy_w2v.cooccurrence.kernels._rows import TILE_WORDS, Row, Rows, count_rows, write_counts, write_sums


@dataclass(frozen=True)
class Windows:
    """What counts as a pair, and how much."""

    weights: NDArray[np.uint64]
    """window + 1; the weight at each distance, as a fixed-point number."""
    n_bits: int
    """Binary places of the weights."""
    is_symmetric: bool
    """Whether contexts are on both sides of a word."""

    @property
    def most_contexts(self) -> int:
        """The number of words in the context of a position, at most."""
        return (self.weights.size - 1) * (2 if self.is_symmetric else 1)

    @property
    def unit(self) -> np.float32:
        """What a sum of 1 means."""
        return np.float32(2.0**-self.n_bits)


class CellArrays(NamedTuple):
    """Cells in the order of tiles. Unlike `Cells`, the arrays are written again and again."""

    words: TokenIds
    contexts: TokenIds
    counts: NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """Counted rows: some whole bands, or some rows of one band. It is valid until the next group is counted."""

    first: int
    """The first word."""
    end: int
    """The word after the last one."""
    is_whole: bool
    """Whether it consists of whole bands."""
    ends_band: bool
    """Whether it has the last row of a band."""
    ranges: list[Rows]
    """The rows, divided into ranges for threads."""
    tile_cells: NDArray[np.int64]
    """Ranges × bands × tiles of a band; the number of cells of each range in each tile."""

    @property
    def n_cells(self) -> int:
        """The number of cells."""
        return int(self.tile_cells.sum())

    def band_cells(self) -> list[tuple[int, int]]:
        """Return each band, and the number of its cells in the group."""
        numbers = self.tile_cells.sum(axis=(0, 2))
        return [(self.first // TILE_WORDS + i, int(n_cells)) for i, n_cells in enumerate(numbers)]

    def places(self) -> NDArray[np.int64]:
        """Return where the cells of each range begin in each tile, like `tile_cells`: tile by tile, range by range."""
        by_tile = self.tile_cells.reshape(len(self.ranges), -1).T
        places = np.cumsum(by_tile).reshape(by_tile.shape) - by_tile
        return np.ascontiguousarray(places.T)


def group_ends(bounds: Counts, *, group_cells: int) -> Iterator[int]:
    """Yield the word after the last one of each group.

    Args:
        bounds: The number of cells that the row of each word may have.
        group_cells: The number of cells that a group may have.
    """
    n_words, n_tiles = bounds.size, n_tiles_of(bounds.size)
    most_words = max(1, MOST_TABLE_TILES // n_tiles) * TILE_WORDS
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(bounds)])
    end = 0
    while end < n_words:
        first = end
        end_of_band = min((first // TILE_WORDS + 1) * TILE_WORDS, n_words)
        usual = min(group_cells, USUAL_GROUP_CELLS)
        end = min(int(np.searchsorted(before, before[first] + usual, side="right")) - 1, first + most_words, n_words)
        if first % TILE_WORDS or end < end_of_band:  # not even one whole band
            most = before[first] + group_cells
            end = min(int(np.searchsorted(before, most, side="right")) - 1, end_of_band)
        elif end < n_words:
            end -= end % TILE_WORDS
        yield end


class RowCounter:
    """Counts rows. Its methods are called by one thread; it has threads of its own."""

    def __init__(self, windows: Windows, *, n_words: int, n_workers: int, group_cells: int):
        """Allocate the memory, and start the threads.

        Args:
            windows: What counts as a pair.
            n_words: The size of the vocabulary.
            n_workers: The number of threads.
            group_cells: The number of cells that a group may have.
        """
        self.windows = windows
        self.n_words = n_words
        self.n_workers = n_workers
        self.group_cells = group_cells
        self._columns, self._sums = np.empty(group_cells, np.uint32), np.empty(group_cells, np.uint64)
        self.output = np.empty((group_cells, 2), np.uint64)
        """The memory of written cells. It takes up space when it is used."""
        self._rows = SimpleQueue[Row]()
        n_bits = n_words_of_bits(n_words)
        for _ in range(n_workers):
            sets = np.zeros(n_bits, np.uint64), np.zeros(n_words_of_bits(n_bits), np.uint64)
            self._rows.put(Row(np.zeros(n_words, np.uint64), np.empty(n_words + 3, np.uint32), *sets))
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="w2v-counter")

    def close(self) -> None:
        """End the threads, when they have counted the ranges that they have begun."""
        self._pool.shutdown(cancel_futures=True)

    def groups(self, corpus_part: CorpusPart) -> Iterator[Group]:
        """Count all rows of a part, and yield them in groups."""
        counts = corpus_part.counts()
        bounds = np.minimum(counts * self.windows.most_contexts, self.n_words)
        first = 0
        for end in group_ends(bounds, group_cells=self.group_cells):
            yield self._counted(corpus_part, first, end, counts=counts, bounds=bounds)
            first = end

    def _counted(self, corpus_part: CorpusPart, first: int, end: int, *, counts: Counts, bounds: Counts) -> Group:
        first_band = first // TILE_WORDS
        n_bands = -(-end // TILE_WORDS) - first_band
        ranges, place = [], 0
        for begin, stop in self._ranges(first, end, counts):
            n_most = int(bounds[begin:stop].sum())
            columns, sums = self._columns[place : place + n_most], self._sums[place : place + n_most]
            ranges.append(Rows(begin, stop, first_band, np.empty(stop - begin, np.int64), columns, sums))
            place += n_most
        tile_cells = np.zeros((len(ranges), n_bands * n_tiles_of(self.n_words)), np.int64)

        def count(number: int) -> None:
            row = self._rows.get()
            windows = self.windows
            count_rows(corpus_part.part, windows.weights, windows.is_symmetric, ranges[number], tile_cells[number], row)
            self._rows.put(row)

        list(self._pool.map(count, range(len(ranges))))
        is_end = end % TILE_WORDS == 0 or end == self.n_words
        by_band = tile_cells.reshape(len(ranges), n_bands, -1)
        return Group(first, end, first % TILE_WORDS == 0 and is_end, is_end, ranges, by_band)

    def _ranges(self, first: int, end: int, counts: Counts) -> Iterator[tuple[int, int]]:
        """Divide the rows of a group into ranges of similar work."""
        n_ranges = 1 if self.n_workers == 1 else RANGES_PER_WORKER * self.n_workers
        work = np.cumsum(counts[first:end] + 1)
        limits = work[-1] * np.arange(1, n_ranges + 1) // n_ranges
        ends = np.unique(np.searchsorted(work, limits) + 1)
        begin = first
        for stop in (first + ends).tolist():
            yield begin, stop
            begin = stop

    def cells(self, group: Group) -> CellArrays:
        """Return the cells of a group, in the order of tiles. They are valid until the next group is written."""
        n = group.n_cells
        numbers = self.output.reshape(-1).view(np.uint32)
        output = CellArrays(numbers[:n], numbers[n : 2 * n], numbers[2 * n : 3 * n].view(np.float32))
        places, n_tiles = group.places(), group.tile_cells.shape[2]

        def write(number: int) -> None:
            write_counts(group.ranges[number], n_tiles, places[number], self.windows.unit, *output)

        list(self._pool.map(write, range(len(group.ranges))))
        return output

    def run_cells(self, group: Group) -> NDArray[np.uint64]:
        """Return the same cells as a run to be merged: cells × 2, see `write_sums`."""
        output = self.output[: group.n_cells]
        places, n_tiles = group.places(), group.tile_cells.shape[2]

        def write(number: int) -> None:
            write_sums(group.ranges[number], n_tiles, places[number], output)

        list(self._pool.map(write, range(len(group.ranges))))
        return output
