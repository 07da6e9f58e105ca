"""The weights of pairs by their distance, as fixed-point numbers."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.config._cooccurrence import DistanceWeights

MOST_BITS = 28
"""Binary places of a weight. Rounding changes a weight by at most 2⁻²⁹: 1/16 by one part in 2²⁵, and a float32 count is
rounded by up to one part in 2²⁴."""


def weight_at(distance: int, *, window: int, kind: DistanceWeights) -> Fraction:
    """Return what a pair at a distance of 1 to `window` adds to its count.

    `harmonic` is that of GloVe (Pennington et al. 2014, section 4.2, and `cooccur.c`). `linear` is the probability that
    a radius drawn from 1 to `window`, as in word2vec.c, is at least the distance.
    """
    if kind == "harmonic":
        return Fraction(1, distance)
    return Fraction(window + 1 - distance, window) if kind == "linear" else Fraction(1)


def fixed_point_weights(kind: DistanceWeights, *, window: int, n_tokens: int) -> tuple[NDArray[np.uint64], int]:
    """Return the weights as multiples of 2 ** -n_bits, rounded, and n_bits.

    No sum of a cell or of a row can overflow: it is at most 2 · n_tokens times the sum of the weights, and n_bits is
    the largest number, up to 28, that keeps this below 2⁶⁴. With harmonic weights and windows of 10, it is 28 up to 11
    billion tokens; with flat weights, up to 3 billion, but then weights are whole numbers in any case.

    Args:
        kind: The setting `distance_weights`.
        window: The largest distance.
        n_tokens: The number of tokens of the corpus.

    Returns:
        window + 1 weights by distance, the first of which is 0, and the number of binary places.
    """
    weights = [weight_at(distance, window=window, kind=kind) for distance in range(1, window + 1)]
    n_bits = MOST_BITS
    while True:
        fixed = [0, *(max(1, round(weight * 2**n_bits)) for weight in weights)]  # a sum of 0 means: never together
        if 2 * n_tokens * sum(fixed) < 2**64 or n_bits == 0:
            return np.array(fixed, np.uint64), n_bits
        n_bits -= 1
