"""Second moments of rows: Gram matrices, and the curvature of the loss.

r = rows of a shard, d = dimensions. Products are computed in float32, sample by sample, and added in float64.
The parts of several shards add up. Their sums depend on the cuts between shards in the last bits of float64.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.merging._blocks import SAMPLE_ROWS, Sample

Square = NDArray[np.float64]
"""A symmetric matrix, d × d."""


class MomentSum:
    """The sum of the moments of blocks of rows with weights, Σ share [y, 1]ᵀ [y, 1]."""

    def __init__(self, size: int):
        """Begin with nothing. size: d."""
        self.total = np.zeros((size + 1, size + 1))
        """float64[d + 1, d + 1]; the first d rows and columns hold Σ share yᵀy, the last ones Σ share y, and their
        corner Σ share."""
        self._weighted = np.empty((SAMPLE_ROWS, size + 1), np.float32)

    def add(self, rows: Vectors, shares: NDArray[np.float64]) -> None:
        """Add some rows.

        Args:
            rows: float32[n, d], n <= SAMPLE_ROWS.
            shares: float64[n]; their weights.
        """
        weighted = self._weighted[: len(rows)]
        weighted[:, -1] = np.sqrt(shares)
        np.multiply(rows, weighted[:, -1:], out=weighted[:, :-1])
        self.total += weighted.T @ weighted


def curvature(of_rows: Square, coupling: float) -> Square:
    """Return the curvature of the loss by which some rows move those of the other parameter, float64[d, d].

    It is Σ share yᵀy + coupling mᵀm, where m is the mean of the rows y, weighted by their shares. See `Exposure`.

    Args:
        of_rows: float64[d + 1, d + 1]; the moments of all rows y.
        coupling: `Exposure.coupling` of these rows.
    """
    second, first, total = of_rows[:-1, :-1], of_rows[-1, :-1], of_rows[-1, -1]
    if coupling and total:
        mean = first / total
        second = second + coupling * np.outer(mean, mean)
    return second


def added(parts: Sequence[Mapping[str, Square]]) -> dict[str, Square]:
    """Return the sums of matrices with the same name, added up in order.

    Args:
        parts: The matrices of each shard, by name.
    """
    return {name: sum((part[name] for part in parts[1:]), parts[0][name]) for name in parts[0]}


def gram(rows: Vectors, samples: Iterable[Sample]) -> Square:
    """Return rowsᵀ rows, estimated from samples, float64[d, d].

    Args:
        rows: float32[r, d].
        samples: The samples of these rows.
    """
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for sample in samples:
        some = rows[sample.rows]
        total += sample.weight * (some.T @ some)
    return total
