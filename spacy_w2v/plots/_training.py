"""The curves of training: the loss and the learning rate of each epoch, and the scores while training."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.model._run_record import RunRecord
from spacy_w2v.plots._packages import import_altair
from spacy_w2v.plots._titles import titled

if TYPE_CHECKING:
    import altair

WIDTH, HEIGHT = 760, 280
"""Of the curves of the loss, in pixels. Other curves are lower."""
SUBTITLE = [
    "Compare runs of the same architecture, loss and learning rate. The loss is measured before each step, so it may",
    "rise while the learning rate falls and the vectors still get better.",
]

Values = list[dict[str, Any]]
"""Rows of data. Any: JSON values."""


def training_chart(records: Mapping[str, RunRecord], *, title: str = "Training") -> "altair.VConcatChart":
    """Return the curves of one or several runs.

    Args:
        records: The record of each run, by its name.
        title: The title.

    Raises:
        ConfigError: No run has epochs, as those of models of other programs, or altair is not installed.
    """
    alt = import_altair()
    epochs, scores = _epochs(records), _scores(records)
    if not epochs:
        raise ConfigError(f"Curves need a model with epochs, but these have none: {', '.join(records)}.")
    last = max(value["epoch"] for value in epochs)
    first = min([1, *(int(value["epoch"]) for value in scores)])
    x = alt.X(
        "epoch:Q",
        scale=alt.Scale(domain=[first, max(last, 2)], nice=False, padding=8),
        axis=alt.Axis(title="Epoch", grid=False, tickMinStep=1, format="d"),
    )
    of_epochs = alt.Chart(alt.InlineData(values=epochs)).encode(x=x, color=_color(alt, "run", list(records)))
    panels = [_panel(alt, of_epochs, "loss", "Loss, mean of the epoch", height=HEIGHT)]
    if scores:
        field, names = ("run", list(records)) if len(records) > 1 else ("set", _names(scores, "set"))
        of_scores = alt.Chart(alt.InlineData(values=scores)).encode(x=x, color=_color(alt, field, names))
        panels.append(_panel(alt, of_scores, "score", "Word similarity (Spearman)", height=HEIGHT * 2 // 3))
    if any(value["rate"] for value in epochs):
        without_legend = of_epochs.encode(color=_color(alt, "run", list(records), has_legend=False))
        panels.append(_panel(alt, without_legend, "rate", "Learning rate", height=HEIGHT // 3))
    chart: altair.VConcatChart = (
        alt.vconcat(*panels, spacing=26)
        .resolve_scale(color="independent")
        .properties(bounds="full", **titled(title, SUBTITLE))
    )
    return chart


def _epochs(records: Mapping[str, RunRecord]) -> Values:
    return [
        {"run": name, "epoch": result.epoch, "loss": result.loss, "rate": result.alpha, "speed": result.words_per_s}
        for name, record in records.items()
        for result in record.results
    ]


def _scores(records: Mapping[str, RunRecord]) -> Values:
    """Return the scores while training, of one run for each set, of several runs that by which vectors are compared."""
    values: Values = []
    for name, record in records.items():
        for point in record.evaluation.history:
            scores = point.scores if len(records) == 1 else {"score": point.score}
            epoch = point.n_tokens / record.corpus.n_tokens
            values += [{"run": name, "epoch": epoch, "set": of, "score": value} for of, value in scores.items()]
    return [value for value in values if value["score"] is not None]


def _names(values: Values, field: str) -> list[str]:
    return list(dict.fromkeys(value[field] for value in values))


def _color(alt: Any, field: str, names: list[str], *, has_legend: bool = True) -> Any:  # Any: altair is optional
    """Return the encoding of colours, with a legend if there are several and it may have one."""
    legend = alt.Legend(
        title=None, orient="top", direction="horizontal", columns=3, symbolType="stroke", labelLimit=360
    )
    return alt.Color(
        f"{field}:N", scale=alt.Scale(domain=names), legend=legend if has_legend and len(names) > 1 else None
    )


def _panel(alt: Any, base: Any, field: str, title: str, *, height: int) -> Any:  # Any: altair is optional
    """Return the curves of one value over the epochs."""
    scale = alt.Scale(zero=field == "rate", nice=True)
    encoded = base.encode(y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)))
    tooltip = [alt.Tooltip("run:N", title="Run"), alt.Tooltip("epoch:Q", title="Epoch", format=".3~r")]
    if field == "score":
        tooltip += [alt.Tooltip("set:N", title="Set"), alt.Tooltip("score:Q", title="Score", format=".3f")]
    else:
        tooltip += [
            alt.Tooltip("loss:Q", title="Loss", format=".4f"),
            alt.Tooltip("rate:Q", title="Learning rate", format=".5f"),
            alt.Tooltip("speed:Q", title="Words/s", format=",.0f"),
        ]
    points = encoded.mark_circle(size=46, opacity=1).encode(tooltip=tooltip)
    return alt.layer(encoded.mark_line(), points).properties(width=WIDTH, height=height)
