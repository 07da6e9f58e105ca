"""Counts rows of the co-occurrence matrix, and puts their cells into the order of tiles.

A row is counted in an array with a sum for every word: no hash, no sort. The sums are fixed-point numbers in uint64, so
that they are exact, whatever the order and the number of parts.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v._jit import exact_kernel, inner
from spacy_w2v.cooccurrence.kernels._bits import ONE, SIX, TOP, add_to_set, count_bits, lowest_bit, prefetch

TILE_BITS = 9
TILE_WORDS = 1 << TILE_BITS
"""Words of a band, and of each side of a tile: 512."""
AHEAD = 12
"""Positions between the prefetch of a window and its use. Counting takes 2.5 times as long without it."""
MOST_AHEAD = 16
"""Words of a window, on each side, that are prefetched at most."""


class Part(NamedTuple):
    """A part of the corpus, as words with the positions of each word."""

    words: TokenIds
    """Word ids. A boundary, which is the number of words v, is before, between and after sentences."""
    positions: TokenIds
    """The positions of word 0 in `words`, then those of word 1, and so on."""
    starts: Offsets
    """v + 1; where the positions of each word begin, and the end."""


class Row(NamedTuple):
    """Scratch memory of a thread: the row that is counted. Between rows all is 0, except `touched`."""

    sums: NDArray[np.uint64]
    """v; the sum of each column."""
    touched: TokenIds
    """v + 3; the columns that are not 0, first in order of appearance, then ascending."""
    bits: NDArray[np.uint64]
    summary: NDArray[np.uint64]
    """The columns that are not 0, as a set."""


class Rows(NamedTuple):
    """Consecutive rows, and their cells row by row."""

    first: int
    """The word of the first row."""
    end: int
    """The word after that of the last row."""
    first_band: int
    """The band that tables of tiles begin with."""
    n_cells: Offsets
    """end - first; the number of cells of each row."""
    columns: TokenIds
    """The column of each cell, ascending in each row."""
    sums: NDArray[np.uint64]
    """The sum of each cell."""


@inner
def _walk_windows(part, weights, is_symmetric, word, row):
    """Add the windows of all positions of a word to its row, and return the number of columns that are not 0."""
    boundary, last = np.uint32(row.sums.shape[0]), part.positions.shape[0] - 1
    size, n_touched, nothing = np.uint64(weights.shape[0]), np.uint64(0), np.uint64(0)
    radius = min(weights.shape[0] - 1, MOST_AHEAD)
    address, n_lines = part.words.ctypes.data - 4 * radius, 2 + (radius * (8 if is_symmetric else 4) >> 6)
    for k in range(part.starts[word], part.starts[word + 1]):
        prefetch(address + 4 * np.int64(part.positions[min(k + AHEAD, last)]), n_lines)
        position = np.uint64(part.positions[k])
        distance = ONE
        while distance < size:
            context = part.words[position - distance]
            if context == boundary:
                break
            before = row.sums[context]
            row.touched[n_touched] = context
            n_touched += np.uint64(before == nothing)
            row.sums[context] = before + weights[distance]
            distance += ONE
        if is_symmetric:
            distance = ONE
            while distance < size:
                context = part.words[position + distance]
                if context == boundary:
                    break
                before = row.sums[context]
                row.touched[n_touched] = context
                n_touched += np.uint64(before == nothing)
                row.sums[context] = before + weights[distance]
                distance += ONE
    return n_touched


@inner
def _take_row(row, n_touched, columns, sums, place, tile_cells, first_tile):
    """Move the columns and sums of a row to lists from `place` on, in ascending order of columns, and clear it."""
    for i in range(n_touched):
        add_to_set(np.uint64(row.touched[i]), row.bits, row.summary)
    n = 0
    for group in range(row.summary.shape[0]):
        upper = row.summary[group]
        row.summary[group] = 0
        while upper != 0:
            index = (np.uint64(group) << SIX) | lowest_bit(upper)
            upper &= upper - ONE
            bits = row.bits[index]
            row.bits[index] = 0
            first = index << SIX
            size = count_bits(bits)
            # Write three columns in any case: the end of a loop alone would be mispredicted for most words.
            for i in range(3):
                row.touched[n + i] = first | lowest_bit(bits | TOP)
                bits &= bits - ONE
            for i in range(3, size):
                row.touched[n + i] = first | lowest_bit(bits)
                bits &= bits - ONE
            n += size
            tile_cells[first_tile + np.int64(index >> np.uint64(TILE_BITS - 6))] += size
    for i in range(n_touched):
        column = row.touched[i]
        columns[place + i] = column
        sums[place + i] = row.sums[column]
        row.sums[column] = 0


@exact_kernel
def count_rows(part, weights, is_symmetric, rows, tile_cells, row):
    """Count the rows of some words.

    Args:
        part: The part of the corpus.
        weights: window + 1; the weight of a pair at each distance, as a fixed-point number (uint64) of at least 1.
        is_symmetric: Whether contexts are on both sides. Otherwise they are on the left.
        rows: The words, and the arrays that receive their cells.
        tile_cells: Receives the number of cells in each tile, band by band. It must be 0.
        row: Scratch memory.
    """
    n_tiles = (row.sums.shape[0] + TILE_WORDS - 1) >> TILE_BITS
    place = 0
    for word in range(rows.first, rows.end):
        n_touched = np.int64(_walk_windows(part, weights, is_symmetric, word, row))
        first_tile = ((word >> TILE_BITS) - rows.first_band) * n_tiles
        _take_row(row, n_touched, rows.columns, rows.sums, place, tile_cells, first_tile)
        rows.n_cells[word - rows.first] = n_touched
        place += n_touched


@exact_kernel
def write_counts(rows, n_tiles, places, unit, words, contexts, counts):
    """Write the cells of counted rows in the order of tiles, with their counts.

    Args:
        rows: The rows.
        n_tiles: The number of tiles of a band.
        places: Where the cells of each tile begin in the output, band by band. The numbers are changed.
        unit: What a sum of 1 means (float32), a power of 2. So a sum is rounded once.
        words: uint32; receives the row of each cell.
        contexts: uint32; receives its column.
        counts: float32; receives its count.
    """
    i = 0
    for word in range(rows.first, rows.end):
        first_tile = ((word >> TILE_BITS) - rows.first_band) * n_tiles
        for _ in range(rows.n_cells[word - rows.first]):
            column = rows.columns[i]
            tile = first_tile + np.int64(column >> np.uint32(TILE_BITS))
            place = places[tile]
            places[tile] = place + 1
            words[place], contexts[place] = word, column
            counts[place] = np.float32(rows.sums[i]) * unit
            i += 1


@exact_kernel
def write_sums(rows, n_tiles, places, cells):
    """Write the cells of counted rows in the order of tiles, with their sums, as a run to be merged.

    Args:
        rows: The rows.
        n_tiles: The number of tiles of a band.
        places: Where the cells of each tile begin in the output, band by band. The numbers are changed.
        cells: Cells × 2 (uint64); receives row · 2³² + column, and the sum of each cell.
    """
    i = 0
    for word in range(rows.first, rows.end):
        first_tile = ((word >> TILE_BITS) - rows.first_band) * n_tiles
        for _ in range(rows.n_cells[word - rows.first]):
            column = rows.columns[i]
            tile = first_tile + np.int64(column >> np.uint32(TILE_BITS))
            place = places[tile]
            places[tile] = place + 1
            cells[place, 0] = (np.uint64(word) << np.uint64(32)) | np.uint64(column)
            cells[place, 1] = rows.sums[i]
            i += 1
