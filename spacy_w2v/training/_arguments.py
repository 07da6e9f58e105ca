"""What kernels take that follows from settings: the weights, padded as kernels need them, and KernelSettings."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import NO_WORDS, KernelSettings, Vectors, Weights
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import TrainingKernel

ROW_FLOATS = 16
"""Rows of weights are multiples of so many float32: a cache line, and the widest vector."""

ROWS_MOVED = 1024
"""Rows that are moved at a time when padding is taken off."""


def initial_weights(*, n_words: int, n_outputs: int, vector_size: int, seed: int) -> Weights:
    """Return small random input vectors and zero output vectors, as word2vec.c starts.

    Rows are padded with zeros to whole cache lines, which training leaves zero; `without_padding` takes them off.
    """
    size = padded_size(vector_size)
    return Weights(
        input=initial_input_vectors(n_words=n_words, vector_size=vector_size, padded_size=size, seed=seed),
        output=aligned_zeros(n_outputs, size),
    )


def padded_size(vector_size: int) -> int:
    """Return the number of columns of weights for vectors of this size."""
    return -(-vector_size // ROW_FLOATS) * ROW_FLOATS


def without_padding(matrix: Vectors, vector_size: int) -> Vectors:
    """Return the first columns of a matrix of weights, whose rows are moved together in its own memory.

    The matrix itself is of no use after that. A copy would be the largest thing that training ever holds.
    """
    n_words, padded_size = matrix.shape
    if padded_size == vector_size:
        return matrix
    flat = matrix.reshape(-1)
    for start in range(0, n_words, ROWS_MOVED):
        rows = matrix[start : start + ROWS_MOVED, :vector_size].copy()
        flat[start * vector_size : start * vector_size + rows.size] = rows.reshape(-1)
    return flat[: n_words * vector_size].reshape(n_words, vector_size)


def kernel_settings(
    model: ModelSettings, kernel: TrainingKernel, *, n_workers: int = 1, frozen: NDArray[np.bool_] = NO_WORDS
) -> KernelSettings:
    """Return the settings of a model for one of the kernels that train it, of which n_workers run at a time.

    frozen: words whose input vectors stay as they are, see KernelSettings.
    """
    return KernelSettings(
        window=model.window,
        shrink_windows=model.shrink_windows,
        negative=model.negative,
        cbow_mean=model.cbow_mean,
        block=kernel.block,
        n_noise=kernel.n_noise,
        workers=n_workers,
        frozen=frozen,
    )


def initial_input_vectors(*, n_words: int, vector_size: int, padded_size: int, seed: int) -> Vectors:
    """Return v × padded_size vectors, uniform in (−0.5/d, 0.5/d) in their first d = vector_size columns, else zero.

    The interval is that of `InitNet` in word2vec.c.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    vectors = aligned_zeros(n_words, padded_size)
    rows = max(1, (1 << 20) // vector_size)  # some rows at a time: no second matrix in memory
    for start in range(0, n_words, rows):
        block = generator.random((min(rows, n_words - start), vector_size), dtype=np.float32)
        vectors[start : start + rows, :vector_size] = (block - np.float32(0.5)) / np.float32(vector_size)
    return vectors


def aligned_zeros(n_rows: int, n_columns: int) -> Vectors:
    """Return a C-contiguous matrix of zeros that begins at the start of a cache line (64 bytes)."""
    n_values = n_rows * n_columns
    buffer = np.zeros(n_values + 16, np.float32)
    first = (-buffer.ctypes.data % 64) // 4
    return buffer[first : first + n_values].reshape(n_rows, n_columns)
