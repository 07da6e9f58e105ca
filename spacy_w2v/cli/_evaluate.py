"""`spacy w2v evaluate`: score word vectors on word similarity and analogies."""

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import (
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
    from collections.abc import Sequence

    from spacy_w2v.evaluation._comparison import Comparison
    from spacy_w2v.evaluation._scores import Scores
    from spacy_w2v.model._word_vectors import WordVectors


JSON_SUFFIX = ".json"
TEXT_SUFFIXES = (".md", ".markdown")
SUFFIXES = (JSON_SUFFIX, *TEXT_SUFFIXES)
"""The suffixes of files of scores."""

MAX_COLUMN = 60
"""Largest width of a column of scores, in characters."""


class Methods(str, Enum):
    """How analogies are solved."""

    cosadd = "3cosadd"
    cosmul = "3cosmul"
    both = "both"


PAIRS_OPTION = typer.Option(
    [],
    "--word-pairs",
    help="Word similarity set: a file with two words and a rating in each line. Replaces the bundled English sets",
)
ANALOGIES_OPTION = typer.Option(
    [],
    "--analogies",
    help="Analogy set: a file like questions-words.txt. Replaces the bundled English set",
)


@w2v_cli.command("evaluate")
def evaluate_command(
    sources: list[str] = typer.Argument(..., metavar="VECTORS...", help=f"{VECTORS_HELP}. Several are compared"),
    output_file: Path = typer.Option(
        None, "--output", "-o", help="Output file for the scores: .json, or .md for Markdown"
    ),
    word_pairs: list[Path] = PAIRS_OPTION,
    analogies: list[Path] = ANALOGIES_OPTION,
    restrict_vocab: int = typer.Option(
        30_000,
        "--restrict-vocab",
        min=1,
        help="Restrict the candidate answers of analogies to this many most frequent words",
    ),
    method: Methods = typer.Option(
        Methods.cosadd, "--method", help="How analogies are solved: 3CosAdd, 3CosMul, or the one and the other"
    ),
    sections: bool = typer.Option(False, "--sections", help="Show the scores of all sections of analogies"),
    tokenize: bool = typer.Option(
        False,
        "--tokenize",
        help="Tokenize words of pairs that have no vector and use the mean vector of their tokens, as doc.vector does",
    ),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = CODE_OPTION,
    trust_config: bool = TRUST_OPTION,
) -> None:
    """
    Evaluate word vectors on word similarity and analogies.

    By default, the evaluation sets are WordSim-353, SimLex-999 and Google's analogies, which gensim bundles. Use
    --word-pairs and --analogies to evaluate on your own sets. Both can be repeated.

    Several VECTORS are compared on the questions that all of them know, with 95 % confidence intervals and paired
    permutation tests.
    """
    from spacy_w2v._atomic import check_file, staged_file
    from spacy_w2v.evaluation._scoring import compare
    from spacy_w2v.formats._opening import open_vectors

    with errors_for_users():
        if output_file is not None:
            check_file(output_file)
            known_suffix(output_file, SUFFIXES, what="scores", default=JSON_SUFFIX)
        run_code(code_path)
        opened = [open_vectors(source, trust_config=trust_config or code_path is not None) for source in sources]
        if not word_pairs and not analogies:
            warn_if_not_english(opened)
        comparison = compare(
            opened,
            word_pairs=word_pairs or None,
            analogies=analogies or None,
            restrict_vocab=restrict_vocab,
            method=method.value,
            vector_kind=vector_kind.value,
            postprocess=postprocess.choice,
            whitening_strength=whitening_strength,
            tokenize=tokenize,
        )
        print_comparison(comparison, opened, sections=sections)  # first: the file may fail, and scores would be lost
        if output_file is not None:
            with staged_file(output_file) as staged:
                staged.write_text(text_to_write(comparison, output_file), encoding="utf-8")


def print_comparison(comparison: "Comparison", vectors: "Sequence[WordVectors]", *, sections: bool) -> None:
    """Print the scores of single vectors, or the comparison of several, and what has no score.

    Args:
        comparison: The scores.
        vectors: The vectors, in their order.
        sections: Whether to show the sections of analogies too.
    """
    is_single = len(comparison.scores) == 1
    if not is_single:
        print(comparison.to_text(sections=sections))  # noqa: T201  # the command's output
    for (name, scores), each in zip(comparison.scores.items(), vectors, strict=True):
        if is_single:
            print_scores(scores, sections=sections, has_words=bool(each.words))
        if not each.words:
            msg.text(
                f"{name} is a table of subwords without a list of words. The vectors of all pairs are composed, and "
                "analogies, whose answers are words of such a list, have no score."
            )
        warn_of_missing_scores(scores, vectors="" if is_single else f" of {name}", has_words=bool(each.words))


def text_to_write(comparison: "Comparison", path: Path) -> str:
    """Return Markdown or JSON, as the name of the file says. The JSON of single vectors is that of their scores."""
    if path.suffix.lower() in TEXT_SUFFIXES:
        return comparison.to_markdown()
    values = comparison.to_dict()
    if len(comparison.scores) == 1:
        (values,) = values["scores"].values()
    return json.dumps(values, indent=2) + "\n"


def warn_if_not_english(vectors: "Sequence[WordVectors]") -> None:
    """Warn if vectors are not for English, the language of the bundled evaluation sets."""
    for lang in dict.fromkeys(each.lang for each in vectors):
        if lang not in (None, "en", "xx"):
            msg.warn(
                f"The bundled evaluation sets are English, but the language of the vectors is: {lang}. "
                "Use --word-pairs and --analogies to evaluate on sets in that language."
            )


def print_scores(scores: "Scores", *, sections: bool = False, has_words: bool = True) -> None:
    """Print a table of scores, and how many pairs were composed.

    Args:
        scores: The scores.
        sections: Whether to show the sections of analogies too.
        has_words: Whether the vectors have a list of words. Otherwise all pairs are composed.
    """
    from spacy_w2v.evaluation._scores import describe_composed, interval_rows

    header = ("Set", "Measure", "Score", "Questions", "95 % interval")
    rows = interval_rows(scores, leave_out=("pearson",), sections=sections)
    msg.table(rows, header=header, divider=True, aligns=("l", "l", "r", "r", "r"), max_col=MAX_COLUMN)
    for sentence in describe_composed(scores) if has_words else ():
        msg.text(sentence)


def warn_of_missing_scores(scores: "Scores", *, vectors: str = "", has_words: bool = True) -> None:
    """Print a warning for each evaluation set without a score.

    Args:
        scores: The scores.
        vectors: The end of a sentence that names the vectors.
        has_words: Whether they have a list of words. Otherwise analogies have no score in any case.
    """
    from spacy_w2v.evaluation._scores import AnalogyScore

    for name, score in scores.by_name().items():
        if not has_words and isinstance(score, AnalogyScore):
            continue
        if score.n_used < score.min_questions:
            n_questions = score.n_used + score.n_unknown
            known = "have a vector"
            if isinstance(score, AnalogyScore):
                known = f"are among the {score.restrict_vocab:,} most frequent"
            msg.warn(
                f"No score{vectors} for {name}: of its {n_questions:,} questions, at least {score.min_questions} must "
                f"have only words that {known}, but {score.n_used} do."
            )
