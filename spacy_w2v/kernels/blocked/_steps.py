"""How much may change at once: what bounds the steps of the blocked kernels, and their learning rates.

A row that pools the weight W in one step, all at the same weights, is stable while alpha W |y|^2 / 4 < 2: the curvature
of the logistic loss is at most 1 / 4. The bounds of alpha W are measured, on a corpus of 0.5 million tokens, on made-up
ones of 3 to 200 words, and at learning rates up to 0.4.
"""

import numpy as np

from spacy_w2v._jit import inlined

OUTPUT_BOUND = 0.6
"""Of alpha W for an output row."""
INPUT_BOUND = 3.0
"""Of alpha W for an input row."""
STALE_BOUND = 32.0
"""Of alpha W for a copy that several workers make of a row at the same time, and whose changes then add up.

Emulated with 1 to 64 workers: up to about 100 training is slower but goes well, and from 150 to 300 on it diverges.
"""


@inlined
def words_of_a_window(settings):
    """The mean number of words in a window within a long sentence."""
    return settings.window + 1 if settings.shrink_windows else 2 * settings.window


@inlined
def alpha_at(place, n_tokens, alphas):
    """The learning rate at a token of a chunk."""
    slope = (np.float64(alphas.last) - np.float64(alphas.first)) / max(n_tokens, 1)
    return np.float32(alphas.first + slope * place)


@inlined
def bounded(alpha):
    """The learning rate as float64, below what overflows when it is multiplied."""
    return min(np.float64(alpha), 1e6)


@inlined
def life_of_copies(alpha, pairs, settings):
    """How many centres share copies of the upper nodes of a tree, which pool all pairs of these centres.

    One worker sees its own changes; several work on copies of the same rows.
    """
    if settings.workers == 1:
        return settings.block
    life = np.int64(STALE_BOUND / (bounded(alpha) * pairs * settings.workers + 1e-9))
    return max(4, min(settings.block, life))
