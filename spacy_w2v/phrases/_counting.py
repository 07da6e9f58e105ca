"""Counts pairs exactly in bounded memory.

Pairs are counted in a hash table. If it is full, the pairs in the upper half of its range of hashes are dropped, as in
adaptive sampling (Flajolet 1990), and the corpus is read again for them later. So every pair is counted in full, the
number of different pairs is exact too, which gensim's score needs, and the result does not depend on the memory.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, TokenIds
from spacy_w2v.phrases._sequences import SequenceList
from spacy_w2v.phrases._units import Units
from spacy_w2v.phrases.kernels._pairs import (
    HALF,
    NUMBER_BITS,
    NUMBER_MASK,
    PairSlots,
    count_pairs,
    list_pairs,
    move_pairs,
)
from spacy_w2v.phrases.kernels._units import pairs_of

BYTES_OF_SLOT = 16
PEAK_SLOTS = 1.5
"""Slots in memory, in proportion to those of the largest table: while it grows, there is one of half its size too."""
LOAD = 0.7
"""The share of slots that may have a pair. With linear probing, a new pair then looks at 6 slots on average. A cache
line has 4."""
LEAST_SLOTS = 1 << 10
TOKENS_OF_SLOT = 2
"""Tokens for each slot of the first table. 3 million words of Wikipedia have a third as many different pairs, and 17
million a quarter."""
MOST_HASH = (1 << 64) - 1

ReadUnits = Callable[[], Iterator[Units]]
"""Reads the units of the corpus from the beginning, chunk by chunk."""


class CountedPairs(NamedTuple):
    """The pairs of a corpus that are frequent enough, in an order that depends on the memory. n = pairs."""

    firsts: TokenIds
    """n; the first unit of each pair."""
    seconds: TokenIds
    """n; the second unit."""
    sequences: TokenIds
    """n; the number of the connector words between them."""
    counts: Counts
    """n; the number of times that the pair occurs."""
    n_distinct: int
    """The number of all different pairs, those that are too rare included."""
    unit_counts: Counts
    """The count of each unit that is not a connector word."""
    n_tokens: int
    """The number of units, connector words included."""
    n_readings: int
    """The number of times that the corpus was read."""

    def where(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "CountedPairs":
        """Return some of the pairs, by a mask or by their numbers."""
        return self._replace(
            firsts=self.firsts[which],
            seconds=self.seconds[which],
            sequences=self.sequences[which],
            counts=self.counts[which],
        )


class PairCounter:
    """Counts the pairs in a range of hashes, which shrinks if there are more pairs than fit into memory."""

    def __init__(self, *, n_slots: int, most_slots: int):
        self.low = 0
        self.high = MOST_HASH
        """The bounds of the hashes, both included."""
        self.n_pairs = 0
        self._most_slots = most_slots
        self._slots: PairSlots = np.zeros(2 * min(n_slots, most_slots), np.uint64)

    def add(self, keys: NDArray[np.uint64], sequences: TokenIds) -> None:
        """Count pairs.

        Args:
            keys: first · 2³² + second of each pair.
            sequences: The number of the connector words between them.
        """
        place = 0
        while place < keys.size:
            self.n_pairs, place = count_pairs(
                keys, sequences, place, self._slots, self.n_pairs, self._most_pairs, *self._bounds
            )
            if place < keys.size:
                self._make_room()

    def start_next_range(self) -> None:
        """Clear the table, to count the pairs of higher hashes."""
        self.low, self.high, self.n_pairs = self.high + 1, MOST_HASH, 0
        self._slots[:] = 0

    def frequent(self, least: int) -> PairSlots:
        """Return the pairs that occur at least this often, in the form of slots."""
        bounds = (*self._bounds, np.uint64(least))
        pairs = np.empty(2 * list_pairs(self._slots, *bounds, np.empty(0, np.uint64)), np.uint64)
        list_pairs(self._slots, *bounds, pairs)
        return pairs

    @property
    def _bounds(self) -> tuple[np.uint64, np.uint64]:
        return np.uint64(self.low), np.uint64(self.high)

    @property
    def _most_pairs(self) -> int:
        return int(LOAD * (self._slots.size // 2))

    def _make_room(self) -> None:
        """Double the table, or if it is as large as it may be, drop the pairs in the upper half of the range."""
        if self._slots.size < 2 * self._most_slots:
            larger = np.zeros(2 * self._slots.size, np.uint64)
            move_pairs(self._slots, larger)
            self._slots = larger
            return
        self.high = self.low + (self.high - self.low) // 2
        kept = self.frequent(1)
        self._slots[:] = 0
        move_pairs(kept, self._slots)
        self.n_pairs = kept.size // 2


def most_slots_of(memory_gb: float) -> int:
    """Return the number of slots of the largest table, a power of 2, that a number of gigabytes has room for."""
    n_slots = int(memory_gb * 1e9 / (PEAK_SLOTS * BYTES_OF_SLOT))
    return max(1 << max(n_slots.bit_length() - 1, 0), LEAST_SLOTS)


def count_all_pairs(
    read: ReadUnits, sequences: SequenceList, *, n_units: int, n_tokens: int, least: int, memory_gb: float
) -> CountedPairs:
    """Count the pairs of a corpus.

    Args:
        read: Reads the corpus.
        sequences: The sequences of connector words, to which those between pairs are added.
        n_units: The number of words and phrases.
        n_tokens: The number of tokens, from which the size of the first table is chosen.
        least: The least count of pairs to return, at least 1.
        memory_gb: The memory for the table, in gigabytes.

    Raises:
        ConfigError: There are too many different sequences of connector words.
        StorageError: The corpus is damaged.
    """
    most_slots = most_slots_of(memory_gb)
    n_slots = 1 << max(n_tokens // TOKENS_OF_SLOT, LEAST_SLOTS).bit_length()
    counter = PairCounter(n_slots=n_slots, most_slots=most_slots)
    n_distinct, n_read = 0, 0
    found: list[PairSlots] = []
    unit_counts = np.zeros(n_units, np.int64)
    while not found or counter.high < MOST_HASH:
        if found:
            counter.start_next_range()
        unit_counts[:] = 0
        n_read = 0
        for units in read():
            sequences.reserve(units.words.size)
            keys, between = np.empty(units.words.size, np.uint64), np.empty(units.words.size, np.uint32)
            n = pairs_of(units.words, units.offsets, sequences.arrays, unit_counts, keys, between)
            counter.add(keys[:n], between[:n])
            n_read += units.words.size
        found.append(counter.frequent(least))
        n_distinct += counter.n_pairs
    sequences.check()  # of the last chunk
    pairs = np.concatenate(found).reshape(-1, 2)
    return CountedPairs(
        firsts=(pairs[:, 0] >> HALF).astype(np.uint32),
        seconds=pairs[:, 0].astype(np.uint32),
        sequences=(pairs[:, 1] >> NUMBER_BITS).astype(np.uint32),
        counts=(pairs[:, 1] & NUMBER_MASK).astype(np.int64),
        n_distinct=n_distinct,
        unit_counts=unit_counts,
        n_tokens=n_read,
        n_readings=len(found),
    )
