"""Pairs of inputs and outputs in groups of one input and four outputs: cheaper than tiles where outputs differ."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._instructions import gradients, group_products, group_update
from spacy_w2v.kernels.tiles._llvm import LANES, QUADS
from spacy_w2v.kernels.tiles._rows import aligned


class Groups(NamedTuple):
    """Buffers for g groups."""

    inputs: np.ndarray  # int64[g], number of the input within the step
    x_rows: np.ndarray  # int64[g], its row
    y_rows: np.ndarray  # int64[4 g], rows of four outputs
    labels: np.ndarray  # float32[4 g], 1 or -1: to be predicted or not; 0 where padded
    gradient: np.ndarray  # float32[4 g]


@inner
def make_groups(n_groups):
    """Buffers for so many groups, and for the padding to a whole tile."""
    g = n_groups + QUADS
    return Groups(
        np.empty(g, np.int64), np.empty(g, np.int64), np.empty(4 * g, np.int64), aligned(4 * g), aligned(4 * g)
    )


@inlined
def pad_groups(n_groups, rows, groups):
    """Fill up the last tile."""
    for g in range(n_groups, (n_groups + QUADS - 1) // QUADS * QUADS):
        groups.x_rows[g] = rows.zero
        for j in range(4 * g, 4 * g + 4):
            groups.y_rows[j], groups.labels[j] = rows.zero, 0.0


@inlined
def find_gradients(n_groups, alpha, n_vectors, groups, loss):
    """The gradients of all groups at the current weights."""
    x_rows, y_rows, gradient = groups.x_rows.ctypes.data, groups.y_rows.ctypes.data, groups.gradient.ctypes.data
    n_tiles = (n_groups + QUADS - 1) // QUADS
    for q in range(n_tiles):
        group_products(x_rows + 8 * QUADS * q, y_rows + 8 * LANES * q, n_vectors, gradient + 4 * LANES * q)
    gradients(gradient, groups.labels.ctypes.data, n_tiles, alpha, loss)


@inlined
def change_outputs(n_groups, n_vectors, groups, sums):
    """Change the outputs, and add the changes of the inputs to `sums`."""
    y_rows, gradient = groups.y_rows.ctypes.data, groups.gradient.ctypes.data
    for g in range(n_groups):
        of_input = sums + 4 * LANES * groups.inputs[g]
        group_update(groups.x_rows[g], y_rows + 32 * g, gradient + 16 * g, of_input, n_vectors)
