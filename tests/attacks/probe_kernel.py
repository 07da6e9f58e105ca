"""A kernel that compiles in a moment, to damage what numba keeps of it. It is cached as all kernels are."""

import numpy as np

from spacy_w2v._jit import kernel


@kernel
def sums(values):
    totals = np.zeros(len(values))
    for row in range(len(values)):
        for value in values[row]:
            totals[row] += value
    return totals
