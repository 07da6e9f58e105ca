"""The report as a web page: one file that asks no server for anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from spacy_w2v._system.terminal import shown, shown_lines
from spacy_w2v._version import __version__
from spacy_w2v.evaluation._scores import Interval, Scores, WordPairScore, describe_composed, shown_interval, shown_score
from spacy_w2v.inspection._table import fact_rows
from spacy_w2v.plots._html import hash_of
from spacy_w2v.reports import _texts as texts
from spacy_w2v.reports._charts import bars, curve, on_scale
from spacy_w2v.reports._facts import ModelFacts
from spacy_w2v.reports._map_data import map_data

N_MAP_WORDS = 5000
"""Words on the map unless the user wants more or fewer."""
N_SHOWN = 8
"""Neighbours in the lists of frequent, middle and rare words."""


@dataclass(frozen=True)
class ScoreRow:
    """A row of the table of scores."""

    set: str
    measure: str
    score: str
    interval: str
    questions: str
    picture: Markup


@dataclass(frozen=True)
class Chart:
    """A chart with its title."""

    title: str
    svg: Markup


def make_page(facts: ModelFacts) -> str:
    """Return the page as HTML.

    Words, names and settings are texts: the template escapes them, and a content security policy allows the style
    sheet and the script of this package only.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {"shown": shown, "shown_lines": shown_lines, "number": "{:,}".format}
    style, script = _asset("page.css"), _in_strict_mode(_asset("map.js"), _asset("page.js"))
    return environment.from_string(_asset("page.html")).render(
        facts=facts,
        n_shown=N_SHOWN,
        version=__version__,
        style=Markup(style),
        style_hash=hash_of(style),
        script=Markup(script),
        script_hash=hash_of(script),
        lead=texts.lead(facts),
        cards=texts.cards(facts),
        map_note=texts.map_note(facts),
        map_data=Markup(map_data(facts, facts.word_map)) if facts.word_map is not None else None,
        no_warnings=texts.NO_WARNINGS,
        inspection_rows=[] if facts.inspection is None else fact_rows(facts.inspection),
        spectrum=_spectrum(facts),
        spectrum_note=texts.spectrum_note(facts),
        score_rows=_score_rows(facts.scores),
        composed=[] if facts.scores is None else describe_composed(facts.scores),
        training_note=texts.training_note(facts),
        training_charts=_training_charts(facts),
        epochs=texts.epoch_table(facts),
        again_note=texts.again_note(facts.record) if facts.record is not None else "",
        command=texts.command("config.cfg"),
    )


def _asset(name: str) -> str:
    return (files("spacy_w2v.reports") / "assets" / name).read_text(encoding="utf-8")


def _in_strict_mode(*scripts: str) -> str:
    return "\n".join(['(() => {\n"use strict";', *scripts, "})();"])


def _score_rows(scores: Scores | None) -> list[ScoreRow]:
    """Return a row for each measure, and for each part of a set of word pairs."""
    rows = []
    for name, score in scores.by_name().items() if scores is not None else ():
        intervals = score.intervals()
        for measure, (value, n_used) in score.measures().items():
            if measure != "pearson":
                rows.append(_score_row(name, measure, value, n_used, intervals.get(measure)))
        for part, of_part in (score.parts if isinstance(score, WordPairScore) else {}).items():
            rows.append(_score_row(f"{name}: {part}", "spearman", of_part.spearman, of_part.n_used, of_part.interval))
    return rows


def _score_row(name: str, measure: str, value: float | None, n_used: int, interval: Interval | None) -> ScoreRow:
    low, high = interval or (None, None)
    text = "" if interval is None else shown_interval(interval)
    score = shown_score(value)
    picture = Markup("") if value is None else on_scale(value, low=low, high=high, text=f"{score} {text}".rstrip())
    return ScoreRow(name, measure, score, text, f"{n_used:,}", picture)


def _spectrum(facts: ModelFacts) -> Markup | None:
    shares = [] if facts.inspection is None else facts.inspection.variance_shares
    if not shares:
        return None
    text = f"Shares of the variance along {len(shares)} axes, from {shares[0]:.1%} to {shares[-1]:.1%}."
    return bars(shares, text=text, x_name="axis")


def _training_charts(facts: ModelFacts) -> Sequence[Chart]:
    if facts.record is None or not facts.record.results:
        return []
    losses = [(result.epoch, result.loss) for result in facts.record.results]
    charts = [Chart("Loss", curve(losses, text=_described("Loss", losses, 4), x_name="epoch", decimals=4))]
    history = [(point.epoch, point.score) for point in facts.record.evaluation.history if point.ends_epoch]
    scores = [(epoch, score) for epoch, score in history if score is not None]
    if scores:
        text = _described("Word similarity", scores, 3)
        charts.append(Chart("Word similarity", curve(scores, text=text, x_name="epoch", decimals=3)))
    return charts


def _described(name: str, values: Sequence[tuple[int, float]], decimals: int) -> str:
    (first, start), (last, end) = values[0], values[-1]
    return f"{name}: {start:.{decimals}f} after epoch {first}, {end:.{decimals}f} after epoch {last}."
