"""The principal axes of word vectors: how much variance lies along each, and how many of them the vectors use.

n = vectors, d = dimensions.
"""

from dataclasses import dataclass

import numpy as np

from spacy_w2v.inspection._rows import Floats, Table


@dataclass(frozen=True)
class Spectrum:
    """The spectrum of n vectors."""

    shares: Floats
    """float64[d]; the share of the variance along each principal axis, the largest first. Empty without variance."""
    rank: int
    """The number of linearly independent vectors."""

    @property
    def effective_rank(self) -> float | None:
        """Exp of the entropy of the shares, from 1 to d; None without variance.

        It is the effective rank of Roy and Vetterli (2007, "The effective rank: A measure of effective
        dimensionality", EUSIPCO), with shares of variance, which are squared singular values, in place of shares of
        singular values. Vectors that spread evenly along r axes have r.
        """
        positive = self.shares[self.shares > 0]
        return float(np.exp(-(positive * np.log(positive)).sum())) if positive.size else None


def spectrum_of(table: Table) -> Spectrum:
    """Return the spectrum of the vectors that are neither zero nor infinite.

    Sums are of float64, so the result has the precision of the vectors themselves.
    """
    size, n = table.vectors.vector_size, max(len(table.usable), 1)
    mean = sum((block.sum(axis=0) for block in table.blocks()), np.zeros(size)) / n
    covariance = np.zeros((size, size))
    for block in table.blocks():
        centred = block - mean
        covariance += centred.T @ centred / n
    tolerance = 8 * float(np.finfo(table.vectors.matrix.dtype).eps)
    squares = np.linalg.eigvalsh(covariance + np.outer(mean, mean))
    rank = int((squares > tolerance**2 * squares[-1]).sum()) if len(table.usable) else 0
    variances: Floats = np.linalg.eigvalsh(covariance)[::-1].astype(np.float64)
    variances[variances <= np.finfo(np.float64).eps * size * max(squares[-1], 0.0)] = 0.0  # rounding errors
    total = float(variances.sum())
    return Spectrum(variances / total if total > 0 else np.zeros(0), rank)
