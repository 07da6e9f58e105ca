"""Subsampling of frequent words."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Subsampling, TokenIds


def keep_probabilities(counts: Counts, sample: float) -> NDArray[np.float64]:
    """Return the probability that a token of each word is kept, float64[v] in (0, 1].

    The probability is min(1, (sqrt(f/t) + 1) · t/f) for the relative frequency f and the threshold t, as in word2vec.c
    and gensim. The paper (Mikolov et al. 2013b, arXiv 1310.4546, equation 5) has sqrt(t/f) only.

    Args:
        counts: v; counts of the words.
        sample: The threshold t. 0 keeps all tokens.
    """
    if sample == 0:
        return np.ones(counts.size)
    relative = np.maximum(counts, 1) / counts.sum() / sample
    kept: NDArray[np.float64] = np.minimum(1.0, (np.sqrt(relative) + 1.0) / relative)
    return kept


def make_subsampling(word_of_type: TokenIds, counts: Counts, *, sample: float) -> Subsampling:
    """Return the tables that kernels read to subsample tokens.

    Args:
        word_of_type: p; the word id of each type, or OUT_OF_VOCABULARY.
        counts: v; counts of the words.
        sample: The threshold of `keep_probabilities`.
    """
    keep = keep_probabilities(counts, sample)
    kept = counts * keep
    return Subsampling(word_of_type, keep_thresholds(keep), highest_share=float(kept.max() / kept.sum()))


def keep_thresholds(keep: NDArray[np.float64]) -> TokenIds:
    """Return the thresholds that kernels read for probabilities to keep a token. They are at least 2⁻³²."""
    thresholds: TokenIds = (np.round(keep * 2.0**32) - 1.0).clip(0.0).astype(np.uint32)
    return thresholds


def probabilities_of(thresholds: TokenIds) -> NDArray[np.float64]:
    """Return the probabilities that thresholds stand for, float64[v] in (0, 1]."""
    return (thresholds.astype(np.float64) + 1.0) / 2.0**32
