"""Compiled loops that number distinct strings, with a hash table over slices of UTF-8."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Offsets
from spacy_w2v._jit import inlined, kernel

# fmix64 of MurmurHash3 (Appleby, public domain): a bijection of 64-bit numbers
MIX_SHIFT = np.uint64(33)
MIX_FACTOR_1, MIX_FACTOR_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
BYTE, WORD = np.uint64(8), np.uint64(64)  # bits
LINE_BREAK = np.uint8(0x0A)


class Slices(NamedTuple):
    """Slices of an array of bytes. n = slices."""

    starts: Offsets
    """The offset of the first byte of each slice: n."""
    ends: Offsets
    """The offset after the last byte of each slice: n."""
    hashes: NDArray[np.uint64]
    """The hash of each slice, from `hash_of`: n."""


class StringIndex(NamedTuple):
    """Distinct strings, one per row, with a hash table (open addressing). r = capacity in rows."""

    slots: NDArray[np.int32]
    """The row of a string with hash h is in slot h modulo the size (a power of two), or in a later one. -1: empty."""
    hashes: NDArray[np.uint64]
    """The hash of each row: r."""
    starts: Offsets
    """The offset of each row in `text`, and the end: r + 1."""
    text: NDArray[np.uint8]
    """The bytes of all rows, with a line break after each."""
    n_seen: Counts
    """The number of lookups of each row: r."""
    n_rows: Counts
    """The number of rows in use: 1."""


@inlined
def mix(value):  # typed by numba
    """Return the hash of a 64-bit word. Different words have different hashes."""
    value = (value ^ (value >> MIX_SHIFT)) * MIX_FACTOR_1
    value = (value ^ (value >> MIX_SHIFT)) * MIX_FACTOR_2
    return value ^ (value >> MIX_SHIFT)


@inlined
def hash_of(data, start, end):  # typed by numba
    """Return the hash of data[start:end], computed in words of eight bytes.

    Two strings of the same length of up to eight bytes have the same hash only if they are equal.

    Args:
        data: An array of bytes.
        start: The offset of the first byte.
        end: The offset after the last byte.
    """
    value = np.uint64(0)
    word = np.uint64(0)
    shift = np.uint64(0)
    for i in range(start, end):
        word |= np.uint64(data[i]) << shift
        shift += BYTE
        if shift == WORD:
            value = mix(value ^ word)
            word = np.uint64(0)
            shift = np.uint64(0)
    return mix(value ^ word) if shift else value


def no_slices(n: int) -> Slices:
    """Return uninitialized arrays for n slices."""
    return Slices(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.uint64))


def hash_slices(data: NDArray[np.uint8], starts: Offsets, ends: Offsets) -> Slices:
    """Return slices with their hashes.

    Args:
        data: An array of bytes.
        starts: The offset of the first byte of each slice.
        ends: The offset after the last byte of each slice.
    """
    slices = Slices(starts, ends, np.empty(starts.size, np.uint64))
    write_hashes(data, slices)
    return slices


@kernel
def write_hashes(data: NDArray[np.uint8], slices: Slices) -> None:
    """Compute the hash of each slice, with the output `slices.hashes`."""
    starts, ends, hashes = slices
    for item in range(starts.size):
        hashes[item] = hash_of(data, starts[item], ends[item])


@kernel
def look_up(
    data: NDArray[np.uint8], slices: Slices, index: StringIndex, rows: NDArray[np.int32], first: int, is_fixed: bool
) -> int:
    """Look up the rows of slices, and add new strings.

    Args:
        data: The bytes of the slices.
        slices: The slices.
        index: The table, which is updated.
        rows: The output for the row of each slice.
        first: The slice to start with.
        is_fixed: Whether to write -1 for new strings, instead of adding them.

    Returns:
        The number of slices, or the first slice for which there is not enough space.
    """
    # The loop does not pass these arrays to functions: reference counting would double the time.
    slots, hashes, starts, text, n_seen, count = index
    slice_starts, slice_ends, slice_hashes = slices
    last_slot = np.uint64(slots.size - 1)
    n_rows = count[0]
    for item in range(first, slice_starts.size):
        value = slice_hashes[item]
        start = slice_starts[item]
        length = slice_ends[item] - start
        slot = value & last_slot
        row = slots[slot]
        while row >= 0:
            place = starts[row]
            if hashes[row] == value and starts[row + 1] - place == length + 1:
                i = 0 if length > 8 else length  # up to eight bytes, equal hashes mean equal strings
                while i < length and text[place + i] == data[start + i]:
                    i += 1
                if i == length:
                    break
            slot = (slot + np.uint64(1)) & last_slot
            row = slots[slot]
        if row < 0:
            if is_fixed:
                rows[item] = row
                continue
            place = starts[n_rows]
            if n_rows == hashes.size or place + length + 1 > text.size:
                count[0] = n_rows
                return item
            row = n_rows
            for i in range(length):
                text[place + i] = data[start + i]
            text[place + length] = LINE_BREAK
            hashes[row] = value
            starts[row + 1] = place + length + 1
            n_seen[row] = 0
            slots[slot] = row
            n_rows += 1
        n_seen[row] += 1
        rows[item] = row
    count[0] = n_rows
    return slice_starts.size


@kernel
def fill_slots(slots: NDArray[np.int32], hashes: NDArray[np.uint64]) -> None:
    """Add the rows 0, 1, … with these hashes to empty slots."""
    last_slot = np.uint64(slots.size - 1)
    for row in range(hashes.size):
        slot = hashes[row] & last_slot
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & last_slot
        slots[slot] = row
