"""Groups of one input and four outputs, which are cheaper than tiles if each input has its own outputs."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._instructions import GROUPS, gradients, group_products, group_update
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned


class Groups(NamedTuple):
    """Buffers for g groups."""

    inputs: np.ndarray  # int64[g], index of the input within the step
    x_rows: np.ndarray  # int64[g], address of its row
    y_rows: np.ndarray  # int64[4 g], addresses of the rows of four outputs
    labels: np.ndarray  # float32[4 g], 1 if the output is to be predicted, -1 if not, 0 for padding
    gradient: np.ndarray  # float32[4 g]


@inner
def make_groups(n_groups):
    """Return buffers for n_groups groups, and for the padding."""
    g = n_groups + GROUPS
    return Groups(
        np.empty(g, np.int64), np.empty(g, np.int64), np.empty(4 * g, np.int64), aligned(4 * g), aligned(4 * g)
    )


@inlined
def pad_groups(n_groups, rows, groups):
    """Pad with groups of zeros, up to a multiple of GROUPS."""
    for g in range(n_groups, (n_groups + GROUPS - 1) // GROUPS * GROUPS):
        groups.x_rows[g] = rows.zero
        for j in range(4 * g, 4 * g + 4):
            groups.y_rows[j], groups.labels[j] = rows.zero, 0.0


@inlined
def find_gradients(n_groups, alpha, n_vectors, groups, loss):
    """Compute the gradients of all groups at the current weights, and add their losses to `loss`.

    alpha: the learning rate. n_vectors: d / LANES. loss: address of LANES partial sums.
    """
    x_rows, y_rows, gradient = groups.x_rows.ctypes.data, groups.y_rows.ctypes.data, groups.gradient.ctypes.data
    n_padded = (n_groups + GROUPS - 1) // GROUPS * GROUPS
    for g in range(0, n_padded, GROUPS):
        group_products(x_rows + 8 * g, y_rows + 32 * g, n_vectors, gradient + 16 * g)
    gradients(gradient, groups.labels.ctypes.data, 4 * n_padded // LANES, alpha, loss)


@inlined
def change_outputs(n_groups, n_vectors, groups, sums):
    """Update the outputs, and add the changes of the inputs to the array at the address `sums`."""
    y_rows, gradient = groups.y_rows.ctypes.data, groups.gradient.ctypes.data
    for g in range(n_groups):
        input_sums = sums + 4 * LANES * groups.inputs[g]
        group_update(groups.x_rows[g], y_rows + 32 * g, gradient + 16 * g, input_sums, n_vectors)
