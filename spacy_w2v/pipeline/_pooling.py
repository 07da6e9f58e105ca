"""One vector for many words: means, and smooth inverse frequency weighting without common components.

The latter is by Arora, Liang & Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings" (ICLR).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Counts, Vectors


def sif_weights(probabilities: ArrayLike, *, a: float) -> NDArray[np.float32]:
    """Return a / (a + p(w)) for each word: their algorithm 1, line 2; 1 for a word that never occurs.

    probabilities: relative frequencies, in [0, 1]. a: above 0; 1e-3 to 1e-4 in their paper.
    """
    weights: NDArray[np.float32] = (a / (a + np.asarray(probabilities, np.float64))).astype(np.float32)
    return weights


def corpus_probabilities(counts: Counts, *, n_tokens: int, n_rows: int) -> NDArray[np.float64]:
    """Return the share of each word in a corpus of n_tokens; 0 for rows of a table beyond those that were counted."""
    probabilities = np.zeros(n_rows)
    probabilities[: len(counts)] = counts / n_tokens
    return probabilities


def zipf_probabilities(n_rows: int) -> NDArray[np.float64]:
    """Return the probabilities of words by rank, the most frequent first, proportional to 1 / rank (Zipf 1949)."""
    reciprocals = 1 / np.arange(1, n_rows + 1)
    probabilities: NDArray[np.float64] = reciprocals / reciprocals.sum()
    return probabilities


def pooled(vectors: NDArray[np.floating], weights: NDArray[np.float32]) -> Vectors:
    """Return the weighted sum of the vectors of a text's words (n × d) over their number; zeros if there are none.

    weights: one per word, 0 for a word without a vector, which counts in the number nevertheless, as in spaCy's means.
    """
    if not len(weights):
        return np.zeros(vectors.shape[1], np.float32)
    vector: Vectors = (weights / np.float32(len(weights))) @ vectors.astype(np.float32, copy=False)
    return vector


def common_components(vectors: Vectors, *, n: int) -> Vectors:
    """Return the first n right singular vectors of a matrix of text vectors: n × d, orthonormal.

    As in algorithm 1, line 5, vectors are not centred. From the eigenvectors of the d × d products, in float64, which
    are the same and take a hundredth of the time.
    """
    exact = vectors.astype(np.float64)
    _, directions = np.linalg.eigh(exact.T @ exact)  # by rising eigenvalue
    components: Vectors = np.ascontiguousarray(directions[:, ::-1][:, :n].T.astype(np.float32))
    return components


def without_components(vectors: Vectors, components: Vectors) -> Vectors:
    """Return a vector (d), or a matrix of them (n × d), less its projection on orthonormal components (k × d)."""
    rest = vectors - (vectors @ components.T) @ components
    return rest.astype(np.float32, copy=False)
