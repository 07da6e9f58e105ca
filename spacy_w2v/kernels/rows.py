"""Rows of the weights by their addresses, which is how tiles take them."""

from typing import NamedTuple

import numpy as np

from spacy_w2v.kernels.jit import inlined, inner
from spacy_w2v.kernels.llvm import LANES


class Rows(NamedTuple):
    """Where the rows lie: addresses and sizes in bytes."""

    input: int
    output: int
    zero: int  # a row of zeros, for what has to be padded
    n_bytes: int


@inlined
def rows_of(weights, zero):
    """The rows of the weights, and a row of zeros as wide."""
    return Rows(weights.input.ctypes.data, weights.output.ctypes.data, zero.ctypes.data, weights.input.shape[1] * 4)


@inner
def aligned(size):
    """float32 zeros on a cache line of their own: a 64-byte store across two lines costs twice."""
    buffer = np.zeros(size + 16, np.float32)
    first = (-buffer.ctypes.data & 63) >> 2
    return buffer[first : first + size]


@inlined
def take_loss(lanes):
    """The sum of all lanes, which are cleared."""
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
        lanes[lane] = 0.0
    return total
