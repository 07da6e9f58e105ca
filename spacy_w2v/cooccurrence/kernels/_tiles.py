"""Merges runs: cells in the order of tiles, of different parts of the corpus or of different rows of a band.

A tile is summed in an array of 512 × 512 sums, which fits into a cache of 2 MB, and then read in ascending order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v._jit import exact_kernel, inlined
from spacy_w2v.cooccurrence.kernels._bits import ONE, SIX, add_to_set, lowest_bit
from spacy_w2v.cooccurrence.kernels._rows import TILE_BITS, TILE_WORDS

NO_TILE = -1
LOW = np.uint64(TILE_WORDS - 1)
BITS = np.uint64(TILE_BITS)
HALF = np.uint64(32)


class Tile(NamedTuple):
    """The tile that is summed. Between tiles all is 0."""

    sums: NDArray[np.uint64]
    """512 × 512 in one dimension; the sum of each cell."""
    bits: NDArray[np.uint64]
    summary: NDArray[np.uint64]
    """The cells that are not 0, as a set."""
    state: Offsets
    """2; the number of the tile, or NO_TILE, and the number of its cells that are not 0."""


class Cursors(NamedTuple):
    """The unread cells of the runs of a band. k = runs."""

    buffers: NDArray[np.uint64]
    """k × n × 2; cells as `write_sums` writes them."""
    begins: Offsets
    """k; the first cell of each buffer that was not read."""
    ends: Offsets
    """k; the end of each buffer."""
    are_last: NDArray[np.bool_]
    """k; whether the run has no cells after those of its buffer."""


class Output(NamedTuple):
    """Receives merged cells. It has room for a whole tile at least."""

    words: TokenIds
    contexts: TokenIds
    counts: NDArray[np.float32]


@inlined
def _tile_of(key):
    """Return the number of a cell's tile in its band."""
    return np.int64((key & np.uint64(0xFFFFFFFF)) >> BITS)


@exact_kernel
def merge_cells(cursors, tile, band, unit, output):
    """Merge cells of a band until a run must be read further, the output is full, or all runs have ended.

    Args:
        cursors: The runs, whose `begins` are changed.
        tile: The tile that is summed.
        band: The number of the band.
        unit: What a sum of 1 means (float32), a power of 2.
        output: Receives the cells of complete tiles.

    Returns:
        The number of cells written, and whether all runs have ended.
    """
    n_runs, n_written = cursors.begins.shape[0], 0
    while True:
        if tile.state[0] == NO_TILE:
            lowest = NO_TILE
            for run in range(n_runs):
                begin = cursors.begins[run]
                if begin < cursors.ends[run]:
                    number = _tile_of(cursors.buffers[run, begin, 0])
                    lowest = number if lowest == NO_TILE else min(lowest, number)
                elif not cursors.are_last[run]:
                    return n_written, False
            if lowest == NO_TILE:
                return n_written, True
            tile.state[0] = lowest
        for run in range(n_runs):
            begin, end = cursors.begins[run], cursors.ends[run]
            while begin < end and _tile_of(cursors.buffers[run, begin, 0]) == tile.state[0]:
                _add_cell(cursors.buffers[run, begin, 0], cursors.buffers[run, begin, 1], tile)
                begin += 1
            cursors.begins[run] = begin
            if begin == end and not cursors.are_last[run]:
                return n_written, False
        if n_written + tile.state[1] > output.words.shape[0]:
            return n_written, False
        n_written = _take_tile(tile, band, unit, output, n_written)


@inlined
def _add_cell(key, value, tile):
    """Add the sum of a cell to its tile."""
    cell = (((key >> HALF) & LOW) << BITS) | (key & LOW)
    before = tile.sums[cell]
    tile.sums[cell] = before + value
    if before == 0:
        add_to_set(cell, tile.bits, tile.summary)
        tile.state[1] += 1


@inlined
def _take_tile(tile, band, unit, output, place):
    """Write the cells of the tile in order, and clear it. Return the new end of the output."""
    first_word, first_context = np.uint32(band << TILE_BITS), np.uint32(tile.state[0] << TILE_BITS)
    for group in range(tile.summary.shape[0]):
        upper = tile.summary[group]
        tile.summary[group] = 0
        while upper != 0:
            index = (np.uint64(group) << SIX) | lowest_bit(upper)
            upper &= upper - ONE
            bits = tile.bits[index]
            tile.bits[index] = 0
            while bits != 0:
                cell = (index << SIX) | lowest_bit(bits)
                bits &= bits - ONE
                output.words[place] = first_word + np.uint32(cell >> BITS)
                output.contexts[place] = first_context + np.uint32(cell & LOW)
                output.counts[place] = np.float32(tile.sums[cell]) * unit
                tile.sums[cell] = 0
                place += 1
    tile.state[0], tile.state[1] = NO_TILE, 0
    return place


@exact_kernel
def are_in_order(words, contexts, counts, n_words, before):
    """Return whether cells are valid: ids below n_words, counts finite and positive, and in the order of tiles.

    Args:
        words: The row of each cell.
        contexts: The column of each cell.
        counts: The count of each cell.
        n_words: The size of the vocabulary.
        before: 2 (int64); the row and the column of the cell before, or -1. They are replaced by those of the last one.
    """
    word, context = before[0], before[1]
    for i in range(words.shape[0]):
        next_word, next_context = np.int64(words[i]), np.int64(contexts[i])
        if next_word >= n_words or next_context >= n_words or not 0.0 < counts[i] < np.inf:
            return False
        band, next_band = word >> TILE_BITS, next_word >> TILE_BITS
        tile, next_tile = context >> TILE_BITS, next_context >> TILE_BITS
        if next_band < band:
            return False
        if next_band == band:
            if next_tile < tile:
                return False
            if next_tile == tile and (next_word < word or (next_word == word and next_context <= context)):
                return False
        word, context = next_word, next_context
    before[0], before[1] = word, context
    return True
