"""Goes over units: words, and phrases that earlier passes have joined. Lists their pairs, and joins pairs to phrases.

A unit is a number: of a word, of a connector word if its highest bit is set, or OUT_OF_VOCABULARY for a token whose
type was dropped. Phrases have the numbers after those of the words.

The rules are those of gensim's `Phrases`: a pair is two units with any number of connector words between them, a unit
is the end of a pair and the beginning of the next, and units are joined from left to right, without overlap.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY, Counts, TokenIds
from spacy_w2v._jit import exact_kernel, inner
from spacy_w2v.phrases.kernels._pairs import HALF, ONE, find_number, hash_of

CONNECTOR = np.uint32(1 << 31)
"""The bit of connector words."""
WORD_MASK = np.uint32((1 << 31) - 1)
UNKNOWN_SEQUENCE = np.uint32(0xFFFFFFFF)


class Sequences(NamedTuple):
    """Sequences of connector words. Each is a shorter sequence, its parent, and a word after it. Sequence 0 is empty.

    They are a hash table of pairs of a sequence and a word, with open addressing.
    """

    slots: TokenIds
    """2^k numbers; the sequence in each slot, or 0."""
    parents: TokenIds
    """n; the number of the sequence without its last word."""
    words: TokenIds
    """n; its last word."""
    size: Counts
    """1; the number of sequences, the empty one included. There is room for more."""


@inner
def _followed_by(sequences, parent, word, adds):
    """Return the number of a sequence and a word after it. If it is new, it is added, or UNKNOWN_SEQUENCE returned."""
    mask = np.uint64(sequences.slots.shape[0] - 1)
    slot = hash_of((np.uint64(parent) << HALF) | np.uint64(word), np.uint64(0)) & mask
    while True:
        number = sequences.slots[slot]
        if number == 0:
            break
        if sequences.parents[number] == parent and sequences.words[number] == word:
            return number
        slot = (slot + ONE) & mask
    if not adds:
        return UNKNOWN_SEQUENCE
    number = np.uint32(sequences.size[0])
    sequences.size[0] += 1
    sequences.slots[slot], sequences.parents[number], sequences.words[number] = number, parent, word
    return number


@exact_kernel
def fill_slots(sequences):
    """Put all sequences into the slots, which are empty."""
    mask = np.uint64(sequences.slots.shape[0] - 1)
    for number in range(1, sequences.size[0]):
        key = (np.uint64(sequences.parents[number]) << HALF) | np.uint64(sequences.words[number])
        slot = hash_of(key, np.uint64(0)) & mask
        while sequences.slots[slot] != 0:
            slot = (slot + ONE) & mask
        sequences.slots[slot] = number


@exact_kernel
def add_sequence(sequences, words):
    """Return the number of a sequence of words (uint32), which is added if it is new."""
    number = np.uint32(0)
    for i in range(words.shape[0]):
        number = _followed_by(sequences, number, words[i], True)
    return number


@exact_kernel
def pairs_of(units, offsets, sequences, counts, keys, between):
    """List the pairs of a chunk, and count its units.

    Args:
        units: The units of the chunk (uint32).
        offsets: Boundaries of sentences in them.
        sequences: The sequences, to which those between pairs are added.
        counts: The count of each unit that is not a connector word, to which those of the chunk are added.
        keys: Receives first · 2³² + second of each pair (uint64). It has room for a pair for each unit.
        between: Receives the sequence between them (uint32).

    Returns:
        The number of pairs.
    """
    n = 0
    for sentence in range(offsets.shape[0] - 1):
        first, has_first, sequence = np.uint64(0), False, np.uint32(0)
        for i in range(offsets[sentence], offsets[sentence + 1]):
            unit = units[i]
            if unit < CONNECTOR:
                counts[unit] += 1
                keys[n] = (first << HALF) | np.uint64(unit)
                between[n] = sequence
                n += int(has_first)
                first, has_first, sequence = np.uint64(unit), True, np.uint32(0)
            elif unit == OUT_OF_VOCABULARY:
                has_first = False
            elif has_first:
                sequence = _followed_by(sequences, sequence, unit & WORD_MASK, True)
    return n


@exact_kernel
def join_pairs(units, starts, offsets, sequences, slots, first_phrase):
    """Join the pairs of a chunk that are phrases. The arrays are changed in place.

    Args:
        units: The units (uint32).
        starts: One more than units; the first token of each unit, and the end (int64).
        offsets: Boundaries of sentences in the units.
        sequences: The sequences of connector words that phrases have.
        slots: A table of pairs, in which the number of a pair is that of its phrase, from 1.
        first_phrase: The unit that stands for phrase 1.

    Returns:
        The number of units.
    """
    n, end, last = 0, offsets[0], starts[units.shape[0]]
    for sentence in range(offsets.shape[0] - 1):
        begin, end = end, offsets[sentence + 1]
        offsets[sentence] = n
        first, first_place, sequence = np.uint64(0), -1, np.uint32(0)
        for i in range(begin, end):
            unit, start = units[i], starts[i]
            if unit < CONNECTOR and first_place >= 0 and sequence != UNKNOWN_SEQUENCE:
                number = find_number(slots, (first << HALF) | np.uint64(unit), np.uint64(sequence))
                if number != 0:
                    units[first_place] = first_phrase + np.uint32(number - ONE)
                    n, first_place = first_place + 1, -1
                    continue
            units[n], starts[n] = unit, start
            if unit < CONNECTOR:
                first, first_place, sequence = np.uint64(unit), n, np.uint32(0)
            elif unit == OUT_OF_VOCABULARY:
                first_place = -1
            elif first_place >= 0 and sequence != UNKNOWN_SEQUENCE:
                sequence = _followed_by(sequences, sequence, unit & WORD_MASK, False)
            n += 1
    offsets[offsets.shape[0] - 1] = n
    starts[n] = last
    return n
