"""The similarities of some words with each other, as a heat map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._system.paths import short_names
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._packages import import_altair
from spacy_w2v.plots._projection import unit_rows
from spacy_w2v.plots._titles import titled

if TYPE_CHECKING:
    import altair

MAX_WORDS = 100
"""More words cannot be read in one chart."""
MAX_WORDS_WITH_NUMBERS = 24
"""Words up to which the cells show numbers."""
LABEL_HEIGHT = 20
"""Pixels that a slanted label needs in its row."""
DARK_CELL = 0.74
"""Share of the largest similarity from which on the colour of a cell needs a text in the colour of the background."""


@dataclass(frozen=True, eq=False)
class Similarities:
    """Cosine similarities of words."""

    name: str
    """The name of the vectors."""
    words: list[str]
    matrix: NDArray[np.float64]
    """float64[n, n]; NaN for a word whose vector is zero or not finite."""


def similarities(vectors: WordVectors, words: Sequence[str], *, sort: bool = True) -> Similarities:
    """Return the cosine similarity of each pair of words.

    Args:
        vectors: The word vectors.
        words: The words, at least two. Repeated ones count once.
        sort: Whether similar words are put beside each other, as hierarchical clustering with the mean distance orders
            them. Otherwise they stay in the given order.

    Raises:
        ConfigError: There are too few or too many words.
        UnknownWordError: A word has no vector.
    """
    words = list(dict.fromkeys(words))
    if not 2 <= len(words) <= MAX_WORDS:
        raise ConfigError(f"A heat map needs 2 to {MAX_WORDS} different words, was: {len(words)}")
    unit = unit_rows(np.asarray(vectors[words], np.float32))
    matrix = np.clip(unit @ unit.T, -1, 1)
    if sort and len(words) > 2:
        order = _order(matrix)
        words, matrix = [words[place] for place in order], matrix[np.ix_(order, order)]
    return Similarities(short_names([vectors.name])[0], words, matrix)


def _order(matrix: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order of leaves of a hierarchical clustering, in which neighbours are as similar as possible."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    distances = 1 - np.nan_to_num(matrix)
    upper = distances[np.triu_indices(len(matrix), 1)]
    order: NDArray[np.intp] = leaves_list(linkage(upper, method="average", optimal_ordering=True))
    return order


def similarity_chart(found: Similarities, *, title: str | None = None) -> "altair.LayerChart":
    """Return a heat map of similarities.

    The colours go from minus the largest similarity of two words to plus that, so that 0 is always neutral.

    Args:
        found: The words and their similarities.
        title: The title; None for the name of the vectors.

    Raises:
        ConfigError: altair is not installed.
    """
    alt = import_altair()
    n = len(found.words)
    others = found.matrix[~np.eye(n, dtype=bool)]
    largest = float(np.nanmax(np.abs(others), initial=0.1))
    largest = np.ceil(largest * 10) / 10
    step = 34 if n <= MAX_WORDS_WITH_NUMBERS else 16
    # An order that lists the words would become an expression, in which Vega refuses some characters.
    in_order = {axis: alt.EncodingSortField(field=f"place_{axis}", op="min") for axis in "ab"}
    base = alt.Chart(alt.InlineData(values=_values(found))).encode(
        x=alt.X(
            "b:N",
            sort=in_order["b"],
            title=None,
            axis=alt.Axis(orient="top", labelAngle=-45 if step > LABEL_HEIGHT else -90),
        ),
        y=alt.Y("a:N", sort=in_order["a"], title=None),
    )
    legend = alt.Legend(title="Cosine similarity", format=".1f", gradientLength=min(n * step, 220))
    cells = base.mark_rect(cornerRadius=3).encode(
        color=alt.Color(
            "cosine:Q", scale=alt.Scale(domain=[-largest, largest], range="diverging", clamp=True), legend=legend
        ),
        tooltip=[
            alt.Tooltip("a:N", title="Word"),
            alt.Tooltip("b:N", title="and"),
            alt.Tooltip("cosine:Q", title="Cosine", format=".3f"),
        ],
    )
    layers = [cells]
    if n <= MAX_WORDS_WITH_NUMBERS:
        numbers = base.encode(text=alt.Text("cosine:Q", format=".2f"))
        limit = DARK_CELL * largest
        layers += [
            numbers.transform_filter(f"abs(datum.cosine) < {limit:.3f}").mark_text(style="value"),
            numbers.transform_filter(f"abs(datum.cosine) >= {limit:.3f}").mark_text(style="value-on-color"),
        ]
    chart: altair.LayerChart = alt.layer(*layers).properties(
        width=alt.Step(step),
        height=alt.Step(step),
        **titled(title or found.name, ["Cosine similarities of words with each other."]),
    )
    return chart


def _values(found: Similarities) -> list[dict[str, Any]]:  # Any: JSON values
    """Return a row for each cell. The diagonal is left out: every word is equal to itself."""
    return [
        {"a": a, "b": b, "place_a": i, "place_b": j, "cosine": round(float(found.matrix[i, j]), 4)}
        for i, a in enumerate(found.words)
        for j, b in enumerate(found.words)
        if i != j and np.isfinite(found.matrix[i, j])
    ]
