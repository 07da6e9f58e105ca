"""Word vectors that also have those of words composed of subwords, for sets of word pairs."""

from collections.abc import Sequence

import numpy as np

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._word_vectors import WordVectors


class WithComposedWords:
    """Finds the rows of words, and gives those that the vocabulary lacks rows after all others.

    Their vectors are composed of subwords, as far as any of these was trained.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self.vectors = vectors
        self._composed = np.empty((0, vectors.vector_size), np.float32)

    @property
    def first(self) -> int:
        """The first row of a composed vector."""
        return len(self.vectors.matrix)

    def rows_of(self, words: Sequence[str], /) -> Offsets:
        """Return the row of each word, int64, or NO_ROW for a word without any trained subword."""
        rows = self.vectors.rows_of(words)
        unknown = np.flatnonzero(rows == NO_ROW)
        table = self.vectors.trained_subwords
        if table is None or not unknown.size:
            return rows
        keys = [words[place].lower() if self.vectors.attr == "LOWER" else words[place] for place in unknown.tolist()]
        has_vector = table.trained_shares(keys) > 0
        composed = self.vectors[[key for key, has in zip(keys, has_vector.tolist(), strict=True) if has]]
        rows[unknown[has_vector]] = self.first + len(self._composed) + np.arange(len(composed))
        self._composed = np.concatenate([self._composed, np.asarray(composed, np.float32)])
        return rows

    def vectors_at(self, rows: Offsets, /) -> Vectors:
        """Return the vectors in some rows, float32."""
        is_composed = rows >= self.first
        found = np.empty((len(rows), self.vectors.vector_size), np.float32)
        found[~is_composed] = self.vectors.vectors_at(rows[~is_composed])
        found[is_composed] = self._composed[rows[is_composed] - self.first]
        return found
