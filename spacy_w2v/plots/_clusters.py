"""Groups of words with similar vectors, by k-means."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets

MAX_CLUSTERS = 8
"""The number of colours that can still be distinguished."""
N_STARTS = 4
"""Runs from different starts. The one with the smallest sum of squared distances counts."""
MAX_ITERATIONS = 50


def clusters(unit: NDArray[np.float64], *, n_clusters: int, seed: int = 0) -> Offsets:
    """Return the cluster of each row, numbered from the largest one on.

    This is Lloyd's k-means, started by k-means++ (Arthur and Vassilvitskii 2007). The number of clusters is chosen, not
    found, so they are a help for the eye and not a fact about the language.

    Args:
        unit: float64[n, d]; rows of length 1.
        n_clusters: The number of clusters. There are fewer if fewer rows are different.
        seed: Seed of the starts.

    Returns:
        int64[n].
    """
    n_clusters = min(n_clusters, len(np.unique(unit, axis=0)))
    runs = [_k_means(unit, n_clusters, np.random.default_rng([seed, start])) for start in range(N_STARTS)]
    labels = min(runs, key=lambda run: run[1])[0]
    sizes = np.bincount(labels, minlength=n_clusters)
    numbers = np.empty(n_clusters, np.int64)
    numbers[np.argsort(-sizes, kind="stable")] = np.arange(n_clusters)
    renumbered: Offsets = numbers[labels]
    return renumbered


def _k_means(rows: NDArray[np.float64], n_clusters: int, random: np.random.Generator) -> tuple[Offsets, float]:
    """Return the cluster of each row, and the sum of squared distances to the centres."""
    centres = _first_centres(rows, n_clusters, random)
    labels = np.full(len(rows), -1, np.int64)
    for _ in range(MAX_ITERATIONS):
        before, labels = labels, (rows @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
        if (labels == before).all():
            break
        for number in np.unique(labels):
            centres[number] = rows[labels == number].mean(axis=0)
    return labels, float(((rows - centres[labels]) ** 2).sum())


def _first_centres(rows: NDArray[np.float64], n_clusters: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return rows as centres, each drawn in proportion to its squared distance to the nearest one before."""
    centres = np.empty((n_clusters, rows.shape[1]))
    weights = np.ones(len(rows))
    distances = np.full(len(rows), np.inf)
    for number in range(n_clusters):
        centres[number] = rows[random.choice(len(rows), p=weights / weights.sum())]
        weights = distances = np.minimum(distances, ((rows - centres[number]) ** 2).sum(axis=1))
    return centres
