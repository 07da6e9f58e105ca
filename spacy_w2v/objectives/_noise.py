"""The words that negative sampling draws as noise: their distribution, and the tables to draw from."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Noise, TokenIds


def noise_probabilities(counts: Counts, ns_exponent: float) -> NDArray[np.float64]:
    """Return the probability of each word to be drawn as noise: count ** ns_exponent, normalised; 0 for count 0."""
    # Divided by the largest count first, so that no exponent overflows.
    weights = (np.maximum(counts, 1) / counts.max()) ** ns_exponent
    weights[counts == 0] = 0.0
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def alias_tables(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], TokenIds]:
    """Return the tables of Walker's alias method, built the way of Vose 1991, in time linear in the words.

    Bucket i, chosen uniformly, gives word i with probability own[i] and word alias[i] otherwise.
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
    for rest in small + large:  # what rounding left over is 1 up to rounding
        scaled[rest] = 1.0
    return np.array(scaled), alias


def make_noise(counts: Counts, *, ns_exponent: float) -> Noise:
    """Return what the kernels read to draw noise words, with probabilities as integer thresholds."""
    probabilities = noise_probabilities(counts, ns_exponent)
    own, alias = alias_tables(probabilities)
    return Noise(np.round(own * 2.0**28).astype(np.uint32), alias, highest_share=float(probabilities.max()))
