"""Counts types in bounded memory, by their numbers in a table."""

import numpy as np

from spacy_w2v._arrays import Counts, Offsets, TokenIds


class BoundedCounts:
    """The provisional ids of types, in order of first appearance, and the count of each type.

    When there are more than `max_types`, the rarest types are dropped. The threshold increases by one each time, as in
    `ReduceVocab` of word2vec.c. A dropped type loses its count, and gets a new id if it occurs again.
    """

    def __init__(self, max_types: int | None = None) -> None:
        self.max_types = max_types
        self.n_ids = 0
        """The number of ids so far, including those of dropped types."""
        self.n_dropped_types = 0
        self.n_dropped_tokens = 0
        self._n = 0
        self._ids = np.zeros(1 << 16, np.uint32)  # of each type in the table, with spare capacity
        self._counts = np.zeros(1 << 16, np.int64)
        self._min_reduce = 1

    def __len__(self) -> int:
        return self._n

    @property
    def ids(self) -> TokenIds:
        """The id of each type in the table, increasing."""
        return self._ids[: self._n]

    @property
    def counts(self) -> Counts:
        """The count of each type in the table."""
        return self._counts[: self._n]

    @property
    def is_too_large(self) -> bool:
        """Whether `drop_rarest` must be called."""
        return self.max_types is not None and self._n > self.max_types

    def new_id(self) -> int:
        """Return a new id that is not that of a type, for tokens whose types were dropped before."""
        self.n_ids += 1
        return self.n_ids - 1

    def add(self, numbers: Offsets, counts: Counts, *, n_types: int) -> TokenIds:
        """Add to the counts, and return the ids.

        Args:
            numbers: Distinct numbers of types in the table. New types have the highest ones, in order of appearance.
            counts: The number of occurrences of each of them.
            n_types: The number of types in the table, including the new ones.
        """
        n_new = n_types - self._n
        if n_types > self._counts.size:  # doubles the capacity
            self._ids = np.concatenate([self._ids, np.zeros(n_types, np.uint32)])
            self._counts = np.concatenate([self._counts, np.zeros(n_types, np.int64)])
        self._ids[self._n : n_types] = np.arange(self.n_ids, self.n_ids + n_new)
        self.n_ids += n_new
        self._n = n_types
        self._counts[numbers] += counts
        return self._ids[numbers]

    def drop_rarest(self) -> Offsets:
        """Drop the rarest types, and return the numbers of those that are kept, which are renumbered in this order."""
        counts = self.counts
        kept = np.flatnonzero(counts > self._min_reduce)
        self.n_dropped_types += self._n - kept.size
        self.n_dropped_tokens += int(counts.sum() - counts[kept].sum())
        self._ids[: kept.size] = self._ids[kept]
        self._counts[: kept.size] = counts[kept]
        self._counts[kept.size :] = 0
        self._n = kept.size
        self._min_reduce += 1
        return kept
