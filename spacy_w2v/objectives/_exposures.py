"""The exposures of input and output rows, from counts alone. Merging the changes of several replicas uses them.

v = vocabulary, p = share of each word in the kept tokens. Sentences count as long, so that a window of radius r has 2r
words.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Exposure, Tree
from spacy_w2v.config._losses import ARCHITECTURES
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._noise import noise_probabilities
from spacy_w2v.objectives._subsampling import keep_probabilities

CURVATURE = 3 / 16
"""The curvature of an exposure, for the second derivative s(1 - s) of the logistic loss, s(z) = 1 / (1 + exp(-z)).

The derivative is at most 1/4. In training it is 0.17 for words to predict and 0.09 for noise words, measured in CBOW on
17 million words. Since both sides of a score move, it is approached up to twice as fast. With 1/4, CBOW lost a point of
the mean of seven test sets on eight machines. 3/16 is as good as 1/8, and farther from damping too little.
"""


def kept_shares(counts: Counts, sample: float) -> NDArray[np.float64]:
    """Return p, float64[v]: the probability that a kept token is each word, as a centre or in a context.

    Args:
        counts: v; counts of the words, not all 0.
        sample: The subsampling threshold.
    """
    kept = counts * keep_probabilities(counts, sample)
    shares: NDArray[np.float64] = kept / kept.sum()
    return shares


def context_sizes(settings: ModelSettings) -> NDArray[np.float64]:
    """Return the sizes of contexts that are equally probable: 2r for each radius r that a window may have."""
    smallest = 1 if settings.shrink_windows else settings.window
    sizes: NDArray[np.float64] = np.arange(2.0 * smallest, 2.0 * settings.window + 1.0, 2.0)
    return sizes


def input_exposure(counts: Counts, settings: ModelSettings, *, sample: float) -> Exposure:
    """Return the exposure of the input rows.

    In skip-gram, one row predicts. In CBOW, m context words predict together. Each has the weight 1/m in a mean, so the
    squares of a word's weights add up to p/m, and the m (m - 1) products of two weights to 1 - 1/m. In a sum they add
    up to p m and m (m - 1). These are averaged over the radii of windows.

    Args:
        counts: v; counts of the words.
        settings: The settings of the model.
        sample: The subsampling threshold.
    """
    shares = kept_shares(counts, sample)
    if not ARCHITECTURES[settings.architecture].pools_contexts:
        return Exposure(shares, 0.0)
    sizes = context_sizes(settings)
    if settings.cbow_mean:
        return Exposure(shares * (1 / sizes).mean(), float((1 - 1 / sizes).mean()))
    return Exposure(shares * sizes.mean(), float((sizes * (sizes - 1)).mean()))


def noise_exposure(counts: Counts, settings: ModelSettings, *, sample: float) -> Exposure:
    """Return the exposure of the output rows of negative sampling.

    A word is the one to predict with probability p, and otherwise each of the noise words with its probability: noise
    that equals the word to predict is skipped.

    Args:
        counts: v; counts of the words.
        settings: The settings of the model.
        sample: The subsampling threshold.
    """
    shares = kept_shares(counts, sample)
    noise = noise_probabilities(counts, settings.ns_exponent)
    return Exposure(CURVATURE * (shares + settings.negative * noise * (1 - shares)), 0.0)


def tree_exposure(tree: Tree, counts: Counts, *, sample: float) -> Exposure:
    """Return the exposure of the inner nodes of a tree, float64[v - 1]: the probability of the words below each node.

    Args:
        tree: The tree.
        counts: v; counts of the words.
        sample: The subsampling threshold.
    """
    of_words = np.repeat(kept_shares(counts, sample), np.diff(tree.offsets))
    shares: NDArray[np.float64] = np.bincount(tree.nodes, of_words, minlength=counts.size - 1).astype(np.float64)
    return Exposure(CURVATURE * shares, 0.0)


def softmax_exposure(counts: Counts, *, sample: float) -> Exposure:
    """Return the exposure of the output rows of the full softmax.

    The Hessian of -log softmax(h.y) with respect to h is Σ π yᵀy - mᵀm, with the probabilities π of the words and the
    mean m of their rows, Σ π y. That with respect to y is π (1 - π) hᵀh, close to π hᵀh. On average, the probabilities
    of the model are p, once it has learned the frequencies of the words.

    Args:
        counts: v; counts of the words.
        sample: The subsampling threshold.
    """
    return Exposure(kept_shares(counts, sample), -1.0)
