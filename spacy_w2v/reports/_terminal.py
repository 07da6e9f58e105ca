"""The report as sections of text for a terminal."""

from dataclasses import dataclass, replace

from spacy_w2v.evaluation._scores import describe_composed, interval_rows
from spacy_w2v.inspection._table import fact_rows
from spacy_w2v.reports import _texts as texts
from spacy_w2v.reports._facts import ModelFacts

N_NEIGHBOURS = 6
"""Neighbours of each word: more would not fit into 80 columns."""


@dataclass(frozen=True)
class Section:
    """A heading with lines of text, a table and warnings, each of which can be empty."""

    title: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    warnings: tuple[str, ...] = ()


def terminal_sections(facts: ModelFacts) -> list[Section]:
    """Return the sections of the report, from top to bottom. Words in them are not escaped."""
    found = [Section(f"Word vectors: {facts.title}", texts.lead(facts), tuple(_chief_numbers(facts)))]
    if facts.inspection is not None:
        found[0] = replace(found[0], warnings=tuple(f"{one.text} {one.remedy}" for one in facts.inspection.warnings))
    for group in facts.groups:
        rows = tuple((entry.word, ", ".join(near for near, _ in entry.nearest[:N_NEIGHBOURS])) for entry in group.words)
        found.append(Section(group.name, "", rows))
    if facts.scores is not None:
        header = ("Set", "Measure", "Score", "Questions", "95 % interval")
        composed = "\n".join(describe_composed(facts.scores))
        found.append(Section("Scores", composed, (header, *interval_rows(facts.scores, leave_out=("pearson",)))))
    if facts.inspection is not None:
        table = tuple((row.name, row.value, row.note) for row in fact_rows(facts.inspection))
        found.append(Section("The table", "", table))
    if facts.last is not None:
        found.append(Section("Training", texts.training_note(facts), tuple(map(tuple, texts.epoch_table(facts)))))
    if facts.record is not None:
        found.append(Section("Make it again", texts.again_note(facts.record)))
    return found


def _chief_numbers(facts: ModelFacts) -> list[tuple[str, ...]]:
    return [(name, f"{value} {unit}".rstrip()) for name, value, unit in texts.cards(facts)]
