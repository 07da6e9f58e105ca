"""Subsampling of co-occurrence counts, by its expectation: a pair is kept if both its words are."""

import numpy as np

from spacy_w2v._jit import inner


@inner
def keeps_all(subsampling):
    """Return whether every token of every word is kept."""
    for word in range(subsampling.keep_threshold.size):
        if subsampling.keep_threshold[word] != np.uint32(0xFFFFFFFF):
            return False
    return True


@inner
def keep_probability(word, subsampling):
    """Return the probability that a token of a word is kept, float32: (threshold + 1) / 2³²."""
    return (np.float32(subsampling.keep_threshold[word]) + np.float32(1.0)) * np.float32(2.0**-32)
