"""Composed vectors that are kept, because the tokens of a text are mostly words that were seen before."""

from collections.abc import Sequence

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.subwords._table import SubwordTable

MOST_STRINGS = 100_000
"""40 MB of vectors of 100 dimensions."""


class VectorCache:
    """Looks up the vectors of strings in a table of subwords, and composes each distinct string once."""

    def __init__(self, table: SubwordTable, *, ranks: dict[str, int] | None = None, size: int = MOST_STRINGS) -> None:
        """Begin with no vectors.

        Args:
            table: The table.
            ranks: The rank of each word of the vocabulary, for a table with rows of words.
            size: The number of vectors to keep, at least 1. When they are exceeded, all are dropped.
        """
        self._table = table
        self._ranks = ranks or {}
        self._size = size
        self._places: dict[str, int] = {}
        self._vectors = np.empty((0, table.vector_size), np.float32)

    def vectors(self, strings: Sequence[str]) -> Vectors:
        """Return the vectors of n strings, float32[n, d]."""
        places = self._places
        unknown = [string for string in dict.fromkeys(strings) if string not in places]
        if unknown:
            if len(places) + len(unknown) > self._size:
                places.clear()
                unknown = list(dict.fromkeys(strings))
            self._add(unknown)
        found = self._vectors[[places[string] for string in strings]] if len(strings) else self._vectors[:0]
        if len(places) > self._size:  # of one call
            places.clear()
            self._vectors = self._vectors[:0].copy()
        return found

    def _add(self, strings: Sequence[str]) -> None:
        n_known, n_needed = len(self._places), len(self._places) + len(strings)
        if n_needed > len(self._vectors):
            grown = np.empty((max(n_needed, 2 * len(self._vectors)), self._table.vector_size), np.float32)
            grown[:n_known] = self._vectors[:n_known]
            self._vectors = grown
        ranks = np.fromiter((self._ranks.get(string, -1) for string in strings), np.int64, len(strings))
        self._vectors[n_known:n_needed] = self._table.vectors(strings, ranks=ranks)
        self._places.update(zip(strings, range(n_known, n_needed), strict=True))
