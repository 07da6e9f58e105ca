"""The order in which a kernel visits the cells of a batch: tiles at random, and the runs of each tile at random.

A tile is 512 × 512 words. Their rows stay in the processor's second cache while the kernel trains on the tile. A run is
some neighbouring cells of one row of a tile. It is the unit that is shuffled: its cells share one input row.
"""

import numpy as np

from spacy_w2v._jit import inner
from spacy_w2v.kernels._random import next_random, scale_below

TILE_BITS = 9
"""The tile of a cell is its word and its context, both shifted right by this number."""
LONGEST_RUN = 8
"""Most cells of a run."""
_LENGTH_BITS = 8


@inner
def first_of_run(run):
    """Return the index of a run's first cell. run: a number of `shuffled_runs`."""
    return np.int64(run >> np.uint64(_LENGTH_BITS))


@inner
def length_of_run(run):
    """Return the number of cells of a run, 1 to LONGEST_RUN. run: a number of `shuffled_runs`."""
    return np.int64(run & np.uint64((1 << _LENGTH_BITS) - 1))


@inner
def _shuffle(items, first, end, random_state):
    """Shuffle items[first:end] (Fisher & Yates; Durstenfeld 1964)."""
    for last in range(end - 1, first, -1):
        draw = next_random(random_state) >> np.uint64(32)
        other = first + np.int64(scale_below(draw, np.uint64(last + 1 - first)))
        items[last], items[other] = items[other], items[last]


@inner
def _find_runs(cells, runs, tiles):
    """Write the runs of a batch in the order of its cells, and the first run of each tile. Return both numbers."""
    n_runs, n_tiles, length, last_word, last_tile = 0, 0, 0, np.uint32(0), np.uint64(0)
    for cell in range(cells.words.size):
        word = cells.words[cell]
        row_band = np.uint64(word) >> np.uint64(TILE_BITS)
        column_band = np.uint64(cells.contexts[cell]) >> np.uint64(TILE_BITS)
        tile = (row_band << np.uint64(32)) | column_band
        is_new_tile = cell == 0 or tile != last_tile
        if is_new_tile:
            tiles[n_tiles] = n_runs
            n_tiles += 1
        if is_new_tile or word != last_word or length == LONGEST_RUN:
            runs[n_runs] = np.uint64(cell) << np.uint64(_LENGTH_BITS)
            n_runs += 1
            length = 0
        length += 1
        runs[n_runs - 1] += np.uint64(1)
        last_word, last_tile = word, tile
    tiles[n_tiles] = n_runs
    return n_runs, n_tiles


@inner
def shuffled_runs(cells, random_state):
    """Return the runs of a batch, uint64[n], in random order. Read them with `first_of_run` and `length_of_run`.

    Args:
        cells: A batch of cells.
        random_state: State of the random generator, which is advanced.
    """
    n_cells = cells.words.size
    runs, tiles = np.empty(n_cells, np.uint64), np.empty(n_cells + 1, np.int64)
    n_runs, n_tiles = _find_runs(cells, runs, tiles)
    order = np.arange(n_tiles)
    _shuffle(order, 0, n_tiles, random_state)
    shuffled, n = np.empty(n_runs, np.uint64), 0
    for place in range(n_tiles):
        first, end = tiles[order[place]], tiles[order[place] + 1]
        _shuffle(runs, first, end, random_state)
        for run in range(first, end):
            shuffled[n] = runs[run]
            n += 1
    return shuffled
