"""The rows of a table that have words, the most frequent first: their lengths, and which are odd."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.model._row_slices import row_slices
from spacy_w2v.model._word_vectors import WordVectors

N_EXAMPLES = 5
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Word vectors by rows: each row that has a word once, in the order of the words."""

    vectors: WordVectors
    rows: Rows
    """int64[n]; the rows of the matrix."""
    norms: Floats
    """float64[n]; their lengths, NaN or infinite for rows that are not finite."""
    hashes: NDArray[np.uint64]
    """uint64[n]; equal for equal rows."""

    @classmethod
    def of(cls, vectors: WordVectors) -> "Table":
        """Read all rows once."""
        rows = vectors.rows[vectors.first_places]
        norms, hashes = np.empty(len(rows)), np.empty(len(rows), np.uint64)
        factors = np.random.default_rng(0).integers(1 << 63, size=vectors.vector_size, dtype=np.uint64) * 2 + 1
        for some in row_slices(len(rows), vectors.vector_size):
            block = vectors.vectors_at(rows[some])
            norms[some] = np.linalg.norm(block.astype(np.float64), axis=1)
            hashes[some] = ((block + np.float32(0)).view(np.uint32) * factors).sum(axis=1)  # -0.0 becomes 0.0
        return cls(vectors, rows, norms, hashes)

    @cached_property
    def is_finite(self) -> NDArray[np.bool_]:
        """Whether all numbers of each row are finite, bool[n]."""
        return np.isfinite(self.norms)

    @cached_property
    def usable(self) -> Rows:
        """The rows of the matrix that are neither zero nor infinite, in order."""
        return self.rows[self.is_finite & (self.norms > 0)]

    @cached_property
    def is_duplicate(self) -> NDArray[np.bool_]:
        """Whether each row is finite, not zero, and equal to an earlier row, bool[n]."""
        places = np.flatnonzero(self.is_finite & (self.norms > 0))
        places = places[np.argsort(self.hashes[places], kind="stable")]
        hashes = self.hashes[places]
        candidates = np.flatnonzero(hashes[1:] == hashes[:-1])
        is_duplicate = np.zeros(len(self.rows), np.bool_)
        for some in row_slices(len(candidates), self.vectors.vector_size):
            before, after = places[candidates[some]], places[candidates[some] + 1]
            equal = self.vectors.vectors_at(self.rows[before]) == self.vectors.vectors_at(self.rows[after])
            is_duplicate[after] = equal.all(axis=1)
        return is_duplicate

    def blocks(self) -> Iterator[Floats]:
        """Yield the usable rows in blocks, float64."""
        for some in row_slices(len(self.usable), self.vectors.vector_size):
            yield self.vectors.vectors_at(self.usable[some]).astype(np.float64)

    def words_at(self, places: Rows) -> list[str]:
        """Return the words of some of `rows`, at most N_EXAMPLES."""
        return self.words_of(self.rows[places[:N_EXAMPLES]])

    def words_of(self, rows: Rows) -> list[str]:
        """Return a word of each row of the matrix."""
        return [self.vectors.words[place] for place in self.vectors.word_of_row[rows]]
