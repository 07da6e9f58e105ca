"""Comparisons as tables, for terminals and in Markdown."""

import shutil
import textwrap
from collections.abc import Sequence

from spacy_w2v._system.markdown import plain_text
from spacy_w2v._system.tables import aligned
from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._comparison import ComparedMeasure, Comparison
from spacy_w2v.evaluation._scores import describe_composed, shown_interval, shown_score

Rows = list[list[str]]

MOST_NOTE_WIDTH = 100
"""Of lines of notes, in characters, however wide the terminal is."""

HEADER = ["Set", "Measure", "Questions", "Vectors", "Score", "95 % interval", "Compared with the best"]


def text_of(comparison: Comparison, *, sections: bool) -> str:
    """Return tables for a terminal: the scores, what the vectors know, and notes.

    Args:
        comparison: The comparison.
        sections: Whether to show the sections of analogies too.
    """
    headings, rows = [], [["  Vectors", "Score", "95 % interval", ""]]
    for measure in comparison.measures:
        if sections or not _is_section(measure):
            questions = f"{measure.n_common:,} of {measure.n_questions:,} questions"
            headings.append((len(rows), shown(f"{_title(measure)}, {measure.measure}, {questions}")))
            rows += [[f"  {name}", *cells] for name, *cells in _rows_of(measure)]
    lines = aligned(rows, right=range(1, 3))
    for place, heading in reversed(headings):
        lines[place:place] = ["", heading]
    known = aligned([header := _known_header(comparison), *_known(comparison)], right=range(1, len(header)))
    return "\n\n".join("\n".join(part) for part in (lines, known, _wrapped(notes_of(comparison))) if part)


def _wrapped(notes: Sequence[str]) -> list[str]:
    """Return notes as lines that fit into the terminal."""
    width = min(shutil.get_terminal_size().columns, MOST_NOTE_WIDTH)
    return [line for note in notes for line in textwrap.wrap(note, width)]


def markdown_of(comparison: Comparison) -> str:
    """Return the tables in Markdown, with all sections of analogies."""
    rows = [
        [_title(measure), measure.measure, f"{measure.n_common:,} of {measure.n_questions:,}", *cells]
        for measure in comparison.measures
        for cells in _rows_of(measure)
    ]
    n_columns = len(HEADER) - (len(comparison.vectors) == 1)
    scores = _markdown_table(HEADER[:n_columns], [row[:n_columns] for row in rows])
    known = _markdown_table(_known_header(comparison), _known(comparison))
    return "\n\n".join(["# Scores", scores, known, *notes_of(comparison)]) + "\n"


def notes_of(comparison: Comparison) -> list[str]:
    """Return sentences on what the tables mean, and on what had to be assumed."""
    notes = []
    if len(comparison.vectors) > 1:
        notes.append(
            "Scores are over the questions whose words all vectors know. Differences are tested on the same questions, "
            "so that one may be clear although the intervals of both scores overlap."
        )
    for name, scores in comparison.scores.items():
        of = "" if len(comparison.scores) == 1 else f"{name}, "
        notes += [f"{of}{sentence}" for sentence in describe_composed(scores)]
    assumed = [name for name, each in comparison.vectors.items() if not each.has_counts]
    if assumed and any(each.measure == "accuracy" for each in comparison.measures):
        notes.append(
            f"No counts of words are known for {_listed(assumed)}: the first words of a file, or the first rows of a "
            "table, are taken to be the most frequent ones."
        )
    return notes


def _title(measure: ComparedMeasure) -> str:
    return measure.set if measure.part is None else f"{measure.set}: {measure.part}"


def _rows_of(measure: ComparedMeasure) -> Rows:
    """Return a row for each of the vectors: name, score, interval, and how the score compares with the best."""
    return [
        [name, shown_score(estimate.score), shown_interval(estimate.interval), measure.verdict(name)]
        for name, estimate in measure.estimates.items()
    ]


def _is_section(measure: ComparedMeasure) -> bool:
    return measure.measure == "accuracy" and measure.part not in (None, "semantic", "syntactic")


def _known_header(comparison: Comparison) -> list[str]:
    return ["Known questions", *next(iter(comparison.scores.values())).by_name(), "Words", "Dimensions"]


def _known(comparison: Comparison) -> Rows:
    """Return a row for each of the vectors: name, known questions of each set, number of words, dimensions."""
    rows = []
    for name, summary in comparison.vectors.items():
        scores = comparison.scores[name].by_name().values()
        shares = [f"{score.n_used / (score.n_used + score.n_unknown):.0%}" for score in scores]
        rows.append([name, *shares, f"{summary.n_words:,}", f"{summary.vector_size:,}"])
    return rows


def _markdown_table(header: Sequence[str], rows: Rows) -> str:
    lines = [header, ["---"] * len(header), *([plain_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
