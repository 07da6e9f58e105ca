"""A hash table of pairs of words, with a number for each: the count of the pair, or the phrase that it is.

A pair has a first and a second word, and between them a sequence of connector words, which is mostly empty. Sequences
have numbers, as `_units.Sequences` gives them. All of a pair is in its slot, so the counts are exact.
"""

import numpy as np
from numba import config
from numpy.typing import NDArray

from spacy_w2v._jit import exact_kernel, inner
from spacy_w2v.kernels.tiles._row_instructions import prefetch_row

PairSlots = NDArray[np.uint64]
"""2 × 2^k numbers, two for each slot: first · 2³² + second, and sequence · 2⁴⁰ + number. A number of 0 is no pair."""

NUMBER_BITS = np.uint64(40)
NUMBER_MASK = np.uint64((1 << 40) - 1)
MOST_SEQUENCES = 1 << 24
"""Sequences of connector words: their numbers have 24 bits."""
HALF, ONE = np.uint64(32), np.uint64(1)
AHEAD = 16
"""Pairs between the prefetch of a slot and its use."""


def _no_prefetch(address, n_lines):
    """Do nothing, for tests without compilation."""


prefetch = _no_prefetch if config.DISABLE_JIT else prefetch_row


@inner
def hash_of(key, sequence):
    """Return 64 well-mixed bits of a pair: the finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    bits = key ^ (np.uint64(sequence) * np.uint64(0x9E3779B97F4A7C15))
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@inner
def find_number(slots, key, sequence):
    """Return the number of a pair, or 0 if the table does not have it."""
    mask = np.uint64(slots.shape[0] // 2 - 1)
    slot = hash_of(key, sequence) & mask
    while True:
        value = slots[slot + slot + ONE]
        number = value & NUMBER_MASK
        if number == 0 or (slots[slot + slot] == key and value >> NUMBER_BITS == sequence):
            return number
        slot = (slot + ONE) & mask


@exact_kernel
def count_pairs(keys, sequences, begin, slots, n_before, most, low, high):
    """Count pairs whose hash is within bounds, until the table has a number of pairs.

    Args:
        keys: first · 2³² + second of each pair (uint64).
        sequences: The number of the connector words between them (uint32).
        begin: The first pair to count.
        slots: The table, whose numbers are counts.
        n_before: The number of pairs in the table.
        most: The number of pairs in the table at which counting stops. It is less than the number of slots.
        low: The lowest hash (uint64).
        high: The highest hash (uint64).

    Returns:
        The number of pairs in the table, and the first pair that has not been counted.
    """
    mask, n = np.uint64(slots.shape[0] // 2 - 1), n_before
    address, last = slots.ctypes.data, keys.shape[0] - 1
    for i in range(begin, keys.shape[0]):
        ahead = min(i + AHEAD, last)
        bits = hash_of(keys[ahead], np.uint64(sequences[ahead]))
        if low <= bits <= high:
            prefetch(address + 16 * np.int64(bits & mask), 1)
        key, sequence = keys[i], np.uint64(sequences[i])
        bits = hash_of(key, sequence)
        if bits < low or bits > high:
            continue
        slot = bits & mask
        while True:
            value = slots[slot + slot + ONE]
            if value & NUMBER_MASK == 0:
                if n == most:
                    return n, i
                slots[slot + slot] = key
                slots[slot + slot + ONE] = (sequence << NUMBER_BITS) | ONE
                n += 1
                break
            if slots[slot + slot] == key and value >> NUMBER_BITS == sequence:
                slots[slot + slot + ONE] = value + ONE
                break
            slot = (slot + ONE) & mask
    return n, keys.shape[0]


@exact_kernel
def move_pairs(source, slots):
    """Put all pairs of one table, or of a list in the same form, into another table, which has none of them."""
    mask = np.uint64(slots.shape[0] // 2 - 1)
    for i in range(0, source.shape[0], 2):
        key, value = source[i], source[i + 1]
        if value & NUMBER_MASK == 0:
            continue
        slot = hash_of(key, value >> NUMBER_BITS) & mask
        while slots[slot + slot + ONE] & NUMBER_MASK != 0:
            slot = (slot + ONE) & mask
        slots[slot + slot] = key
        slots[slot + slot + ONE] = value


@exact_kernel
def list_pairs(slots, low, high, least, pairs):
    """List the pairs of a table whose hash is within bounds and whose number is not less than `least`.

    Args:
        slots: The table.
        low: The lowest hash (uint64).
        high: The highest hash (uint64).
        least: The least number (uint64), at least 1.
        pairs: Receives the pairs in the form of slots, as many as it has room for.

    Returns:
        The number of such pairs.
    """
    n = 0
    for i in range(0, slots.shape[0], 2):
        key, value = slots[i], slots[i + 1]
        if value & NUMBER_MASK < least:
            continue
        bits = hash_of(key, value >> NUMBER_BITS)
        if low <= bits <= high:
            if 2 * n < pairs.shape[0]:
                pairs[2 * n], pairs[2 * n + 1] = key, value
            n += 1
    return n
