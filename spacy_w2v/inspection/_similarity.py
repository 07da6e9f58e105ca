"""How similar vectors are to each other: frequent words on average, and the hubs that are near to many words."""

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.inspection._facts import Hub, Hubs
from spacy_w2v.inspection._rows import Rows, Table

N_FREQUENT = 1000
"""Number of the most frequent words whose mean cosine is computed."""
N_NEIGHBOURS = 10
"""k in the k-occurrence of a word. Radovanović et al. (2010) use 10 too."""
N_COMPARED = 10_000
"""Number of words that are compared with each other. If there are more, as many are drawn at random."""
N_HUBS = 8
BLOCK = 500
SEED = 0


def mean_cosine(table: Table) -> tuple[float | None, int]:
    """Return the mean cosine of two of the most frequent words, and their number; None for fewer than two.

    The sum of all products of n unit vectors u is the square of the length of their sum, so the mean over all pairs of
    different words is (|Σ u|² - n) / (n (n - 1)).
    """
    units = _units(table, table.usable[:N_FREQUENT]).astype(np.float64)
    n = len(units)
    if n < 2:
        return None, n
    total = units.sum(axis=0)
    return float((total @ total - (units * units).sum()) / (n * (n - 1))), n


def hubs_of(table: Table) -> Hubs | None:
    """Return how unevenly words are among the k nearest neighbours of others; None for fewer than two vectors.

    The number of words that have x among their k nearest is the k-occurrence N_k(x). Its skewness, the third
    standardised moment, measures hubness (Radovanović, Nanopoulos and Ivanović 2010, "Hubs in space: Popular nearest
    neighbors in high-dimensional data", JMLR 11, equation 1).
    """
    rows = table.usable
    if len(rows) > N_COMPARED:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, N_COMPARED, replace=False))
    n = len(rows)
    if n < 2:
        return None
    n_neighbours = min(N_NEIGHBOURS, n - 1)
    counts = _occurrences(_units(table, rows), n_neighbours)
    deviations = counts - counts.mean()
    variance = float((deviations**2).mean())
    largest = np.argsort(-counts, kind="stable")[:N_HUBS]
    words = table.words_of(rows[largest])
    return Hubs(
        n_words=n,
        n_neighbours=n_neighbours,
        skewness=float((deviations**3).mean() / variance**1.5) if variance > 0 else None,
        words=[Hub(word=word, share=int(counts[place]) / n) for word, place in zip(words, largest, strict=True)],
    )


def _occurrences(units: Vectors, n_neighbours: int) -> Rows:
    """Return how many vectors have each vector among their nearest neighbours, int64[n]."""
    n = len(units)
    counts = np.zeros(n, np.int64)
    for first in range(0, n, BLOCK):
        cosines = units[first : first + BLOCK] @ units.T
        own = np.arange(len(cosines))
        cosines[own, first + own] = -np.inf
        nearest = np.argpartition(cosines, n - n_neighbours, axis=1)[:, n - n_neighbours :]
        counts += np.bincount(nearest.ravel(), minlength=n)
    return counts


def _units(table: Table, rows: Rows) -> Vectors:
    """Return rows of the matrix scaled to length 1, float32."""
    vectors = table.vectors.vectors_at(rows).astype(np.float64)
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units
