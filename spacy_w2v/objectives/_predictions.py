"""Words that a model is to predict, and the softmax over all words.

v = vocabulary, d = dimensions, n = hidden vectors. Products of vectors are taken in float32, as in training; logarithms
and their sums in float64. Memory is bounded by blocks, whatever the length of a sentence.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors

Ranks = NDArray[np.int64]
"""Words by rank, or places in an array."""

BLOCK_FLOATS = 4_000_000
"""Numbers of float64 in one array of a block: 32 MB."""


class Predictions(NamedTuple):
    """Words that a model is to predict."""

    hidden: Vectors
    """n × d; what it predicts from."""
    rows: Ranks
    """For each pair its hidden vector, ..."""
    words: Ranks
    """... and the word predicted from it."""


def log_softmax(hidden: Vectors, output: Vectors) -> NDArray[np.float64]:
    """Return the logarithm of the softmax over all words, n × v, from n hidden vectors and v output vectors."""
    scores = (hidden @ output.T).astype(np.float64)
    highest = scores.max(axis=1, keepdims=True)
    log_probabilities: NDArray[np.float64] = scores - (
        highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    )
    return log_probabilities


def softmax_log_likelihood(predictions: Predictions, output: Vectors) -> float:
    """Return the summed log probability of the predicted words among all v."""
    total = 0.0
    n_hidden = max(1, BLOCK_FLOATS // len(output))
    for first in range(0, len(predictions.hidden), n_hidden):
        pairs = (predictions.rows >= first) & (predictions.rows < first + n_hidden)
        logarithms = log_softmax(predictions.hidden[first : first + n_hidden], output)
        total += float(logarithms[predictions.rows[pairs] - first, predictions.words[pairs]].sum())
    return total
