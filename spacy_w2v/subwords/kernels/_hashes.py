"""The hashes of n-grams: FNV-1a as fastText computes it, and MurmurHash3 as floret does."""

import numpy as np

from spacy_w2v._jit import inlined, inner

FNV_OFFSET, FNV_PRIME = np.uint64(2_166_136_261), np.uint64(16_777_619)
"""FNV-1a of 32 bits (Fowler, Noll and Vo)."""
LOW_HALF, HIGH_HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
SIGN, SIGN_BITS = np.uint64(0x80), np.uint64(0xFFFFFF00)

# MurmurHash3_x64_128 (Appleby, public domain)
FACTOR_1, FACTOR_2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
ADDED_1, ADDED_2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
MIX_SHIFT = np.uint64(33)
MIX_FACTOR_1, MIX_FACTOR_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
BITS, FIVE = np.uint64(64), np.uint64(5)
BLOCK = 16  # bytes


@inlined
def fnv_step(value, byte):
    """Return the FNV-1a hash of a text that is longer by a byte, as uint64 below 2³².

    As in `Dictionary::hash` of fastText (src/dictionary.cc), a byte is a signed number, which is extended to 32 bits.
    """
    extended = np.uint64(byte)
    if extended & SIGN:
        extended |= SIGN_BITS
    return ((value ^ extended) * FNV_PRIME) & LOW_HALF


@inlined
def rotated(value, n_bits):
    """Return a number of 64 bits, rotated to the left."""
    return (value << n_bits) | (value >> (BITS - n_bits))


@inlined
def eight_bytes(data, start, end):
    """Return up to eight bytes, from `start` on and before `end`, as a little-endian number."""
    value = np.uint64(0)
    for i in range(start, min(start + 8, end)):
        value |= np.uint64(data[i]) << np.uint64(8 * (i - start))
    return value


@inlined
def scrambled(word, factor, n_bits, other_factor):
    """Return what MurmurHash3 makes of eight bytes before they enter a half of its state."""
    return rotated(word * factor, n_bits) * other_factor


@inlined
def finished(value):
    """Return the final mix of a half: fmix64 of MurmurHash3."""
    value = (value ^ (value >> MIX_SHIFT)) * MIX_FACTOR_1
    value = (value ^ (value >> MIX_SHIFT)) * MIX_FACTOR_2
    return value ^ (value >> MIX_SHIFT)


@inner
def murmur_hash(data, start, end, seed):
    """Return the two halves of MurmurHash3_x64_128 of data[start:end], uint64.

    Args:
        data: An array of bytes.
        start: The offset of the first byte.
        end: The offset after the last byte.
        seed: The seed, uint64 below 2³².
    """
    first = second = seed
    place = start
    while place + BLOCK <= end:
        first ^= scrambled(eight_bytes(data, place, end), FACTOR_1, np.uint64(31), FACTOR_2)
        first = (rotated(first, np.uint64(27)) + second) * FIVE + ADDED_1
        second ^= scrambled(eight_bytes(data, place + 8, end), FACTOR_2, np.uint64(33), FACTOR_1)
        second = (rotated(second, np.uint64(31)) + first) * FIVE + ADDED_2
        place += BLOCK
    # no bytes make 0, which changes nothing
    second ^= scrambled(eight_bytes(data, place + 8, end), FACTOR_2, np.uint64(33), FACTOR_1)
    first ^= scrambled(eight_bytes(data, place, end), FACTOR_1, np.uint64(31), FACTOR_2)
    first ^= np.uint64(end - start)
    second ^= np.uint64(end - start)
    first += second
    second += first
    first, second = finished(first), finished(second)
    first += second
    return first, second + first
