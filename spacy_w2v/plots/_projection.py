"""Word vectors in two dimensions: PCA, or t-SNE by openTSNE."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._packages import import_opentsne

Method = Literal["pca", "tsne"]

MIN_TSNE_WORDS = 10
"""With fewer words, neighbourhoods have no meaning."""
PERPLEXITY = 30.0
"""The effective number of neighbours in t-SNE, the usual value. It is smaller for fewer than 91 words."""


def projection(vectors: WordVectors, rows: NDArray[np.int64], *, method: Method = "pca", seed: int = 0) -> Vectors:
    """Return coordinates of words on a map.

    Vectors are first scaled to length 1, so that both methods see cosines, as neighbours do. The result depends on the
    vectors and the seed only.

    Args:
        vectors: The word vectors.
        rows: int64[n]; rows of their matrix.
        method: "pca" for the two principal components with the largest variance, or "tsne", which keeps neighbours
            together, whereas distances between groups mean little.
        seed: Seed of t-SNE.

    Returns:
        float32[n, 2]; NaN for rows that have no direction: zeros, NaN or infinity. PCA of vectors with one number has
        the second coordinate 0.

    Raises:
        ConfigError: There is no such method, t-SNE has too few words, or openTSNE is not installed.
    """
    if method not in get_args(Method):
        raise ConfigError(f"method must be one of {', '.join(get_args(Method))}, was: {method}")
    with single_threaded_blas():
        return _projection(unit_rows(vectors.vectors_at(rows)), method=method, seed=seed)


def _projection(unit: NDArray[np.float64], *, method: Method, seed: int) -> Vectors:
    """Return coordinates of rows of length 1. With several threads, t-SNE would enlarge rounding errors."""
    known = np.flatnonzero(np.isfinite(unit).all(axis=1))
    coordinates = np.full((len(unit), 2), np.nan, np.float32)
    if method == "tsne":
        if len(known) < MIN_TSNE_WORDS:
            raise ConfigError(
                f"t-SNE needs at least {MIN_TSNE_WORDS} words whose vectors are not zero, was: {len(known)}. "
                "Choose method = pca."
            )
        coordinates[known] = _tsne(unit[known], seed=seed)
    elif len(known):
        coordinates[known] = principal_components(unit[known], n_components=2)
    return coordinates


def unit_rows(vectors: Vectors) -> NDArray[np.float64]:
    """Return rows scaled to length 1, float64; NaN for rows that have no direction."""
    rows = np.asarray(vectors, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
        valid = np.isfinite(largest) & (largest > 0)
        scaled = rows / np.where(valid, largest, np.nan)  # squares of tiny or huge numbers leave the range of floats
        unit: NDArray[np.float64] = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    return unit


def principal_components(rows: NDArray[np.float64], *, n_components: int) -> NDArray[np.float64]:
    """Return the principal components of rows with the largest variance.

    They are computed from the covariance matrix, d × d, which is exact enough in float64. The sign of a component is
    that with which the largest entry of its axis is positive, so that it does not depend on the LAPACK in use.

    Args:
        rows: float64[n, d].
        n_components: Number of components k.

    Returns:
        float64[n, k]; zeros for components beyond d.
    """
    centred = rows - rows.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :n_components]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1, 1)
    components = np.zeros((len(rows), n_components))
    components[:, : axes.shape[1]] = centred @ axes
    return components


def _tsne(unit: NDArray[np.float64], *, seed: int) -> Vectors:
    """Return coordinates by t-SNE, float32[n, 2], started from the principal components as openTSNE advises."""
    opentsne = import_opentsne()
    start = principal_components(unit, n_components=2)
    start = start / max(start[:, 0].std(), 1e-12) * 1e-4
    tsne = opentsne.TSNE(
        perplexity=min(PERPLEXITY, (len(unit) - 1) / 3),
        initialization=start,
        metric="euclidean",  # of unit vectors, which orders them as the cosine does
        neighbors="exact" if len(unit) <= EXACT_NEIGHBOURS_UP_TO else "annoy",
        n_jobs=1,  # with several threads, sums differ in their last digits
        random_state=seed,
    )
    placed: Vectors = np.asarray(tsne.fit(unit), np.float32)
    return placed


EXACT_NEIGHBOURS_UP_TO = 20_000
"""Words up to which t-SNE searches neighbours exactly, which is fast and needs no random trees."""
