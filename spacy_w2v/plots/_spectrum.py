"""The spectrum of vectors: how their variance is spread over principal components."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import ConfigError
from spacy_w2v.model._composition import check_has_words
from spacy_w2v.model._spectrum import effective_rank, spectrum_of
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._packages import import_altair
from spacy_w2v.plots._titles import titled

if TYPE_CHECKING:
    import altair

WIDTH, HEIGHT = 760, 420
"""Of the chart, in pixels."""
SUBTITLE = [
    "The point marks the effective rank: as many components of equal variance would spread it as widely.",
    "A flat curve means that many dimensions are used, a steep one that few are.",
]
SMALLEST_SHARE = 1e-6
"""The smallest share of the variance that is drawn. A table of low rank has components without variance."""


def variance_shares(vectors: WordVectors) -> NDArray[np.float64]:
    """Return the share of the variance that each principal component of the vectors has, float64[d], descending.

    Rows that are zero or not finite, and rows without a word, are left out, as in `spacy w2v inspect`.

    Args:
        vectors: The word vectors.

    Raises:
        ConfigError: There is no variance, because all vectors are equal or none is finite.
    """
    check_has_words(vectors, what="A plot of the spectrum")
    found = spectrum_of(partial(_blocks, vectors), vector_size=vectors.vector_size, dtype=vectors.matrix.dtype)
    if not found.shares.size:
        raise ConfigError(f"A spectrum needs vectors that differ, but those of {vectors.name} do not.")
    return found.shares


def _blocks(vectors: WordVectors) -> Iterator[NDArray[np.float64]]:
    """Yield the rows that have a word and are neither zero nor infinite, in blocks."""
    start = 0
    for block in vectors.row_blocks():
        has_word = vectors.word_of_row[start : start + len(block)] >= 0
        start += len(block)
        yield block[has_word & np.isfinite(block).all(axis=1) & block.any(axis=1)].astype(np.float64)


def spectrum_chart(spectra: Mapping[str, NDArray[np.float64]], *, title: str = "Spectrum") -> "altair.LayerChart":
    """Return the chart of one or several spectra.

    A line falls slowly where all dimensions are used, and steeply where few are. A point marks the effective rank.

    Args:
        spectra: The variance shares of each table, descending, by the names of the tables.
        title: The title.

    Raises:
        ConfigError: altair is not installed.
    """
    alt = import_altair()
    names = {name: f"{name} (effective rank {effective_rank(shares):.1f})" for name, shares in spectra.items()}
    values = [
        {"table": names[name], "component": number, "share": float(share)}
        for name, shares in spectra.items()
        for number, share in enumerate(shares, 1)
        if share >= SMALLEST_SHARE
    ]
    ranks = [
        {"table": names[name], "component": effective_rank(shares), "share": _share_at(shares, effective_rank(shares))}
        for name, shares in spectra.items()
    ]
    scale = alt.Scale(domain=list(names.values()))
    most = max(len(shares) for shares in spectra.values())
    x = alt.Scale(domain=[1, max(most, 2)], nice=False, zero=False)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("component:Q", title="Principal component", scale=x, axis=alt.Axis(grid=False, tickMinStep=1)),
        y=alt.Y("share:Q", title="Share of the variance", scale=alt.Scale(type="log", nice=True), axis=_percent(alt)),
        color=alt.Color("table:N", scale=scale, legend=_legend(alt)),
    )
    tooltip = [
        alt.Tooltip("table:N", title="Table"),
        alt.Tooltip("component:Q", title="Component"),
        alt.Tooltip("share:Q", title="Share", format=".2%"),
    ]
    marks = base.properties(data=alt.InlineData(values=ranks))
    chart: altair.LayerChart = alt.layer(
        base.mark_line(),
        base.mark_circle(size=60, opacity=0).encode(tooltip=tooltip),
        marks.mark_circle(size=190, opacity=1, style="ring").encode(tooltip=[tooltip[0], _rank_tooltip(alt)]),
    ).properties(width=WIDTH, height=HEIGHT, **titled(title, SUBTITLE))
    return chart


def _share_at(shares: NDArray[np.float64], rank: float) -> float:
    """Return the share of the variance on the curve at a rank between two components. Its axis is logarithmic."""
    known = np.log(np.maximum(shares, SMALLEST_SHARE))
    return float(np.exp(np.interp(rank, np.arange(1, len(shares) + 1), known)))


def _rank_tooltip(alt: Any) -> Any:  # Any: altair is optional
    return alt.Tooltip("component:Q", title="Effective rank", format=".1f")


def _percent(alt: Any) -> Any:  # Any: altair is optional
    ticks = [factor * 10.0**power for power in range(-6, 1) for factor in (1, 2, 5)]
    return alt.Axis(format="~%", values=ticks)


def _legend(alt: Any) -> Any:  # Any: altair is optional
    return alt.Legend(title=None, orient="top", direction="horizontal", columns=2, symbolType="stroke", labelLimit=420)
