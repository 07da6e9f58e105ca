"""`spacy w2v inspect`: facts about word vectors, and warnings."""

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v._system.tables import SPACING, width_of
from spacy_w2v.cli._app import (
    CACHE_HELP,
    CODE_OPTION,
    KIND_OPTION,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    TRUST_OPTION,
    VECTORS_HELP,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.config._arguments import known_suffix

if TYPE_CHECKING:
    from spacy_w2v.inspection._facts import Inspection

LEAST_NOTE_WIDTH = 36
MOST_NOTE_WIDTH = 90


@w2v_cli.command("inspect")
def inspect_command(
    sources: list[str] = typer.Argument(..., metavar="VECTORS...", help=VECTORS_HELP),
    output_file: Path = typer.Option(
        None, "--output", "-o", help="Output JSON file for the facts: an object, or a list of them for several vectors"
    ),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    cache_dir: Path = typer.Option(None, "--cache-dir", help=CACHE_HELP),
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Show what word vectors are like, and warn of bad training.

    Prints the rank and the effective rank of the vectors, how similar frequent words are, how far the vectors follow
    the counts of the corpus, the lengths of vectors, hubs, and rows that are zero, not finite or duplicates. Several
    vectors are shown side by side, and each model is compared with the first one of the same corpus.
    """
    from spacy_w2v._atomic import check_file, staged_file
    from spacy_w2v.inspection._inspection import inspect_vectors

    with errors_for_users():
        if output_file is not None:
            check_file(output_file)
            known_suffix(output_file, (".json",), what="facts", default=".json")
        run_code(code_path)
        inspections = [
            inspect_vectors(
                source,
                vector_kind=vector_kind.value,
                postprocess=postprocess.choice,
                whitening_strength=whitening_strength,
                cache_dir=cache_dir,
                trust_config=trust_config or code_path is not None,
            )
            for source in sources
        ]
        if output_file is not None:
            found = [inspection.to_dict() for inspection in inspections]
            with staged_file(output_file) as staged:
                staged.write_text(json.dumps(found[0] if len(found) == 1 else found, indent=2) + "\n", encoding="utf-8")
        if len(inspections) == 1:
            print_facts(inspections[0])
        else:
            print_side_by_side(inspections)
        print_warnings(inspections)


def print_facts(inspection: "Inspection") -> None:
    """Print a table of the facts, with a line that explains each."""
    from spacy_w2v.inspection._table import fact_rows

    rows = fact_rows(inspection)
    used = max(width_of(row.name) for row in rows) + max(width_of(row.value) for row in rows) + 2 * SPACING
    width = min(max(shutil.get_terminal_size().columns - used, LEAST_NOTE_WIDTH), MOST_NOTE_WIDTH)
    lines = []
    for row in rows:
        first, *others = textwrap.wrap(row.note, width) or [""]
        lines += [(row.name, row.value, first), *(("", "", other) for other in others)]
    msg.table(lines, header=("Fact", "Value", "Meaning"), divider=True, aligns=("l", "r", "l"))


def print_side_by_side(inspections: list["Inspection"]) -> None:
    """Print a table of the facts that are numbers, with a column for each of several vectors."""
    from spacy_w2v.inspection._table import NOTHING, fact_rows

    columns = [{row.name: row.value for row in fact_rows(inspection) if row.value} for inspection in inspections]
    names = _merged([list(column) for column in columns])
    lines = [(name, *(column.get(name, NOTHING) for column in columns)) for name in names]
    header = ("Fact", *(inspection.name for inspection in inspections))
    msg.table(lines, header=header, divider=True, aligns=("l", *"r" * len(inspections)))


def _merged(columns: list[list[str]]) -> list[str]:
    """Return the names of several columns, each once. A name that a column adds follows the one before it there."""
    names: list[str] = []
    for column in columns:
        place = 0
        for name in column:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return names


def print_warnings(inspections: list["Inspection"]) -> None:
    """Print the warnings about each of some vectors, and about those that are worse than the first, with what to do."""
    from spacy_w2v.inspection._warnings import compare

    first, *others = inspections
    found = [(inspection.name, warning) for inspection in inspections for warning in inspection.warnings]
    found += [(other.name, warning) for other in others if (warning := compare(first, other)) is not None]
    for name, warning in found:
        msg.warn(warning.text if len(inspections) == 1 else f"{name}: {warning.text}", warning.remedy)
    if not found:
        msg.good("No rule warns about these vectors")
