"""The chart of a map: words as points, with labels that never overlap, a search, and zooming."""

from typing import TYPE_CHECKING, Any

from spacy_w2v.plots._map_points import HEIGHT, OTHER, WIDTH, MapPoints
from spacy_w2v.plots._packages import import_altair

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
    shown = base.transform_filter(_label_filter(points)).encode(text="word:N")
    layers = [
        _points_layer(alt, base, points, pick).add_params(pan, pick),
        shown.mark_text(align="left", baseline="middle", dx=6, style="halo", clip=True),
        shown.mark_text(align="left", baseline="middle", dx=6, style="label", clip=True),
    ]
    chart: altair.LayerChart = (
        alt.layer(*layers)
        .add_params(search)
        .properties(
            width=WIDTH,
            height=HEIGHT,
            title=alt.Title(title or points.name, subtitle=subtitle(points)),
            usermeta={"hint": HINT},
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
        x, y = points.coordinates[place].tolist()
        value = {"word": points.words[place], "x": round(x, 5), "y": round(y, 5), "rank": place + 1}
        if points.counts is not None:
            value["count"] = int(points.counts[place])
        if points.grouping.of_words:
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


def _points_layer(alt: Any, base: Any, points: MapPoints, pick: Any) -> "altair.Chart":  # Any: altair is optional
    tooltip = [alt.Tooltip("word:N", title="Word")]
    if points.counts is not None:
        tooltip.append(alt.Tooltip("count:Q", title="Tokens", format=","))
    tooltip.append(alt.Tooltip("rank:Q", title="Rank", format=","))
    if points.grouping.of_words:
        tooltip.append(alt.Tooltip("group:N", title="Group"))
    chart: altair.Chart = base.mark_circle(clip=True, style="word-point").encode(
        color=_color(alt, points),
        size=_size(alt, points),
        opacity=alt.condition(MATCHES, alt.value(0.85), alt.value(0.06)),
        strokeWidth=alt.condition(pick, alt.value(2), alt.value(0)),
        tooltip=tooltip,
    )
    return chart


def _color(alt: Any, points: MapPoints) -> Any:  # Any: altair is optional
    if points.grouping.of_words:
        names = points.grouping.names + [OTHER] * (OTHER in points.grouping.of_words)
        legend = alt.Legend(title=None, orient="top", columns=4, direction="horizontal", symbolType="circle")
        return alt.Color("group:N", scale=alt.Scale(domain=names), legend=legend)
    legend = alt.Legend(orient="top", direction="horizontal", gradientLength=220, gradientThickness=10, tickCount=4)
    if points.counts is None:
        return alt.Color(
            "rank:Q",
            title="Rank in the order of the source",
            scale=alt.Scale(type="log", range="ramp", reverse=True),
            legend=legend,
        )
    legend.format = "~s"
    return alt.Color(
        "count:Q", title="Tokens in the corpus", scale=alt.Scale(type="symlog", range="ramp"), legend=legend
    )


def _size(alt: Any, points: MapPoints) -> Any:  # Any: altair is optional
    """Return the encoding of sizes: frequent words are larger, and all are if there are few."""
    largest = 320 if len(points.words) <= FEW_WORDS else 110
    field = "rank:Q" if points.counts is None else "count:Q"
    scale = alt.Scale(type="log", range=[largest / 8, largest], reverse=points.counts is None)
    return alt.Size(field, scale=scale, legend=None)
