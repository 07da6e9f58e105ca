"""Rows of the weights by their addresses, which is how tiles take them."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._llvm import LANES


class Rows(NamedTuple):
    """Where the rows lie: addresses and sizes in bytes."""

    input: int
    output: int
    zero: int  # a row of zeros, for what has to be padded
    scratch: int  # rows for input vectors that do not stand in one row of their own, or may not change
    frozen: int  # a byte for each word, not 0 if it is frozen; 0 if no word is
    n_bytes: int


@inlined
def rows_of(weights, zero, scratch, settings):
    """The rows of the weights; a row of zeros and those of scratch memory, as wide."""
    return Rows(
        weights.input.ctypes.data, weights.output.ctypes.data, zero.ctypes.data, scratch.ctypes.data,
        settings.frozen.ctypes.data if settings.frozen.size else 0, weights.input.shape[1] * 4,
    )  # fmt: skip


@inner
def aligned(size):
    """float32 zeros on cache lines of their own: a 64-byte store across two lines costs twice.

    Lines of 128 bytes, as Apple's processors have them: what another thread writes is on none of them.
    """
    buffer = np.zeros(size + 64, np.float32)
    first = (-buffer.ctypes.data & 127) >> 2
    return buffer[first : first + size]


@inlined
def reduce_loss(lanes):
    """The sum of all lanes, which are cleared."""
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
        lanes[lane] = 0.0
    return total
