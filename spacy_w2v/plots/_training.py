"""The curves of training: the loss of each epoch, and the learning rate."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.plots._packages import import_altair

if TYPE_CHECKING:
    import altair

WIDTH, HEIGHT = 760, 300
"""Of the curves of the loss, in pixels."""
SUBTITLE = [
    "Compare runs of the same architecture, loss and learning rate. The loss is measured before each step, so it may",
    "rise while the learning rate falls and the vectors still get better.",
]


def training_chart(runs: Mapping[str, Sequence[EpochResult]], *, title: str = "Training") -> "altair.VConcatChart":
    """Return the curves of one or several runs.

    Args:
        runs: The results of the epochs of each run, by its name.
        title: The title.

    Raises:
        ConfigError: No run has results, as models of other programs, or altair is not installed.
    """
    alt = import_altair()
    values: list[dict[str, Any]] = [  # Any: JSON values
        {"run": name, "epoch": result.epoch, "loss": result.loss, "rate": result.alpha, "speed": result.words_per_s}
        for name, results in runs.items()
        for result in results
    ]
    if not values:
        raise ConfigError(f"Curves need a model with epochs, but these have none: {', '.join(runs)}.")
    color = alt.Color("run:N", scale=alt.Scale(domain=list(runs)), legend=_legend(alt) if len(runs) > 1 else None)
    epochs = max(result.epoch for results in runs.values() for result in results)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "epoch:Q",
            scale=alt.Scale(domain=[1, max(epochs, 2)], nice=False, padding=8),
            axis=alt.Axis(title="Epoch", grid=False, tickMinStep=1, format="d"),
        ),
        color=color,
    )
    panels = [_curve(alt, base, "loss", "Loss, mean of the epoch", height=HEIGHT)]
    if any(value["rate"] for value in values):
        panels.append(_curve(alt, base, "rate", "Learning rate", height=HEIGHT // 3))
    chart: altair.VConcatChart = alt.vconcat(*panels, spacing=26).properties(
        title=alt.Title(title, subtitle=SUBTITLE), bounds="full"
    )
    return chart


def _legend(alt: Any) -> Any:  # Any: altair is optional
    return alt.Legend(title=None, orient="top", direction="horizontal", columns=3, symbolType="stroke", labelLimit=360)


def _curve(alt: Any, base: Any, field: str, title: str, *, height: int) -> Any:  # Any: altair is optional
    """Return the curves of one value over the epochs."""
    scale = alt.Scale(zero=field == "rate", nice=True)
    encoded = base.encode(y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)))
    tooltip = [
        alt.Tooltip("run:N", title="Run"),
        alt.Tooltip("epoch:Q", title="Epoch"),
        alt.Tooltip("loss:Q", title="Loss", format=".4f"),
        alt.Tooltip("rate:Q", title="Learning rate", format=".5f"),
        alt.Tooltip("speed:Q", title="Words/s", format=",.0f"),
    ]
    points = encoded.mark_circle(size=46, opacity=1).encode(tooltip=tooltip)
    return alt.layer(encoded.mark_line(), points).properties(width=WIDTH, height=height)
