"""Which words have moved from one table of vectors to another, after the second one was turned onto the first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v._system.paths import short_names
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._projection import unit_rows
from spacy_w2v.plots._words import words_of_rows

N_WORDS = 10_000
"""Words that are compared, unless another number is given."""
N_PEERS = 201
"""Words of similar frequency with which a word is compared, itself among them."""
MIN_SHARED = 3


@dataclass(frozen=True, eq=False)
class Movements:
    """How similar the vectors of words are in two tables, the most frequent words first."""

    before: str
    """The name of the first table."""
    after: str
    words: list[str]
    counts: Counts | None
    """int64[n]; numbers of tokens in the corpus of the second table, else of the first one; None if unknown."""
    cosines: NDArray[np.float64]
    """float64[n]; cosine similarity of the two vectors of a word, after the rotation."""
    expected: NDArray[np.float64]
    """float64[n]; the median cosine of words of similar frequency. Vectors of rare words are less certain."""

    @property
    def moved(self) -> NDArray[np.float64]:
        """By how much the cosine of a word is below that of its peers, float64[n]."""
        return self.expected - self.cosines

    def most_moved(self, n: int) -> NDArray[np.intp]:
        """Return the places of the words that have moved most, beginning with the first."""
        return np.argsort(-self.moved, kind="stable")[:n]


def movements(before: WordVectors, after: WordVectors, *, n_words: int = N_WORDS) -> Movements:
    """Compare two tables of vectors, whose axes may be turned in any way.

    The rotation is the orthogonal matrix that brings the vectors of the shared words, scaled to length 1, nearest to
    those of the first table (Schönemann 1966; for words Hamilton, Leskovec and Jurafsky 2016). Vectors with fewer
    dimensions get zeros.

    Args:
        before: The first table.
        after: The second table.
        n_words: Number of words, the most frequent ones of the second table that the first one has too.

    Raises:
        ConfigError: The tables share fewer than three words that have a direction.
    """
    places = words_of_rows(after, n_words=len(after))
    shared = [place for place in places.tolist() if after.words[place] in before][:n_words]
    words = [after.words[place] for place in shared]
    old = unit_rows(before.vectors_at(np.array([before.row(word) for word in words], np.int64)))
    new = unit_rows(after.vectors_at(after.rows[shared]))
    known = np.flatnonzero(np.isfinite(old).all(axis=1) & np.isfinite(new).all(axis=1))
    if len(known) < MIN_SHARED:
        raise ConfigError(
            f"Two tables must share at least {MIN_SHARED} words whose vectors are not zero, but {before.name} and "
            f"{after.name} share: {len(known)}."
        )
    words = [words[place] for place in known]
    old, new = _padded(old[known], new[known])
    cosines = ((new @ rotation(new, old)) * old).sum(axis=1)
    first, second = short_names([before.name, after.name])
    return Movements(first, second, words, _counts(before, after, words), cosines, _median_of_peers(cosines))


def rotation(moving: NDArray[np.float64], fixed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the orthogonal matrix R that makes the sum of squares of `moving @ R - fixed` smallest.

    Args:
        moving: float64[n, d].
        fixed: float64[n, d].

    Returns:
        float64[d, d].
    """
    left, _, right = np.linalg.svd(moving.T @ fixed)
    turned: NDArray[np.float64] = left @ right
    return turned


def _padded(*matrices: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    size = max(matrix.shape[1] for matrix in matrices)
    return [np.pad(matrix, ((0, 0), (0, size - matrix.shape[1]))) for matrix in matrices]


def _counts(before: WordVectors, after: WordVectors, words: list[str]) -> Counts | None:
    for vectors in (after, before):
        if vectors.counts is not None:
            return vectors.counts[[vectors.index[word] for word in words]]
    return None


def _median_of_peers(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of the N_PEERS values around each one; near the ends, that of the first or last ones."""
    size = min(N_PEERS, len(cosines))
    windows = np.lib.stride_tricks.sliding_window_view(cosines, size)
    medians = np.median(windows, axis=1)
    before = (size - 1) // 2
    return np.pad(medians, (before, len(cosines) - len(medians) - before), mode="edge")
