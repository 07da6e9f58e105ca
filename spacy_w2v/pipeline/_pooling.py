"""One vector for a text: means, smooth inverse frequency weighting, and removal of common components.

After Arora, Liang & Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings" (ICLR).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Counts, Vectors


def sif_weights(probabilities: ArrayLike, *, a: float) -> NDArray[np.float32]:
    """Return a / (a + p(w)) for each word, as in line 2 of algorithm 1. A word that never occurs has the weight 1.

    Args:
        probabilities: Relative frequencies of the words, in [0, 1].
        a: Above 0; 1e-3 to 1e-4 in the paper.
    """
    weights: NDArray[np.float32] = (a / (a + np.asarray(probabilities, np.float64))).astype(np.float32)
    return weights


def corpus_probabilities(counts: Counts, *, n_tokens: int, n_rows: int) -> NDArray[np.float64]:
    """Return the relative frequency of each word in a corpus.

    Args:
        counts: Counts of the first words.
        n_tokens: Tokens of the corpus.
        n_rows: Number of words. Those without a count have the frequency 0.
    """
    probabilities = np.zeros(n_rows)
    probabilities[: len(counts)] = counts / n_tokens
    return probabilities


def zipf_probabilities(n_rows: int) -> NDArray[np.float64]:
    """Return the probability of each word by its rank, proportional to 1 / rank (Zipf 1949)."""
    reciprocals = 1 / np.arange(1, n_rows + 1)
    probabilities: NDArray[np.float64] = reciprocals / reciprocals.sum()
    return probabilities


def weighted_mean(vectors: NDArray[np.floating], weights: NDArray[np.float32]) -> Vectors:
    """Return the weighted sum of the vectors of a text's words, divided by the number of words.

    Args:
        vectors: Vectors of the words (n × d).
        weights: Weight of each word (n); 0 for a word without a vector, which is counted nevertheless, as in spaCy.

    Returns:
        The vector (d), float32; zeros if there are no words.
    """
    if not len(weights):
        return np.zeros(vectors.shape[1], np.float32)
    vector: Vectors = (weights / np.float32(len(weights))) @ vectors.astype(np.float32, copy=False)
    return vector


def common_components(vectors: Vectors, *, n: int) -> Vectors:
    """Return the first n right singular vectors of a matrix of text vectors (line 5 of algorithm 1).

    They are computed as eigenvectors of the d × d product in float64, which takes a hundredth of the time. As in the
    paper, vectors are not centred.

    Args:
        vectors: Vectors of texts (number of texts × d).
        n: How many singular vectors.

    Returns:
        The singular vectors (n × d), orthonormal, the strongest first.
    """
    exact = vectors.astype(np.float64)
    _, directions = np.linalg.eigh(exact.T @ exact)  # in ascending order of eigenvalues
    components: Vectors = np.ascontiguousarray(directions[:, ::-1][:, :n].T.astype(np.float32))
    return components


def remove_components(vectors: Vectors, components: Vectors) -> Vectors:
    """Subtract from a vector (d) or vectors (n × d) their projections on orthonormal components (k × d)."""
    rest = vectors - (vectors @ components.T) @ components
    return rest.astype(np.float32, copy=False)
