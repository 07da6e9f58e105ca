"""The balance of input and output rows: a change of coordinates that restores what gradient steps leave as it is.

Scores x.y stay the same if the input rows X become XA and the output rows Y become YA⁻ᵀ, for any invertible A. Training
does not choose among these: it leaves XᵀX - YᵀY almost as it was (see `balance_target`). Damping changes it, because
it damps X and Y differently. The balance is the A that restores it, so that neither side shrinks from round to round.

d = dimensions.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.merging._blocks import blocks_of

MAX_STEPS = 8
"""Steps of Newton's method. Two or three are enough if the replicas agree as far as in training."""
TOLERANCE = 1e-6
"""Norm of the imbalance that may remain, as a share of the norm of XᵀX + YᵀY."""
LARGEST_STEP = 0.5
"""Largest absolute eigenvalue of Z, below 1, so that 1 + Z is positive definite."""
RANK_TOLERANCE = 1e-10
"""Eigenvalues of XᵀX + YᵀY that are smaller than this share of the largest one count as 0, as rounding leaves them."""
LARGEST_DRIFT = 0.5
"""Largest change of the imbalance in a merge, as a share of XᵀX + YᵀY along any direction. See `balance_target`."""


class Balance(NamedTuple):
    """The matrices by which rows are multiplied."""

    input: NDArray[np.float64]
    """A, d × d."""
    output: NDArray[np.float64]
    """A⁻ᵀ, d × d."""


def balance_target(
    grams: Mapping[str, NDArray[np.float64]], *, imbalance: NDArray[np.float64], drift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the imbalance to reach, float64[d, d]: that at the start plus the drift, where the drift is limited.

    A gradient step on a score x.y changes x by g y and y by g x. This changes XᵀX and YᵀY alike, except for terms of
    order g². So XᵀX - YᵀY is a constant of gradient flow (Du, Hu & Lee 2018, arXiv 1806.00900, theorem 2.1), and what
    the steps of the replicas change of it adds up.

    That is true of steps which go to and fro. While all replicas return to the optimum after a merge, or leave random
    vectors, each counts the same drift once more. One replica after the other would drift once. With 28 replicas, the
    sum was up to six times XᵀX + YᵀY in CBOW. So the sum's eigenvalues relative to S = XᵀX + YᵀY, those of
    S^(-1/2) drift S^(-1/2), are limited. With eight replicas, they are larger only in the first five of 30 rounds. In a
    trial with 28 shares and the factors of 64 replicas, CBOW exploded within three rounds without the limit.

    Args:
        grams: XᵀX as "input" and YᵀY as "output", float64[d, d], of the merged rows.
        imbalance: float64[d, d]; XᵀX - YᵀY at the start of the round.
        drift: float64[d, d]; what the replicas changed of it, added up.
    """
    total = grams["input"] + grams["output"]
    if not (np.isfinite(drift).all() and np.isfinite(total).all()):
        return imbalance + drift
    values, vectors = np.linalg.eigh(total)
    roots = np.sqrt(np.maximum(values, RANK_TOLERANCE * max(values[-1], 1e-300)))
    scale = np.outer(roots, roots)
    shares, directions = np.linalg.eigh(vectors.T @ drift @ vectors / scale)
    if np.abs(shares).max() <= LARGEST_DRIFT:
        return imbalance + drift
    limited = (directions * np.clip(shares, -LARGEST_DRIFT, LARGEST_DRIFT)) @ directions.T
    target: NDArray[np.float64] = imbalance + vectors @ (limited * scale) @ vectors.T
    return target


def make_balance(grams: Mapping[str, NDArray[np.float64]], *, target: NDArray[np.float64]) -> Balance | None:
    """Return the balance after which XᵀX - YᵀY is the target.

    Newton's method finds A as a product of factors 1 + Z with symmetric Z. To first order in Z, the factor adds
    ZS + SZ to the imbalance, S = XᵀX + YᵀY. In the coordinates of S's eigenvectors, with eigenvalues s, this equation
    of Lyapunov has the solution Z_ij = R_ij / (s_i + s_j), where R is what the imbalance lacks.

    Args:
        grams: XᵀX as "input" and YᵀY as "output", float64[d, d], of the merged rows.
        target: float64[d, d]; the imbalance to reach.

    Returns:
        The balance, or None if it does nothing, or if no A reaches the target.
    """
    of_inputs, of_outputs = grams["input"], grams["output"]
    size = len(target)
    balance = Balance(np.eye(size), np.eye(size))
    tolerance = TOLERANCE * np.linalg.norm(of_inputs + of_outputs)
    for _ in range(MAX_STEPS):
        lacking = target - (of_inputs - of_outputs)
        if not np.isfinite(lacking).all():
            return None
        if np.linalg.norm(lacking) <= tolerance:
            return None if np.array_equal(balance.input, np.eye(size)) else balance
        factor = _step(of_inputs + of_outputs, lacking)
        inverse = np.linalg.inv(factor)
        of_inputs, of_outputs = factor @ of_inputs @ factor, inverse @ of_outputs @ inverse
        balance = Balance(balance.input @ factor, balance.output @ inverse)
    return None


def _step(total: NDArray[np.float64], lacking: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 + Z, a symmetric matrix, d × d, shortened so that it is positive definite."""
    values, vectors = np.linalg.eigh(total)
    sums = values[:, None] + values
    known = sums > RANK_TOLERANCE * sums.max()
    solution = np.where(known, vectors.T @ lacking @ vectors / np.where(known, sums, 1.0), 0.0)
    change = vectors @ ((solution + solution.T) / 2) @ vectors.T
    largest = float(np.linalg.norm(change))  # of Frobenius, which is at least the largest absolute eigenvalue
    if largest > LARGEST_STEP:
        largest = float(np.abs(np.linalg.eigvalsh(change)).max())
    factor: NDArray[np.float64] = np.eye(len(total)) + change * min(1.0, LARGEST_STEP / max(largest, 1e-300))
    return factor


def multiply(rows: Vectors, factor: NDArray[np.float64]) -> None:
    """Multiply rows by a matrix, in place.

    The factor is close to 1, so the products with factor - 1 are added, which keeps more digits.

    Args:
        rows: float32[r, d].
        factor: float64[d, d].
    """
    change = (factor - np.eye(len(factor))).astype(np.float32)
    for block in blocks_of(len(rows)):
        rows[block] += rows[block] @ change
