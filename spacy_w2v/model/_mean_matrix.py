"""The mean or sum of two matrices, computed row by row on access to save memory."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors
from spacy_w2v.config._export import VectorKind
from spacy_w2v.model._row_slices import Rows, computed_in_blocks


class MeanMatrix:
    """The matrix (first + second) / 2, float32[v, d], whose rows are computed on each access."""

    dtype = np.dtype(np.float32)
    ndim = 2
    divisor: ClassVar[int] = 2

    def __init__(self, first: Vectors, second: Vectors) -> None:
        self.parts = (first, second)
        self.shape: tuple[int, int] = first.shape

    def __repr__(self) -> str:
        """Return a summary on one line."""
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype})"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> Vectors:
        """Return the mean of one or more rows."""
        return computed_in_blocks(rows, self._means, shape=self.shape)

    def _means(self, rows: Rows) -> Vectors:
        mean: Vectors = self.parts[0][rows] + self.parts[1][rows]
        mean /= np.float32(self.divisor)
        return mean

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole matrix, for NumPy's functions."""
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)


class SumMatrix(MeanMatrix):
    """The matrix first + second, float32[v, d], whose rows are computed on each access."""

    divisor: ClassVar[int] = 1


def matrix_of_kind(parameters: Parameters, kind: VectorKind) -> Vectors | MeanMatrix:
    """Return the vectors of words: input or output vectors, or their mean or sum, computed on access.

    Args:
        parameters: The input and output vectors, as "input" and "output".
        kind: The kind of vectors.
    """
    if kind in ("mean", "sum"):
        return (MeanMatrix if kind == "mean" else SumMatrix)(parameters["input"], parameters["output"])
    return parameters[kind]
