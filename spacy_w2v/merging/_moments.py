"""Second moments of rows: Gram matrices, the curvature of the loss, and the imbalance of two matrices.

r = rows of a shard, d = dimensions. Products are computed in float32, block by block, and blocks are added in float64.
The parts of several shards add up. Their sums depend on the cuts between shards in the last bits of float64.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors
from spacy_w2v.merging._blocks import blocks_of

Square = NDArray[np.float64]
"""A symmetric matrix, d × d."""


def gram(rows: Vectors) -> Square:
    """Return rowsᵀ rows, float64[d, d].

    Args:
        rows: float32[r, d].
    """
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for block in blocks_of(len(rows)):
        total += rows[block].T @ rows[block]
    return total


def moments(rows: Vectors, shares: NDArray[np.float64]) -> Square:
    """Return the moments of rows with weights, float64[d + 1, d + 1]: Σ share [y, 1]ᵀ [y, 1].

    The first d rows and columns hold the second moments Σ share yᵀ y, the last row and column the first moments
    Σ share y, and their corner the sum of the shares.

    Args:
        rows: float32[r, d].
        shares: float64[r]; `Exposure.shares` of these rows.
    """
    size = rows.shape[1]
    total = np.zeros((size + 1, size + 1))
    roots = np.sqrt(shares).astype(np.float32)
    weighted = np.empty((0, size + 1), np.float32)
    for block in blocks_of(len(rows)):
        root = roots[block]
        if len(weighted) != len(root):
            weighted = np.empty((len(root), size + 1), np.float32)
        np.multiply(rows[block], root[:, None], out=weighted[:, :size])
        weighted[:, size] = root
        total += weighted.T @ weighted
    return total


def curvature(of_rows: Square, coupling: float) -> Square:
    """Return the upper bound of the curvature of the loss by which these rows move the other ones, float64[d, d].

    A prediction is a logistic regression of its output rows on a hidden vector. The Hessian of -log s(±h.y) with
    respect to y is s(1 - s) hᵀh, with s(1 - s) at most 1/4, and that with respect to h has yᵀy instead. The mean over
    predictions is H = (Σ share yᵀy + coupling mᵀm) / 4, where m is the mean of the rows, weighted by their shares. See
    `Exposure` for the coupling.

    Args:
        of_rows: float64[d + 1, d + 1]; the `moments` of all rows of a parameter.
        coupling: `Exposure.coupling` of the parameter.
    """
    second, first, total = of_rows[:-1, :-1], of_rows[-1, :-1], of_rows[-1, -1]
    if coupling and total:
        mean = first / total
        second = second + coupling * np.outer(mean, mean)
    return second / 4


def imbalance(parameters: Parameters) -> Square:
    """Return XᵀX - YᵀY of the input rows X and the output rows Y, float64[d, d].

    Args:
        parameters: "input" and "output", without padding.
    """
    return gram(parameters["input"]) - gram(parameters["output"])


def imbalance_target(start: Square, ends: list[Square]) -> Square:
    """Return the imbalance that one replica would reach if it trained the shares of all replicas.

    A gradient step on a score x.y changes x by g y and y by g x. This changes XᵀX and YᵀY alike, except for terms of
    order g². So the imbalance is a constant of gradient flow (Du, Hu & Lee 2018, arXiv 1806.00900, theorem 2.1), and
    what the steps of the replicas change of it adds up.

    Args:
        start: The imbalance at the start of the round.
        ends: That of each replica at its end.
    """
    target = start.copy()
    for end in ends:
        target += end - start
    return target
