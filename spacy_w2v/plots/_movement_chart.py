"""The chart of two tables: how far each word has moved, and how far words of its frequency do."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v.plots._label_placement import MAX_LABEL, OFFSET, label_zooms
from spacy_w2v.plots._movement import Movements
from spacy_w2v.plots._packages import import_altair
from spacy_w2v.plots._titles import titled

if TYPE_CHECKING:
    import altair

WIDTH, HEIGHT = 860, 520
"""Of the chart, in pixels."""
N_LABELS = 40
"""Words that have moved most, which get a label if there is room."""
N_CURVE = 200
"""Points of the curve of the median."""


def movement_chart(found: Movements, *, title: str | None = None) -> "altair.LayerChart":
    """Return the chart of the words that have moved.

    Args:
        found: The words and how similar their vectors are.
        title: The title; None for the names of the tables.

    Raises:
        ConfigError: altair is not installed.
    """
    alt = import_altair()
    field, axis_title = ("count", "Tokens in the corpus") if found.counts is not None else ("rank", "Rank")
    values = _values(found)
    frequencies = [value[field] for value in values]
    lowest = max(min(frequencies), 1)
    x_domain = [lowest, max(*frequencies, lowest + 1)]
    top = float(np.ceil(found.cosines.max() * 10) / 10)
    y_domain = [min(float(np.floor(found.cosines.min() * 10) / 10), top - 0.1), top]
    _add_labels(values, field, x_domain, y_domain, order=found.most_moved(N_LABELS).tolist())
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            f"{field}:Q",
            title=axis_title,
            scale=alt.Scale(type="log", domain=x_domain, clamp=True, nice=False, reverse=found.counts is None),
            axis=alt.Axis(grid=False, format="~s", tickCount=6),
        ),
        y=alt.Y("cosine:Q", title="Cosine of the two vectors", scale=alt.Scale(domain=y_domain, nice=False)),
    )
    tooltip = [
        alt.Tooltip("word:N", title="Word"),
        alt.Tooltip(f"{field}:Q", title=axis_title, format=","),
        alt.Tooltip("cosine:Q", title="Cosine", format=".3f"),
        alt.Tooltip("expected:Q", title="Median of its peers", format=".3f"),
    ]
    labelled = base.transform_filter("datum.label").encode(text="word:N")
    curve = base.transform_filter("datum.curve").encode(y="expected:Q")
    chart: altair.LayerChart = alt.layer(
        base.transform_filter("!datum.moved")
        .mark_circle(size=26, style="background-point", aria=False)
        .encode(tooltip=tooltip),
        curve.mark_line(style="median"),
        base.transform_filter("datum.moved").mark_circle(size=48, opacity=0.95).encode(tooltip=tooltip),
        labelled.mark_text(style="halo", align="left", dx=OFFSET, limit=MAX_LABEL),
        labelled.mark_text(style="label", align="left", dx=OFFSET, limit=MAX_LABEL),
    ).properties(
        width=WIDTH,
        height=HEIGHT,
        **titled(title or f"{found.before} → {found.after}", _subtitle(found)),
    )
    return chart


def _values(found: Movements) -> list[dict[str, Any]]:  # Any: JSON values
    moved = set(found.most_moved(N_LABELS).tolist())
    on_curve = set(np.linspace(0, len(found.words) - 1, min(N_CURVE, len(found.words))).astype(int).tolist())
    return [
        {
            "word": word,
            **({} if found.counts is None else {"count": int(found.counts[place])}),
            "rank": place + 1,
            "cosine": round(float(found.cosines[place]), 4),
            "expected": round(float(found.expected[place]), 4),
            "moved": place in moved,
            "curve": place in on_curve,
            "label": False,
        }
        for place, word in enumerate(found.words)
    ]


def _add_labels(
    values: list[dict[str, Any]],  # Any: JSON values
    field: str,
    x_domain: list[float],
    y_domain: list[float],
    *,
    order: list[int],
) -> None:
    """Mark the words whose labels have room, those that have moved most first."""
    x = np.log(np.maximum([values[place][field] for place in order], 1)) / np.log(x_domain[1] / x_domain[0]) * WIDTH
    y = np.array([values[place]["cosine"] for place in order]) / (y_domain[1] - y_domain[0]) * HEIGHT
    points = np.stack([-x if field == "rank" else x, y], axis=1)
    zooms = label_zooms(points, [values[place]["word"] for place in order], pixels_per_unit=1, zooms=[1.0])
    for place, zoom in zip(order, zooms, strict=True):
        values[place]["label"] = bool(zoom == 1)


def _subtitle(found: Movements) -> list[str]:
    return [
        f"{len(found.words):,} shared words, after the second table was turned onto the first (orthogonal Procrustes).",
        "The curve is the median of words of similar frequency. Labelled words are furthest below it: they moved most.",
    ]
