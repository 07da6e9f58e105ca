"""Bounds that keep the steps of the blocked kernels stable, and the learning rate of a step.

A step computes many gradients at the same weights. Let W be the sum of the weights of the gradients that one row y
receives in a step. Then the step is stable while alpha W |x|^2 / 4 < 2 for the vectors x on the other side, because the
curvature of the logistic loss is at most 1 / 4. The bounds of alpha W were measured on a corpus of 0.5 million tokens
and on synthetic ones of 3 to 200 words, at learning rates up to 0.4.
"""

import numpy as np

from spacy_w2v._jit import inlined

OUTPUT_BOUND = 0.6
"""Upper bound of alpha W for an output row, with any loss."""
LOGISTIC_INPUT_BOUND = 3.0
"""Upper bound of alpha W for an input row, with negative sampling or hierarchical softmax. The full softmax has its own
bound, `SOFTMAX_INPUT_BOUND`."""
STALE_BOUND = 32.0
"""Upper bound of alpha W for a row that several workers copy at the same time, because their changes add up.

Emulation with 1 to 64 workers showed that training still converges, but more slowly, up to about 100, and diverges
somewhere between 150 and 300.
"""
SPAN_BOUND = 16.0
"""Upper bound of alpha W for vectors that share rows and are copied at the same time, where W counts the gradients that
one vector takes from all tokens of all workers in a span.

In emulations with 1 and 8 workers, tables of 50 to 5,000 rows for 7,200 words, and alpha = 0.05 and 0.2, no case
diverged up to 128, where the loss was higher, and half of the cases diverged at 512.
"""


@inlined
def mean_context_size(settings):
    """Return the mean number of context words of a centre in a long sentence."""
    return settings.window + 1 if settings.shrink_windows else 2 * settings.window


@inlined
def inputs_per_block(pooled, overlap, settings):
    """Return the number of inputs that share noise words: settings.block, or less if their vectors overlap much.

    Vectors that overlap move together. If their inputs also share noise words, the sampling errors of this noise add up
    in them, instead of cancelling out. The sum of a block's gradients stays below `STALE_BOUND`, as in spans. With 50
    rows for 2,000 words and alpha = 0.1, the loss was 3.9 in blocks of 64 inputs, but 3.0 in blocks of 16, and in the
    sequential kernel.

    Args:
        pooled: The learning rate times the gradients per input.
        overlap: See `_input_spans.overlap_of`.
        settings: KernelSettings, whose `block` is a multiple of 8.
    """
    n = np.int64(STALE_BOUND / (pooled * overlap + 1e-9))
    return max(8, min(settings.block, n // 8 * 8))


@inlined
def alpha_at(place, n_tokens, alphas):
    """Return the learning rate, float32, at a token of a chunk.

    Args:
        place: Index of the token in the chunk.
        n_tokens: Number of tokens in the chunk.
        alphas: Learning rates at the start and the end of the chunk.
    """
    slope = (np.float64(alphas.last) - np.float64(alphas.first)) / max(n_tokens, 1)
    return np.float32(alphas.first + slope * place)


@inlined
def cap_alpha(alpha):
    """Return a learning rate as float64, at most 1e6, so that products with it do not overflow."""
    return min(np.float64(alpha), 1e6)


@inlined
def centres_per_copy(alpha, pairs, settings):
    """Return how many centres may share copies of a tree's upper nodes.

    A single worker sees its own changes at once. Several workers train copies of the same rows, whose changes add up.

    Args:
        alpha: The learning rate.
        pairs: Gradients of an upper node per centre.
        settings: KernelSettings.
    """
    if settings.workers == 1:
        return settings.block
    life = np.int64(STALE_BOUND / (cap_alpha(alpha) * pairs * settings.workers + 1e-9))
    return max(4, min(settings.block, life))
