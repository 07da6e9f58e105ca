"""The chart of a map: words as points, with labels that never overlap, a search, and zooming."""

from typing import TYPE_CHECKING, Any

from spacy_w2v._arrays import Counts
from spacy_w2v.plots._label_placement import MAX_LABEL, OFFSET
from spacy_w2v.plots._map_points import HEIGHT, OTHER, WIDTH, MapPoints
from spacy_w2v.plots._packages import import_altair
from spacy_w2v.plots._titles import titled

if TYPE_CHECKING:
    import altair

HINT = (
    "Drag to move. Zoom with the wheel while you hold Ctrl or ⌘. Double-click to return. "
    "Click a word to keep it in view; hold Shift for several."
)
ZOOM_ONLY_WITH_KEY = "wheel![event.ctrlKey || event.metaKey]"
"""Otherwise a page with the map could not be scrolled by the wheel."""
FEW_WORDS = 300
"""Up to this number of words, points are larger."""
COUNT_TITLE, RANK_TITLE = "Tokens in the corpus", "Rank in the order of the source"
LABEL: dict[str, Any] = {"align": "left", "baseline": "middle", "dx": OFFSET, "limit": MAX_LABEL, "clip": True}
"""Properties of labels. Any: values of altair's arguments."""
POINT: dict[str, Any] = {"clip": True, "aria": False}
"""Properties of points. A description of each would make files large; the chart has one."""
IS_OTHER = f"datum.group == '{OTHER}'"
MATCHES = "(search == '' || indexof(lower(datum.word), lower(search)) >= 0)"
BEGINS = "(search != '' && indexof(lower(datum.word), lower(search)) == 0)"


def map_chart(points: MapPoints, *, title: str | None = None) -> "altair.LayerChart":
    """Return the chart of a map.

    Its parameters are `search`, a text that words must contain; `pick`, the words that were clicked; and `pan`, the
    visible part.

    Args:
        points: The words and where they are.
        title: The title; None for the name of the vectors.

    Raises:
        ConfigError: altair is not installed.
    """
    alt = import_altair()
    pan = alt.selection_interval(name="pan", bind="scales", encodings=["x", "y"], zoom=ZOOM_ONLY_WITH_KEY)
    pick = alt.selection_point(name="pick", fields=["word"], toggle="event.shiftKey", empty=False)
    search = alt.param(name="search", value="", bind=alt.binding(input="search", name="Search", placeholder="a word"))
    base = alt.Chart(alt.InlineData(values=_values(points))).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=list(points.view.x), nice=False, zero=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=list(points.view.y), nice=False, zero=False)),
    )
    layers = _point_layers(alt, base, points, pick)
    layers[-1] = layers[-1].add_params(pan, pick)
    labelled = base.transform_filter(_label_filter(points)).encode(text="word:N")
    layers.append(labelled.mark_text(style="halo", **LABEL))
    if points.grouping.names and OTHER in points.grouping.of_words:
        layers.append(labelled.transform_filter(IS_OTHER).mark_text(style="faint-label", **LABEL))
        labelled = labelled.transform_filter(f"!({IS_OTHER})")
    layers.append(labelled.mark_text(style="label", **LABEL))
    chart: altair.LayerChart = (
        alt.layer(*layers)
        .add_params(search)
        .properties(
            width=WIDTH,
            height=HEIGHT,
            usermeta={"hint": HINT},
            **titled(title or points.name, subtitle(points)),
        )
    )
    return chart


def subtitle(points: MapPoints) -> list[str]:
    """Return what the map shows, and how it is to be read."""
    what = f"{len(points.words):,} words" if len(points.words) > 1 else "1 word"
    if points.n_left_out:
        what += f" ({points.n_left_out:,} without a direction are left out)"
    if points.method == "pca":
        shares = " and ".join(f"{100 * share:.1f} %" for share in points.variance_shares)
        return [f"{what}. The first two principal components of their directions, with {shares} of the variance."]
    return [f"{what}, by t-SNE. Words that are near each other are similar; larger distances mean little."]


def _values(points: MapPoints) -> list[dict[str, Any]]:  # Any: JSON values
    """Return the rows of the data, the rarest word first, so that frequent words are drawn over it."""
    values: list[dict[str, Any]] = []
    for place in reversed(range(len(points.words))):
        x, y = (float(f"{number:.6g}") for number in points.coordinates[place])
        value = {"word": points.words[place], "x": x, "y": y, "rank": place + 1}
        if points.counts is not None:
            value["count"] = int(points.counts[place])
        if points.grouping.names:
            value["group"] = points.grouping.of_words[place]
        value["zoom"] = round(float(points.label_zooms[place]), 1)
        values.append(value)
    return values


def _label_filter(points: MapPoints) -> str:
    """Return the expression for words whose labels have room, or that were searched or clicked."""
    (left, right), (bottom, top) = points.view
    zoom = (
        f"min(width / {WIDTH} * (pan.x ? {right - left:.6g} / abs(pan.x[1] - pan.x[0]) : 1), "
        f"height / {HEIGHT} * (pan.y ? {top - bottom:.6g} / abs(pan.y[1] - pan.y[0]) : 1))"
    )
    return f"search == '' ? (datum.zoom <= {zoom} || vlSelectionTest('pick_store', datum)) : {BEGINS}"


def _point_layers(alt: Any, base: Any, points: MapPoints, pick: Any) -> list[Any]:  # Any: altair is optional
    """Return the layer of the points, with another one below it for words without a group, if there are such."""
    tooltip = [alt.Tooltip("word:N", title="Word")]
    if points.counts is not None:
        tooltip.append(alt.Tooltip("count:Q", title="Tokens", format=","))
    tooltip.append(alt.Tooltip("rank:Q", title="Rank", format=","))
    if points.grouping.names:
        tooltip.append(alt.Tooltip("group:N", title="Group"))
    encoded = base.encode(
        size=_size(alt, points),
        opacity=alt.condition(MATCHES, alt.value(0.8), alt.value(0.06)),
        strokeWidth=alt.condition(pick, alt.value(2), alt.value(0)),
        tooltip=tooltip,
    )
    if OTHER not in points.grouping.of_words:
        return [encoded.mark_circle(style="word-point", **POINT).encode(color=_color(alt, points))]
    others = encoded.transform_filter(IS_OTHER).mark_circle(style="background-point", **POINT)
    others = others.encode(opacity=alt.condition(MATCHES, alt.value(0.3), alt.value(0.06)))
    grouped = encoded.transform_filter(f"!({IS_OTHER})").mark_circle(style="word-point", **POINT)
    return [others, grouped.encode(color=_color(alt, points))]


def _color(alt: Any, points: MapPoints) -> Any:  # Any: altair is optional
    if points.grouping.names:
        legend = alt.Legend(title=None, orient="top", columns=4, direction="horizontal", symbolType="circle")
        return alt.Color("group:N", scale=alt.Scale(domain=points.grouping.names), legend=legend)
    legend = _frequency_legend(alt, points)
    if points.counts is None:
        scale = alt.Scale(type="log", range="ramp", reverse=True)
        return alt.Color("rank:Q", title=RANK_TITLE, scale=scale, legend=legend)
    scale = alt.Scale(type="log", domain=list(_span(points.counts)), clamp=True, range="ramp")
    return alt.Color("count:Q", title=COUNT_TITLE, scale=scale, legend=legend)


def _size(alt: Any, points: MapPoints) -> Any:  # Any: altair is optional
    """Return the encoding of sizes: frequent words are larger, and all are if there are few."""
    smallest, largest = (40, 130) if len(points.words) <= FEW_WORDS else (10, 110)
    legend = None if points.grouping.names else _frequency_legend(alt, points)
    if points.counts is None:
        scale = alt.Scale(type="log", range=[largest, smallest])
        return alt.Size("rank:Q", title=RANK_TITLE, scale=scale, legend=legend)
    scale = alt.Scale(type="log", domain=list(_span(points.counts)), clamp=True, range=[smallest, largest])
    return alt.Size("count:Q", title=COUNT_TITLE, scale=scale, legend=legend)


def _frequency_legend(alt: Any, points: MapPoints) -> Any:  # Any: altair is optional
    """Return the legend of colours and sizes, which Vega-Lite joins if both have the same."""
    return alt.Legend(orient="top", direction="horizontal", values=_ticks(points), format="~s")


def _span(counts: Counts) -> tuple[int, int]:
    """Return the lowest and the highest count of words with tokens. A word may have none."""
    return max(int(counts.min()), 1), max(int(counts.max()), 1)


def _ticks(points: MapPoints) -> list[int]:
    """Return the powers of ten between the lowest and the highest count or rank, or if there is one at most, these."""
    low, high = (1, len(points.words)) if points.counts is None else _span(points.counts)
    powers = [10**power for power in range(len(str(high))) if low <= 10**power <= high]
    return powers if len(powers) > 1 else sorted({low, high})
