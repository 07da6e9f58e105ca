"""Predictions of words from hidden vectors, and the softmax over all words.

v = vocabulary, d = dimensions, n = hidden vectors. Products of vectors are computed in float32, as in training, and
logarithms and their sums in float64. Long sentences are processed in blocks, which bounds memory.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors

Ranks = NDArray[np.int64]
"""Ranks of words, or indices in an array."""

BLOCK_FLOATS = 4_000_000
"""Largest number of float64 values in one array of a block: 32 MB."""


class Predictions(NamedTuple):
    """Words to predict, and the vectors that predict them."""

    hidden: Vectors
    """n × d; the hidden vectors."""
    rows: Ranks
    """For each prediction the row of its hidden vector."""
    words: Ranks
    """For each prediction the rank of the word to predict."""


def log_softmax(hidden: Vectors, output: Vectors) -> NDArray[np.float64]:
    """Return the natural logarithm of the softmax over all words, float64[n, v].

    Args:
        hidden: float32[n, d]; the hidden vectors.
        output: float32[v, d]; the output vectors.
    """
    scores = (hidden @ output.T).astype(np.float64)
    highest = scores.max(axis=1, keepdims=True)
    log_probabilities: NDArray[np.float64] = scores - (
        highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    )
    return log_probabilities


def softmax_log_likelihood(predictions: Predictions, output: Vectors) -> float:
    """Return the summed log-softmax of the predicted words. output: float32[v, d]; the output vectors."""
    total = 0.0
    n_hidden = max(1, BLOCK_FLOATS // len(output))
    for first in range(0, len(predictions.hidden), n_hidden):
        pairs = (predictions.rows >= first) & (predictions.rows < first + n_hidden)
        logarithms = log_softmax(predictions.hidden[first : first + n_hidden], output)
        total += float(logarithms[predictions.rows[pairs] - first, predictions.words[pairs]].sum())
    return total
