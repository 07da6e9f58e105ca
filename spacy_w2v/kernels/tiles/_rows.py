"""Rows of the weights by their addresses, which is how tiles take them."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._instructions import byte_at, take_row
from spacy_w2v.kernels.tiles._llvm import LANES


class Rows(NamedTuple):
    """Where the rows lie: addresses and sizes in bytes."""

    input: int
    output: int
    zero: int  # a row of zeros, for what has to be padded
    spare: int  # rows for the changes that frozen input vectors would take
    frozen: int  # a byte for each word, not 0 if it is frozen; 0: none is
    n_bytes: int


@inlined
def rows_of(weights, zero, spare, settings):
    """The rows of the weights; a row of zeros and spare ones, as wide."""
    return Rows(
        weights.input.ctypes.data, weights.output.ctypes.data, zero.ctypes.data, spare.ctypes.data,
        settings.frozen.ctypes.data if settings.frozen.size else 0, weights.input.shape[1] * 4,
    )  # fmt: skip


@inlined
def input_row(word, rows):
    """The input row of a word."""
    return rows.input + np.int64(word) * rows.n_bytes


@inlined
def row_stays(word, rows):
    """Whether the input row of a word is frozen."""
    return rows.frozen != 0 and byte_at(rows.frozen + np.int64(word)) != 0


@inlined
def input_row_to_change(word, slot, rows):
    """The input row of a word for a step that reads and changes it: of a frozen one a copy, in spare row `slot`."""
    row = input_row(word, rows)
    if row_stays(word, rows):
        copy = rows.spare + slot * rows.n_bytes
        take_row(row, copy, copy, rows.n_bytes // (4 * LANES))
        row = copy
    return row


@inner
def aligned(size):
    """float32 zeros on cache lines of their own: a 64-byte store across two lines costs twice.

    Lines of 128 bytes, as Apple's processors have them: what another thread writes is on none of them.
    """
    buffer = np.zeros(size + 64, np.float32)
    first = (-buffer.ctypes.data & 127) >> 2
    return buffer[first : first + size]


@inlined
def take_loss(lanes):
    """The sum of all lanes, which are cleared."""
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
        lanes[lane] = 0.0
    return total
