"""Which tokens of the corpus are kept: frequent words are subsampled."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Subsampling, TokenIds


def keep_probabilities(counts: Counts, sample: float) -> NDArray[np.float64]:
    """Return the probability of each word's tokens to be kept, in (0, 1].

    min(1, (sqrt(f/t) + 1) · t/f) with f the relative frequency and t = `sample`, as in word2vec.c and gensim (the
    paper, arXiv 1310.4546, section 2.3, gives sqrt(t/f) only). sample = 0 keeps all, as do words without tokens.
    """
    if sample == 0:
        return np.ones(counts.size)
    relative = np.maximum(counts, 1) / counts.sum() / sample
    kept: NDArray[np.float64] = np.minimum(1.0, (np.sqrt(relative) + 1.0) / relative)
    return kept


def make_subsampling(word_of_type: TokenIds, counts: Counts, *, sample: float) -> Subsampling:
    """Return what the kernels read to subsample, with probabilities as integer thresholds."""
    keep = keep_probabilities(counts, sample)
    kept = counts * keep
    threshold = (np.round(keep * 2.0**32) - 1.0).clip(0.0).astype(np.uint32)
    return Subsampling(word_of_type, threshold, highest_share=float(kept.max() / kept.sum()))
