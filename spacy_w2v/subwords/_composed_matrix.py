"""The vectors of a vocabulary as a matrix that is composed on access, from rows that training may still change."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import SubwordInput, Vectors
from spacy_w2v.subwords._rows import composed


class ComposedMatrix:
    """The vectors of words, v × d, each the mean of its rows at the time of access."""

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, layer: SubwordInput, table: Vectors, *, vector_size: int) -> None:
        """Create the matrix.

        Args:
            layer: The rows of each word.
            table: float32; the rows, C-contiguous. They may be padded with further columns.
            vector_size: d.
        """
        self.layer = layer
        self.table = table
        self.shape = (len(layer.offsets) - 1, vector_size)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, words: NDArray[np.int64]) -> Vectors:
        """Return the vectors of some words, float32[n, d].

        words: int64[n]; their ranks.
        """
        starts = self.layer.offsets[words]
        lengths = self.layer.offsets[words + 1] - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return composed(offsets, self.layer.rows[places], self.table, vector_size=self.shape[1])

    def completed(self) -> Vectors:
        """Return the vectors of all words, float32[v, d]."""
        return composed(self.layer.offsets, self.layer.rows, self.table, vector_size=self.shape[1])
