"""Damping of the summed changes of several replicas, where together they would overshoot.

Along an eigenvector of the curvature H with eigenvalue λ, n steps at the rate α take a row a share 1 - q of its way to
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
from spacy_w2v.merging._blocks import blocks_of

TOLERANCE = 1e-3
"""Largest error of a factor f. See `damp`."""


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


def factors(progress: NDArray[np.float64], n_replicas: int) -> NDArray[np.float64]:
    """Return (1 - q^N) / (N (1 - q)) for q = exp(-progress), in [1/N, 1].

    Args:
        progress: α n λ, at least 0, of any shape.
        n_replicas: N.
    """
    with np.errstate(invalid="ignore"):  # 0/0 where nothing is trained
        ratios: NDArray[np.float64] = np.expm1(-n_replicas * progress) / (n_replicas * np.expm1(-progress))
    return np.where(progress > 0, ratios, 1.0)


def damp(change: Vectors, shares: NDArray[np.float64], damping: Damping) -> None:
    """Multiply the summed changes of rows by their factors, in place.

    Since q^j is at least 1 - j α n λ, f = (1 + q + … + q^(N - 1)) / N is at least 1 - (N - 1) α n λ / 2. Eigenvectors
    along which 1 - f is therefore at most TOLERANCE for all rows of a block are left out. So most blocks, whose words
    are rare, take no multiplications, or few, and the error of a row's change is at most TOLERANCE times its length.

    Args:
        change: float32[r, d]; the changes, summed over the replicas.
        shares: float64[r]; `Exposure.shares` of these rows.
        damping: The damping of the parameter.
    """
    n_replicas = damping.n_replicas
    if n_replicas == 1:
        return
    progress = damping.steps * shares
    for block in blocks_of(len(change)):
        highest = progress[block].max() * damping.eigenvalues
        first = int(np.searchsorted(highest * (n_replicas - 1) / 2, TOLERANCE, side="right"))
        if first == len(highest):
            continue
        vectors = damping.eigenvectors[:, first:]
        excess = 1.0 - factors(np.outer(progress[block], damping.eigenvalues[first:]), n_replicas)
        change[block] -= ((change[block] @ vectors) * excess.astype(np.float32)) @ vectors.T
