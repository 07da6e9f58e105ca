"""Counts the types of a corpus in bounded memory."""

import numpy as np

from spacy_w2v._arrays import Counts, Offsets, TokenIds
from spacy_w2v.tokenization._tokens import Types, TypeTable

UNKNOWN = -1


class TypeCounts:
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
        self._table = TypeTable()
        self._ids = np.zeros(1 << 16, np.uint32)  # of each type in the table, with spare capacity
        self._counts = np.zeros(1 << 16, np.int64)
        self._min_reduce = 1
        self._source = Types([], [])  # the types that have been added
        self._number_of_source = np.zeros(0, np.int64)  # the number of each type of _source in the table, or UNKNOWN
        self._has_one_source = True

    def __len__(self) -> int:
        return len(self._table)

    def add(self, types: Types, distinct_types: TokenIds, counts: Counts) -> TokenIds:
        """Add to the counts of types.

        Args:
            types: All types of an encoder.
            distinct_types: The types to count, as distinct indices into `types`.
            counts: The number of occurrences of each of them.

        Returns:
            The provisional id of each of `distinct_types`.
        """
        n_before = len(self)
        numbers = self._numbers_of(types, distinct_types)
        n_new = len(self) - n_before
        if len(self) > self._counts.size:
            n_added = len(self)  # doubles the capacity
            self._ids = np.concatenate([self._ids, np.zeros(n_added, np.uint32)])
            self._counts = np.concatenate([self._counts, np.zeros(n_added, np.int64)])
        self._ids[n_before : len(self)] = np.arange(self.n_ids, self.n_ids + n_new)
        self.n_ids += n_new
        self._counts[numbers] += counts
        ids = self._ids[numbers]
        if self.max_types is not None:
            while len(self) > self.max_types:
                self._drop_rarest()
        return ids

    def new_id(self) -> int:
        """Return a new id that is not that of a type, for tokens whose types were dropped before."""
        self.n_ids += 1
        return self.n_ids - 1

    def _numbers_of(self, types: Types, distinct_types: TokenIds) -> Offsets:
        """Return the numbers of types in the table, after adding new types."""
        if types is not self._source:
            self._has_one_source = len(self) == 0
            self._source, self._number_of_source = types, np.zeros(0, np.int64)
        n_new = len(types.orths) - self._number_of_source.size
        self._number_of_source = np.append(self._number_of_source, np.full(n_new, UNKNOWN, np.int64))
        numbers = self._number_of_source[distinct_types]
        new = distinct_types[numbers == UNKNOWN]
        if new.size:
            orths, keys = types.take(new)
            # If there is only one source, a type without a number is not in the table.
            self._number_of_source[new] = (
                self._table.add_new(orths, keys) if self._has_one_source else list(map(self._table.number, orths, keys))
            )
            numbers = self._number_of_source[distinct_types]
        return numbers

    def _drop_rarest(self) -> None:
        counts = self._counts[: len(self)]
        kept = np.flatnonzero(counts > self._min_reduce)
        self.n_dropped_types += len(self) - kept.size
        self.n_dropped_tokens += int(counts.sum() - counts[kept].sum())
        self._ids[: kept.size] = self._ids[kept]
        self._counts[: kept.size] = counts[kept]
        self._counts[kept.size :] = 0
        self._table.keep(kept)
        self._number_of_source[:] = UNKNOWN
        self._has_one_source = False  # the types that are kept have lost their numbers
        self._min_reduce += 1

    def items(self) -> tuple[Types, TokenIds, Counts]:
        """Return the types, their ids and their counts, in order of first appearance."""
        return self._table.types, self._ids[: len(self)], self._counts[: len(self)]
