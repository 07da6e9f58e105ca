"""`spacy w2v report`: a short report of a model in Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import errors_for_users, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.errors import CorpusError, StorageError

if TYPE_CHECKING:
    from spacy_w2v.evaluation._scores import Scores


@w2v_cli.command("report")
def report_command(
    model_path: Path = typer.Argument(..., help="Output directory of `spacy w2v train`, or the model in it"),
    output_file: Path = typer.Argument(..., help="Markdown file to write, replaced if it exists"),
    scores_path: Path = typer.Option(None, "--scores", "-s", help="Scores that `spacy w2v evaluate --output` wrote"),
    words: list[str] = typer.Option(
        [], "--word", "-w", help="Words whose neighbours to show; by default a few that are frequent"
    ),
) -> None:
    """
    Write a report of a model: its corpus, settings, losses, scores and some neighbours.
    """
    from spacy_w2v._api import load
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.evaluation._report import make_report

    with errors_for_users():
        model = load(model_path, mmap=True)
        report = make_report(model, scores=read_scores(scores_path) if scores_path else None, words=words)
        with staged_file(output_file) as staged:
            staged.write_text(report, encoding="utf-8")
        if unknown := [word for word in words if word not in model]:
            msg.warn(f"Left out what is not in the vocabulary of {len(model):,} words: {', '.join(unknown)}")
        msg.good(f"Wrote the report to {output_file}")


def read_scores(path: Path) -> "Scores":
    """Return the scores in a file. Raises StorageError."""
    from spacy_w2v._atomic import parse_json, read_bounded
    from spacy_w2v.evaluation._scores import Scores

    try:
        return Scores.from_dict(parse_json(read_bounded(path), name=str(path)))
    except (StorageError, CorpusError) as error:
        raise StorageError(f"--scores must name a JSON file made by spacy w2v evaluate, was: {path}. {error}") from None
