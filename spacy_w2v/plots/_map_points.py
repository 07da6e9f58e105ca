"""The points of a map: which words, where, how frequent, in which groups, and from which zoom on they have a label."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v._system.paths import short_names
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._clusters import MAX_CLUSTERS, clusters
from spacy_w2v.plots._label_placement import label_zooms
from spacy_w2v.plots._projection import Method, projection, unit_rows
from spacy_w2v.plots._words import words_of_rows

N_WORDS = 5_000
"""Words on a map, unless another number is given."""
WIDTH, HEIGHT = 860, 660
"""Of a map, in pixels. Labels are placed for this size."""
MARGIN = 0.06
"""Of each side of a map, as a share of it, so that labels at the border have room."""
OTHER = "other words"
"""The group of words that have no group of their own."""
N_WORDS_OF_CLUSTER = 3
"""Words that name a cluster."""


class Grouping(NamedTuple):
    """The groups of words."""

    of_words: list[str]
    """The name of the group of each word; empty if there are no groups."""
    names: list[str]
    """The names of the groups, in the order of the legend, without OTHER."""


NO_GROUPS = Grouping([], [])


class View(NamedTuple):
    """A part of the plane that has the shape of a map."""

    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def of(cls, coordinates: Vectors) -> "View":
        """Return the smallest part of the plane that has all points, float32[n, 2], and a margin."""
        lowest, highest = (np.asarray(f(axis=0), np.float64) for f in (coordinates.min, coordinates.max))
        middle = (lowest + highest) / 2
        unit = float(((highest - lowest) / (WIDTH, HEIGHT)).max()) or 1.0
        half = unit * (1 + 2 * MARGIN) / 2
        (x, y), right, up = middle, half * WIDTH, half * HEIGHT
        return cls((float(x - right), float(x + right)), (float(y - up), float(y + up)))


@dataclass(frozen=True, eq=False)
class MapPoints:
    """Words on a map, the most frequent first."""

    name: str
    """The name of the vectors."""
    words: list[str]
    rows: NDArray[np.int64]
    """int64[n]; rows in the matrix of the vectors."""
    coordinates: Vectors
    """float32[n, 2]; x leads right and y up, in the same unit."""
    counts: Counts | None
    """int64[n]; numbers of tokens in the corpus, None if unknown."""
    grouping: Grouping
    """The groups of the words."""
    label_zooms: NDArray[np.float64]
    """float64[n]; the zoom from which on the label of a word has room."""
    view: View
    """What is visible at zoom 1."""
    method: Method
    variance_shares: tuple[float, float]
    """With PCA, the shares of the variance that the two components have."""
    n_left_out: int
    """Words left out, because their vectors are zero or not finite."""


def map_points(
    vectors: WordVectors,
    *,
    n_words: int = N_WORDS,
    method: Method = "pca",
    n_clusters: int = 0,
    groups: Mapping[str, str] | None = None,
    seed: int = 0,
) -> MapPoints:
    """Place words on a map.

    Args:
        vectors: The word vectors.
        n_words: Number of words, the most frequent ones. Words of `groups` are added.
        method: As for `projection`.
        n_clusters: Number of clusters to make of the words, at most 8; 0 for none. They are named after their words.
        groups: The group of some words, instead of clusters.
        seed: Seed of t-SNE and clusters.

    Raises:
        ConfigError: No word has a direction, or an argument is invalid.
    """
    if not 0 <= n_clusters <= MAX_CLUSTERS:
        raise ConfigError(f"n_clusters must be from 0 to {MAX_CLUSTERS}, was: {n_clusters}")
    chosen = words_of_rows(vectors, n_words=n_words, also=groups or {})
    coordinates = projection(vectors, vectors.rows[chosen], method=method, seed=seed)
    known = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if not len(known):
        raise ConfigError(f"A map needs words whose vectors are not zero, but {vectors.name} has none.")
    places, coordinates = chosen[known], coordinates[known]
    words, rows = [vectors.words[place] for place in places], vectors.rows[places]
    unit = unit_rows(vectors.vectors_at(rows))
    grouping = NO_GROUPS
    if groups is not None:
        grouping = _given_groups(words, groups)
    elif n_clusters:
        grouping = _named_clusters(words, unit, n_clusters, seed=seed)
    view = View.of(coordinates)
    return MapPoints(
        name=short_names([vectors.name])[0],
        words=words,
        rows=rows,
        coordinates=coordinates,
        counts=None if vectors.counts is None else vectors.counts[places],
        grouping=grouping,
        label_zooms=_label_zooms(words, coordinates, grouping, view),
        view=view,
        method=method,
        variance_shares=_variance_shares(coordinates, unit),
        n_left_out=len(chosen) - len(known),
    )


def _given_groups(words: list[str], groups: Mapping[str, str]) -> Grouping:
    """Return the groups that are given, in the order of their words, and for all other words OTHER."""
    names = list(dict.fromkeys(groups.values()))
    if len(names) > MAX_CLUSTERS:
        raise ConfigError(
            f"A map can show at most {MAX_CLUSTERS} groups, because more colours cannot be distinguished, was: "
            f"{len(names)}. Give fewer groups."
        )
    return Grouping([groups.get(word, OTHER) for word in words], names)


def _named_clusters(words: list[str], unit: NDArray[np.float64], n_clusters: int, *, seed: int) -> Grouping:
    """Return clusters of words, named after the frequent words that are nearest to their centres."""
    with single_threaded_blas():  # the last bits of sums, and so the clusters, may depend on the number of threads
        labels = clusters(unit, n_clusters=n_clusters, seed=seed)
    names = []
    for number in range(labels.max() + 1):
        members = np.flatnonzero(labels == number)
        frequent = members[: max(N_WORDS_OF_CLUSTER, len(members) // 4)]
        nearness = unit[frequent] @ unit[members].mean(axis=0)
        typical = frequent[np.argsort(-nearness, kind="stable")[:N_WORDS_OF_CLUSTER]]
        names.append(", ".join(words[place] for place in typical))
    return Grouping([names[label] for label in labels], names)


def _label_zooms(words: list[str], coordinates: Vectors, grouping: Grouping, view: View) -> NDArray[np.float64]:
    """Return the zoom of each label. Words of given groups have their labels first, then the most frequent words."""
    order = np.argsort([name == OTHER for name in grouping.of_words], kind="stable")
    if not grouping.of_words:
        order = np.arange(len(words))
    zooms = np.empty(len(words))
    zooms[order] = label_zooms(
        coordinates[order].astype(np.float64),
        [words[place] for place in order],
        pixels_per_unit=WIDTH / (view.x[1] - view.x[0]),
    )
    return zooms


def _variance_shares(coordinates: Vectors, unit: NDArray[np.float64]) -> tuple[float, float]:
    """Return the shares of the variance of vectors, float64[n, d], that the two coordinates have."""
    total = float(unit.var(axis=0).sum())
    first, second = coordinates.astype(np.float64).var(axis=0) / total if total > 0 else (0.0, 0.0)
    return float(first), float(second)
