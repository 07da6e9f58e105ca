"""Damping of the summed changes of several replicas, where together they would overshoot.

Along an eigenvector of the curvature with eigenvalue λ, n steps at the rate α take a row a share 1 - q of its way to
the optimum, q = exp(-α n λ). The n steps of each of N replicas, one replica after the other, would take it 1 - q^N of
the way. Their summed changes, from the same start, take it N (1 - q). So the sum is multiplied by
    f = (1 - q^N) / (N (1 - q)),
which is 1 for a row that is rarely trained (the sum of the changes), and 1/N for a saturated one (their mean).

r = rows of a shard, d = dimensions.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors

TOLERANCE = 0.01
"""Largest error of a factor f, and so of the change of a row, as a share of its length. See `damp_block`."""

LARGEST = 1e18
"""Larger shares and eigenvalues count as this number, so that their product is finite in float32."""


class Damping(NamedTuple):
    """How the changes of the rows of a parameter are damped."""

    eigenvalues: NDArray[np.float64]
    """d; those of the curvature, in increasing order, at least 0."""
    eigenvectors: Vectors
    """d × d; in columns."""
    steps: float
    """Sum of the learning rates of all predictions of a replica in the round."""
    n_replicas: int
    """Number of replicas whose changes were added up."""


def make_damping(curvature: NDArray[np.float64], *, steps: float, n_replicas: int) -> Damping:
    """Return the damping of rows with a curvature.

    Args:
        curvature: float64[d, d]; the curvature of the loss for these rows, per prediction. See `merging._moments`.
        steps: Sum of the learning rates of all predictions of a replica: the mean over the replicas.
        n_replicas: Number of replicas.
    """
    values, vectors = np.linalg.eigh(curvature)
    return Damping(np.maximum(values, 0.0), vectors.astype(np.float32), steps, n_replicas)


def factors(shares: NDArray[np.float64], values: NDArray[np.float64], n_replicas: int) -> NDArray[np.float32]:
    """Return (1 - q^N) / (N (1 - q)) for q = exp(-share · value), float32[n, m], in [1/N, 1].

    The numerator over 1 - q is the sum 1 + q + … + q^(N - 1), which has no cancellation. It is doubled and extended by
    one term, bit by bit of N, as powers are computed by squaring.

    Args:
        shares: float64[n]; at least 0.
        values: float64[m]; at least 0.
        n_replicas: N.
    """
    limited = np.minimum(shares, LARGEST).astype(np.float32)
    exponents = np.multiply.outer(limited, -np.minimum(values, LARGEST).astype(np.float32))
    q = np.exp(exponents, out=exponents)
    total, power = np.ones_like(q), q.copy()  # the sum of n terms, and q^n, for n = 1
    for bit in f"{n_replicas:b}"[1:]:
        total *= power + 1
        power *= power
        if bit == "1":
            total *= q
            total += 1
            power *= q
    total /= n_replicas
    return total


def damp_block(change: Vectors, shares: NDArray[np.float64], damping: Damping) -> None:
    """Multiply the summed changes of the rows of a block by their factors, in place.

    Since f decreases with α n λ, all factors of a block along one eigenvector are between those of its highest and its
    lowest share. All eigenvectors of a range, for which all factors of the block differ by at most 2 TOLERANCE, share
    the factor in the middle. Only the others are multiplied one by one. So no factor has an error above TOLERANCE. The
    changes of a block stay as they are, to the bit, if all its factors are at least 1 - TOLERANCE. Blocks of rare words
    need two eigenvectors out of hundred.

    Args:
        change: float32[n, d].
        shares: float64[n].
        damping: The damping of the parameter.
    """
    n_replicas, values = damping.n_replicas, damping.eigenvalues
    progress = damping.steps * shares
    highest, lowest = factors(np.array([progress.min(), progress.max()]), values, n_replicas)
    if lowest[-1] >= 1 - TOLERANCE:
        return
    ends = np.searchsorted(-lowest, 2 * TOLERANCE - highest, side="right")
    first = int(np.argmax(ends - np.arange(len(ends))))
    last = max(int(ends[first]), first)
    if len(values) - (last - first) == 1:  # products with a single column are slow in BLAS
        first, last = (first + 1, last) if first == 0 else (first, last - 1)
    middle = np.float32((highest[first] + lowest[last - 1]) / 2) if last > first else np.float32(1.0)
    single = np.r_[0:first, last : len(values)]
    if len(single):
        vectors = damping.eigenvectors[:, single]
        excess = factors(progress, values[single], n_replicas)
        excess -= middle
        excess *= change @ vectors
        correction = excess @ vectors.T
    change *= middle
    if len(single):
        change += correction
