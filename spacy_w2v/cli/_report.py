"""`spacy w2v report`: what there is to know about word vectors, as a page, as Markdown, or in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import CACHE_HELP, VECTORS_HELP, MapMethods, errors_for_users, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.config._arguments import known_suffix
from spacy_w2v.errors import ConfigError, CorpusError, StorageError

if TYPE_CHECKING:
    from spacy_w2v.evaluation._scores import Scores
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.reports._facts import ModelFacts

PAGE_SUFFIXES = (".html", ".htm")
TEXT_SUFFIXES = (".md", ".markdown", ".txt")


@w2v_cli.command("report")
def report_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    output_file: Path | None = typer.Argument(
        None,
        help="Output file: a web page if its name ends in .html, Markdown if it ends in .md. An existing file is "
        "overwritten. "
        "Without it, the report is printed",
    ),
    scores_path: Path | None = typer.Option(
        None, "--scores", "-s", help="JSON file with scores, saved by `spacy w2v evaluate --output`"
    ),
    evaluates: bool = typer.Option(
        False, "--evaluate", help="Score the vectors on the sets that `spacy w2v evaluate` has, with intervals"
    ),
    words: list[str] = typer.Option(
        [], "--word", "-w", help="Word to show neighbours of, before frequent, middle and rare words. Can be repeated"
    ),
    n_words: int = typer.Option(
        5000, "--n-words", min=1, max=20_000, help="Number of words on the map of a page, the most frequent ones"
    ),
    method: MapMethods = typer.Option(
        MapMethods.pca,
        "--method",
        help="How words are placed on the map: by principal components (pca), or so that neighbours stay together "
        "(tsne), which takes longer and needs the extra `maps`",
    ),
    cache_dir: Path | None = typer.Option(None, "--cache-dir", help=CACHE_HELP),
) -> None:
    """
    Report on word vectors as a web page, Markdown or text.

    The report shows the corpus, the settings, the loss of each epoch, scores, the nearest neighbours of some words, and
    how to train the vectors again. Of vectors of other programs, it shows what is known. A page also has a map of the
    most frequent words. It is one file, which needs no network.
    """
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.formats._opening import open_vectors
    from spacy_w2v.reports._facts import collect_facts

    with errors_for_users():
        is_page = output_file is not None and checked_suffix(output_file) in PAGE_SUFFIXES
        if scores_path and evaluates:
            raise ConfigError("--evaluate computes scores, and --scores names a file of them. Give one of the two.")
        scores = read_scores(scores_path) if scores_path else None
        vectors = open_vectors(source)
        facts = collect_facts(
            vectors,
            words=words,
            scores=_scored(vectors) if evaluates else scores,
            n_map_words=n_words if is_page else 0,
            method=method.value,
            cache_dir=cache_dir,
        )
        if unknown := [word for word in words if word not in vectors]:
            msg.warn(f"Skipped words that are not in the vocabulary of {len(vectors):,} words: {', '.join(unknown)}")
        if output_file is None:
            print_report(facts)
            return
        with staged_file(output_file) as staged:
            staged.write_text(_written(facts, is_page=is_page), encoding="utf-8")
        msg.good(f"Saved the report to {output_file}")


def checked_suffix(path: Path) -> str:
    """Return the suffix of the file of a report. Raises Word2VecError if it is unknown or the file is not writable."""
    from spacy_w2v._atomic import check_file

    check_file(path)
    return known_suffix(path, PAGE_SUFFIXES + TEXT_SUFFIXES, what="a report", default=TEXT_SUFFIXES[0])


def _scored(vectors: "WordVectors") -> "Scores":
    from spacy_w2v.cli._evaluate import warn_if_not_english
    from spacy_w2v.evaluation._scoring import compare

    warn_if_not_english([vectors])
    (scores,) = compare([vectors]).scores.values()
    return scores


def _written(facts: "ModelFacts", *, is_page: bool) -> str:
    from spacy_w2v.reports._markdown import make_report
    from spacy_w2v.reports._page import make_page

    return make_page(facts) if is_page else make_report(facts)


def print_report(facts: "ModelFacts") -> None:
    """Print the report."""
    from spacy_w2v._system.tables import aligned
    from spacy_w2v.reports._terminal import terminal_sections

    for section in terminal_sections(facts):
        msg.divider(section.title)
        if section.text:
            msg.text(section.text)
        if section.rows:
            print(*aligned(section.rows), "", sep="\n")  # noqa: T201  # the command's output
        for warning in section.warnings:
            msg.warn(warning)


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
