"""Ids of the types of a joined corpus, in the order in which they appear in it, and their counts."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, TokenIds
from spacy_w2v.phrases.kernels._numbering import NO_ID, number_in_order


class Numbering:
    """Gives ids to provisional numbers of types when they first occur, and counts them."""

    def __init__(self, n_numbers: int):
        """Begin with no ids.

        Args:
            n_numbers: The expected number of provisional numbers. There may be more.
        """
        self.n_ids = 0
        """The number of ids so far."""
        self._ids: TokenIds = np.full(n_numbers, NO_ID, np.uint32)  # of each provisional number
        self._origins: TokenIds = np.zeros(n_numbers, np.uint32)  # of each id: its provisional number
        self._counts: Counts = np.zeros(n_numbers, np.int64)  # of each id

    def add(self, numbers: NDArray[np.int64], *, n_numbers: int) -> TokenIds:
        """Return the ids of tokens, after counting them.

        Args:
            numbers: The provisional numbers of the tokens.
            n_numbers: All of them are less than this.
        """
        self._make_room(n_numbers)
        ids = np.empty(numbers.size, np.uint32)
        self.n_ids = int(number_in_order(numbers, self._ids, self._origins, self._counts, self.n_ids, ids))
        return ids

    @property
    def origins(self) -> TokenIds:
        """The provisional number of each id."""
        return self._origins[: self.n_ids]

    @property
    def counts(self) -> Counts:
        """The count of each id."""
        return self._counts[: self.n_ids]

    def _make_room(self, size: int) -> None:
        """Let the arrays have at least this length."""
        if size > self._ids.size:
            n_more = max(size - self._ids.size, self._ids.size)  # doubles the capacity
            self._ids = np.concatenate([self._ids, np.full(n_more, NO_ID, np.uint32)])
            self._origins = np.concatenate([self._origins, np.zeros(n_more, np.uint32)])
            self._counts = np.concatenate([self._counts, np.zeros(n_more, np.int64)])
