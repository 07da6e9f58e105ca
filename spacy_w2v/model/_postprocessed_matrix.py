"""Post-processed vectors, computed row by row on access to save memory."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.model._mean_matrix import MeanMatrix
from spacy_w2v.model._postprocessing import Postprocessing, Transformation
from spacy_w2v.model._row_slices import Rows, computed_in_blocks, row_slices

Stored = NDArray[np.floating[Any]] | MeanMatrix
"""Vectors without post-processing."""


class PostprocessedMatrix:
    """A matrix whose rows are post-processed on each access, float32[n, d].

    The transformation is fitted at the first access.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, raw: Stored, postprocessing: Postprocessing, *, rows: NDArray[np.int64] | None = None) -> None:
        """Create the matrix.

        Args:
            raw: The vectors without post-processing.
            postprocessing: What is done to them.
            rows: The rows that have words, each once, to which the transformation is fitted; None for all.
        """
        self.raw = raw
        self.postprocessing = postprocessing
        self.shape: tuple[int, int] = (raw.shape[0], raw.shape[1])
        self._rows = rows

    @cached_property
    def transformation(self) -> Transformation:
        """What is done to each row. Raises ConfigError if a number is NaN or infinite."""
        return self.postprocessing.fit(self._blocks)

    def _blocks(self) -> Iterator[Vectors]:
        """Yield the raw vectors of words in blocks, float32."""
        n_rows = self.shape[0] if self._rows is None else len(self._rows)
        for some in row_slices(n_rows, self.shape[1]):
            yield _as_float32(self.raw[some if self._rows is None else self._rows[some]])
            for part in stored_arrays(self):
                release_mapped(part)

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """The length of each row, float32[n]. It is kept, since it takes as long as transforming all rows.

        BLAS computes the rows here, twice as fast as `Transformation.apply`, whose bits norms need not have: 0.40 s
        instead of 0.85 s for 67,000 rows of 300 numbers (Intel Xeon, Sapphire Rapids, two virtual cores).
        """
        matrix = self.transformation.matrix
        rows = (block if matrix is None else block @ matrix for block in self._centred_blocks())
        return np.concatenate([np.linalg.norm(block, axis=1) for block in rows]).astype(np.float32, copy=False)

    def products_with(self, vector: Vectors) -> NDArray[np.float32]:
        """Return the inner product of each row and a vector, float32[n], without transforming the rows.

        As the matrix A of the transformation is symmetric, (x - m) A · vector is (x - m) · A vector.
        """
        matrix = self.transformation.matrix
        turned = vector if matrix is None else matrix @ vector
        return np.concatenate([block @ turned for block in self._centred_blocks()]).astype(np.float32, copy=False)

    def _centred_blocks(self) -> Iterator[Vectors]:
        """Yield x - m for all rows in blocks, float32."""
        mean = self.transformation.mean
        for some in row_slices(*self.shape):
            yield _as_float32(self.raw[some]) - mean

    def __repr__(self) -> str:
        """Return a summary on one line."""
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype}, {self.postprocessing})"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> Vectors:
        """Return one or more rows, post-processed."""
        return computed_in_blocks(rows, self._transformed, shape=self.shape)

    def _transformed(self, rows: Rows) -> Vectors:
        return self.transformation.apply(_as_float32(self.raw[rows]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole matrix, for NumPy's functions."""
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)


Matrix = Stored | PostprocessedMatrix


def stored_arrays(matrix: Matrix) -> tuple[NDArray[Any], ...]:
    """Return the arrays that the rows of a matrix are read from, for example to release their memory."""
    if isinstance(matrix, PostprocessedMatrix):
        return stored_arrays(matrix.raw)
    return matrix.parts if isinstance(matrix, MeanMatrix) else (matrix,)


def _as_float32(vectors: NDArray[np.floating[Any]]) -> Vectors:
    with np.errstate(over="ignore"):  # infinity is reported by the fit
        return np.asarray(vectors, np.float32)
