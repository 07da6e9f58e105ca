"""Addresses of the rows of the weights, and aligned buffers."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._llvm import LANES


class Rows(NamedTuple):
    """The addresses of the weights and buffers, and the size of a row."""

    input: int  # the input vector with the number 0; see `blocked._input_spans`
    output: int  # first output row
    zero: int  # a row of zeros, for padding
    scratch: int  # rows for copies of frozen input vectors
    frozen: int  # one byte for each word, not 0 if it is frozen; or 0 if no word is frozen
    n_bytes: int  # size of a row
    n_vectors: int  # vectors of a row that are not padding only


@inlined
def rows_of(first_input, weights, zero, scratch, settings):
    """Return the addresses of the rows.

    Args:
        first_input: Address of the input vector with the number 0.
        weights: The weights.
        zero: float32[d]; a row of zeros.
        scratch: float32; the scratch rows, one after another. It may be empty.
        settings: KernelSettings, for the frozen words and the number of columns.
    """
    n_columns = settings.vector_size if settings.vector_size else weights.input.shape[1]
    return Rows(
        first_input, weights.output.ctypes.data, zero.ctypes.data, scratch.ctypes.data,
        settings.frozen.ctypes.data if settings.frozen.size else 0, weights.input.shape[1] * 4,
        (n_columns + LANES - 1) // LANES,
    )  # fmt: skip


@inner
def aligned(size):
    """Return float32[size], zeros that share no cache line with other memory.

    A 64-byte store across two lines costs twice as much. Lines are taken as 128 bytes, as on Apple's processors, so
    that no other thread writes to them.
    """
    buffer = np.zeros(size + 64, np.float32)
    first = (-buffer.ctypes.data & 127) >> 2
    return buffer[first : first + size]


@inlined
def reduce_loss(lanes):
    """Return the sum of float32[LANES] as float64, and clear it."""
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
        lanes[lane] = 0.0
    return total
