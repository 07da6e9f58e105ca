"""Bit sets of two levels, from which the columns of a row, or the cells of a tile, are read in ascending order.

Bit i of `bits` stands for number i. Bit j of `summary` stands for word j of `bits`, and is set if that word is not 0.
So a set of few numbers is read without a look at every word.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from spacy_w2v._jit import inlined
from spacy_w2v.kernels.tiles._row_instructions import prefetch_row

ONE, SIX, TWELVE, LOW_SIX = np.uint64(1), np.uint64(6), np.uint64(12), np.uint64(63)
TOP = ONE << LOW_SIX


@intrinsic
def _count_trailing_zeros(typing_context, bits):
    """Return the place of the lowest set bit of a 64-bit number other than 0."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@intrinsic
def _population(typing_context, bits):
    """Return the number of set bits of a 64-bit number."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _count_bits(bits):
    """Return the same in Python, for tests without compilation."""
    return int(bits).bit_count()


def _lowest_bit(bits):
    """Return the same in Python, for tests without compilation."""
    return np.uint64((int(bits) & -int(bits)).bit_length() - 1)


def _no_prefetch(address, n_lines):
    """Do nothing, for tests without compilation."""


lowest_bit = _lowest_bit if config.DISABLE_JIT else _count_trailing_zeros
"""Return the place of the lowest set bit of a uint64 other than 0."""
count_bits = _count_bits if config.DISABLE_JIT else _population
"""Return the number of set bits of a uint64."""
prefetch = _no_prefetch if config.DISABLE_JIT else prefetch_row
"""Prefetch a number of cache lines from an address."""


@inlined
def add_to_set(number, bits, summary):
    """Add a number (uint64) to a set."""
    bits[number >> SIX] |= ONE << (number & LOW_SIX)
    summary[number >> TWELVE] |= ONE << ((number >> SIX) & LOW_SIX)


def n_words_of_bits(size: int) -> int:
    """Return the number of 64-bit words of a set of numbers below `size`."""
    return (size + 63) // 64
