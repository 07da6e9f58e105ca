"""Counts the types of a corpus in bounded memory."""

import numpy as np

from spacy_w2v._arrays import Counts, Offsets, TokenIds
from spacy_w2v.corpus._bounded_counts import BoundedCounts
from spacy_w2v.tokenization._tokens import Types, TypeTable

UNKNOWN = -1


class TypeCounts:
    """The types of texts, in order of first appearance. See BoundedCounts for their ids and counts."""

    def __init__(self, max_types: int | None = None) -> None:
        self.counted = BoundedCounts(max_types)
        """The ids and counts."""
        self._table = TypeTable()
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
        numbers = self._numbers_of(types, distinct_types)
        ids = self.counted.add(numbers, counts, n_types=len(self))
        while self.counted.is_too_large:
            self._table.keep(self.counted.drop_rarest())
            self._number_of_source[:] = UNKNOWN
            self._has_one_source = False  # the types that are kept have lost their numbers
        return ids

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

    def items(self) -> tuple[Types, TokenIds, Counts]:
        """Return the types, their ids and their counts, in order of first appearance."""
        return self._table.types, self.counted.ids, self.counted.counts
