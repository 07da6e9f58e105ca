"""The principal axes of vectors: how much variance lies along each, and how many of them the vectors use.

n = vectors, d = dimensions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """The spectrum of n vectors."""

    shares: Floats
    """float64[d]; the share of the variance along each principal axis, the largest first. Empty without variance."""
    rank: int
    """The number of linearly independent vectors."""

    @property
    def effective_rank(self) -> float | None:
        """See `effective_rank`; None without variance."""
        return effective_rank(self.shares) if self.shares.size else None


def effective_rank(shares: Floats) -> float:
    """Return exp of the entropy of shares of variance, from 1 to d.

    It is the effective rank of Roy and Vetterli (2007, "The effective rank: A measure of effective dimensionality",
    EUSIPCO), with shares of variance, which are squared singular values, in place of shares of singular values. Vectors
    that spread evenly along r axes have r.

    Args:
        shares: float64[d], with the sum 1.
    """
    positive = shares[shares > 0]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def spectrum_of(blocks: Callable[[], Iterable[Floats]], *, vector_size: int, dtype: DTypeLike) -> Spectrum:
    """Return the spectrum of vectors. Sums are of float64, so the result has the precision of the vectors themselves.

    Args:
        blocks: Returns the vectors in blocks, float64[·, d]. It is called twice.
        vector_size: The number of dimensions d.
        dtype: The type in which the vectors are stored.
    """
    n, total = 0, np.zeros(vector_size)
    for block in blocks():
        n, total = n + len(block), total + block.sum(axis=0)
    mean = total / max(n, 1)
    covariance = np.zeros((vector_size, vector_size))
    for block in blocks():
        centred = block - mean
        covariance += centred.T @ centred / n
    tolerance = 8 * float(np.finfo(dtype).eps)
    squares = np.linalg.eigvalsh(covariance + np.outer(mean, mean))
    rank = int((squares > tolerance**2 * squares[-1]).sum()) if n else 0
    variances: Floats = np.linalg.eigvalsh(covariance)[::-1].astype(np.float64)
    variances[variances <= np.finfo(np.float64).eps * vector_size * max(squares[-1], 0.0)] = 0.0  # rounding errors
    of_all = float(variances.sum())
    return Spectrum(variances / of_all if of_all > 0 else np.zeros(0), rank)
