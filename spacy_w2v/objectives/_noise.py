"""The distribution of the noise words of negative sampling, and the alias table to draw from it."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Noise, TokenIds


def noise_probabilities(counts: Counts, ns_exponent: float) -> NDArray[np.float64]:
    """Return the probability of each word as noise, float64[v]: proportional to count ** ns_exponent, 0 for count 0.

    Args:
        counts: v; counts of the words, not all 0.
        ns_exponent: Any number; Mikolov et al. 2013b (arXiv 1310.4546, section 2.2) recommend 0.75.
    """
    # Divide by the largest count first, so that no power overflows.
    weights = (np.maximum(counts, 1) / counts.max()) ** ns_exponent
    weights[counts == 0] = 0.0
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def alias_tables(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], TokenIds]:
    """Return the tables of Walker's alias method, built by the algorithm of Vose 1991 in time linear in v.

    Args:
        probabilities: float64[v]; they sum to 1.

    Returns:
        own: float64[v]; a bucket i, chosen uniformly, gives word i with probability own[i].
        alias: uint32[v]; otherwise it gives word alias[i].
    """
    n_words = probabilities.size
    own = probabilities * n_words
    alias = np.arange(n_words, dtype=np.uint32)
    scaled = own.tolist()  # plain floats: this loop is ten times faster on a list than on an array
    small = [i for i, share in enumerate(scaled) if share < 1.0]
    large = [i for i, share in enumerate(scaled) if share >= 1.0]
    while small and large:
        low = small.pop()
        high = large[-1]
        alias[low] = high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    for rest in small + large:  # the remaining values are 1 up to rounding errors
        scaled[rest] = 1.0
    return np.array(scaled), alias


def make_noise(counts: Counts, *, ns_exponent: float) -> Noise:
    """Return the alias table from which kernels draw noise words. See `noise_probabilities`."""
    probabilities = noise_probabilities(counts, ns_exponent)
    own, alias = alias_tables(probabilities)
    return Noise(np.round(own * 2.0**28).astype(np.uint32), alias, highest_share=float(probabilities.max()))
