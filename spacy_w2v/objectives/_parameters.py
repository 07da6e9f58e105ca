"""The arrays that are trained: their initial values, and the padding that kernels need.

The rows of matrices are padded with zeros to whole cache lines. Training leaves the padding zero. Shapes are given
without padding, as `Objective.shapes` returns them.
"""

from collections.abc import Mapping

import numpy as np

from spacy_w2v._arrays import Parameters, Vectors

Shape = tuple[int, ...]

ROW_FLOATS = 16
"""The length of a padded row is a multiple of this number of float32: a cache line, and the widest vector."""

ROWS_PER_COPY = 1024
"""Rows that are moved at a time when padding is removed."""


def zero_parameters(shapes: Mapping[str, Shape]) -> Parameters:
    """Return arrays of zeros with these shapes, padded."""
    return {name: aligned_zeros(shape) for name, shape in shapes.items()}


def aligned_zeros(shape: Shape) -> Vectors:
    """Return padded, C-contiguous zeros, float32, whose address is a multiple of 64 bytes, a cache line."""
    padded = (*shape[:-1], _padded_size(shape[-1])) if len(shape) > 1 else shape
    n_values = int(np.prod(padded))
    buffer = np.zeros(n_values + 16, np.float32)
    first = (-buffer.ctypes.data % 64) // 4
    return buffer[first : first + n_values].reshape(padded)


def _padded_size(vector_size: int) -> int:
    return -(-vector_size // ROW_FLOATS) * ROW_FLOATS


def fill_at_random(matrix: Vectors, *, vector_size: int, seed: int | tuple[int, ...], half_width: float = 0.5) -> None:
    """Fill the first d = vector_size columns with uniform random numbers in [−half_width/d, half_width/d).

    Args:
        matrix: float32[v, ≥ d]; the matrix to fill.
        vector_size: d.
        seed: Seed of the random numbers: one number, or several.
        half_width: The end of the interval, times d. 0.5 is that of `InitNet` in word2vec.c.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    rows = max(1, (1 << 20) // vector_size)  # in blocks of rows, to avoid a second matrix in memory
    for start in range(0, len(matrix), rows):
        block = generator.random((len(matrix[start : start + rows]), vector_size), dtype=np.float32)
        matrix[start : start + rows, :vector_size] = (block - np.float32(0.5)) / np.float32(
            vector_size / (2 * half_width)
        )


def unpadded_views(parameters: Parameters, shapes: Mapping[str, Shape]) -> Parameters:
    """Return views of the parameters without padding. Their rows are not contiguous in memory."""
    return {name: parameters[name][tuple(slice(size) for size in shape)] for name, shape in shapes.items()}


def without_padding(parameters: Parameters, shapes: Mapping[str, Shape]) -> Parameters:
    """Return the parameters without padding, C-contiguous, in the memory of the padded ones.

    The padded parameters must not be used afterwards. Copies would be the largest arrays that training ever holds.
    """
    return {name: _packed(parameters[name], shape) for name, shape in shapes.items()}


def _packed(array: Vectors, shape: Shape) -> Vectors:
    if array.shape == shape:
        return array
    n_rows, size = shape
    flat = array.reshape(-1)
    for start in range(0, n_rows, ROWS_PER_COPY):
        rows = array[start : start + ROWS_PER_COPY, :size].copy()
        flat[start * size : start * size + rows.size] = rows.reshape(-1)
    return flat[: n_rows * size].reshape(shape)


def n_bytes(shapes: Mapping[str, Shape]) -> int:
    """Return the size of parameters without padding, in bytes."""
    return sum(4 * int(np.prod(shape)) for shape in shapes.values())
