"""`spacy w2v evaluate`: scores on word similarity and analogies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import CODE_HELP, TRUST_HELP, VECTORS_HELP, VectorKinds, errors_for_users, run_code, w2v_cli
from spacy_w2v.cli._messages import msg

if TYPE_CHECKING:
    from spacy_w2v.evaluation._scores import Scores


@w2v_cli.command("evaluate")
def evaluate_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    output_file: Path = typer.Option(None, "--output", "-o", help="JSON file for the scores"),
    word_pairs: list[Path] = typer.Option(
        [],
        "--word-pairs",
        help="File of two words and a rating in each line; instead of the bundled English sets",
    ),
    analogies: list[Path] = typer.Option(
        [],
        "--analogies",
        help="File of analogies like questions-words.txt; instead of the bundled English set",
    ),
    restrict_vocab: int = typer.Option(
        30_000,
        "--restrict-vocab",
        min=1,
        help="Look for the answers of analogies among the most frequent words only",
    ),
    tokenize: bool = typer.Option(
        False,
        "--tokenize",
        help="Tokenize words of pairs that have no vector, and take the mean of their tokens, as doc.vector does",
    ),
    vector_kind: VectorKinds = typer.Option(
        VectorKinds.input, "--vector-kind", help="Which vectors: input, output or their mean"
    ),
    code_path: Path = typer.Option(None, "--code", "-c", help=CODE_HELP),
    trust_config: bool = typer.Option(False, "--trust-config", help=TRUST_HELP),
) -> None:
    """
    Score vectors on WordSim-353, SimLex-999 and Google's analogies, which gensim bundles, or on sets of your own.
    """
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.evaluation._scoring import evaluate
    from spacy_w2v.formats._opening import open_vectors

    with errors_for_users():
        run_code(code_path)
        opened = open_vectors(source, trust_config=trust_config or code_path is not None)
        if not word_pairs and not analogies:
            warn_of_other_languages(opened.lang)
        scores = evaluate(
            opened,
            word_pairs=word_pairs or None,
            analogies=analogies or None,
            restrict_vocab=restrict_vocab,
            vector_kind=vector_kind.value,
            tokenize=tokenize,
        )
        if output_file is not None:
            with staged_file(output_file) as staged:
                staged.write_text(json.dumps(scores.to_dict(), indent=2) + "\n", encoding="utf-8")
        print_scores(scores)


def warn_of_other_languages(lang: str | None) -> None:
    """Warn if vectors are of another language than the bundled sets."""
    if lang not in (None, "en", "xx"):
        msg.warn(
            f"The bundled sets are English, but the pipeline of these vectors is of: {lang}. "
            "Name sets of that language with --word-pairs and --analogies."
        )


def print_scores(scores: "Scores") -> None:
    """Print a table of scores, and which sets have none."""
    from spacy_w2v.evaluation._scores import score_rows

    rows = score_rows(scores, leave_out=("pearson",))
    msg.table(rows, header=("Set", "Measure", "Score", "Questions"), divider=True, aligns=("l", "l", "r", "r"))
    for name, score in scores.by_name().items():
        if score.n_used < score.min_questions:
            n_questions = score.n_used + score.n_unknown
            msg.warn(f"No score for {name}: of its {n_questions:,} questions, too few have known words only.")
