"""`spacy w2v report`: write a short Markdown report on a model."""

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
    model_path: Path = typer.Argument(..., help="Output directory of `spacy w2v train` or the model in it"),
    output_file: Path = typer.Argument(..., help="Output Markdown file. An existing file is overwritten"),
    scores_path: Path = typer.Option(
        None, "--scores", "-s", help="JSON file with scores, saved by `spacy w2v evaluate --output`"
    ),
    words: list[str] = typer.Option(
        [], "--word", "-w", help="Word to show neighbours of. Can be repeated. By default, a few frequent words"
    ),
) -> None:
    """
    Write a Markdown report on a model.

    The report shows the corpus, the settings, the loss of each epoch, scores and the nearest neighbours of some words.
    """
    from spacy_w2v._api import load
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.reports._markdown import make_report

    with errors_for_users():
        model = load(model_path, mmap=True)
        report = make_report(model, scores=read_scores(scores_path) if scores_path else None, words=words)
        with staged_file(output_file) as staged:
            staged.write_text(report, encoding="utf-8")
        if unknown := [word for word in words if word not in model]:
            msg.warn(f"Skipped words that are not in the vocabulary of {len(model):,} words: {', '.join(unknown)}")
        msg.good(f"Saved the report to {output_file}")


def read_scores(path: Path) -> "Scores":
    """Return the scores in a JSON file of `spacy w2v evaluate`. Raises StorageError."""
    from spacy_w2v._atomic import parse_json, read_bounded
    from spacy_w2v.evaluation._scores import Scores

    try:
        return Scores.from_dict(parse_json(read_bounded(path), name=str(path)))
    except (StorageError, CorpusError) as error:
        raise StorageError(
            f"--scores must name a JSON file saved by spacy w2v evaluate, was: {path}. {error}"
        ) from None
