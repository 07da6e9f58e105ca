"""The learning rate of GloVe's biases."""

import numpy as np

from spacy_w2v._jit import inlined

BIAS_FACTOR = np.float32(20.0)
"""Biases learn this many times as fast as vectors. In Stanford's program, the rates are 1 and 0.05 by default."""
HIGHEST_BIAS_RATE = np.float32(1.0)


@inlined
def bias_rate_of(alpha):
    """Return the learning rate of biases, float32. alpha: that of vectors."""
    return min(BIAS_FACTOR * alpha, HIGHEST_BIAS_RATE)
