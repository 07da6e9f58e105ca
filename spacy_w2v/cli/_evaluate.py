"""`spacy w2v evaluate`: score word vectors on word similarity and analogies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import (
    CODE_HELP,
    KIND_OPTION,
    POSTPROCESS_OPTION,
    STRENGTH_OPTION,
    TRUST_HELP,
    VECTORS_HELP,
    Postprocessings,
    VectorKinds,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg

if TYPE_CHECKING:
    from spacy_w2v.evaluation._scores import Scores


@w2v_cli.command("evaluate")
def evaluate_command(
    source: str = typer.Argument(..., metavar="VECTORS", help=VECTORS_HELP),
    output_file: Path = typer.Option(None, "--output", "-o", help="Output JSON file for the scores"),
    word_pairs: list[Path] = typer.Option(
        [],
        "--word-pairs",
        help="Word similarity set: a file with two words and a rating in each line. Replaces the bundled English sets",
    ),
    analogies: list[Path] = typer.Option(
        [],
        "--analogies",
        help="Analogy set: a file like questions-words.txt. Replaces the bundled English set",
    ),
    restrict_vocab: int = typer.Option(
        30_000,
        "--restrict-vocab",
        min=1,
        help="Restrict the candidate answers of analogies to this many most frequent words",
    ),
    tokenize: bool = typer.Option(
        False,
        "--tokenize",
        help="Tokenize words of pairs that have no vector and use the mean vector of their tokens, as doc.vector does",
    ),
    vector_kind: VectorKinds = KIND_OPTION,
    postprocess: Postprocessings = POSTPROCESS_OPTION,
    whitening_strength: float = STRENGTH_OPTION,
    code_path: Path = typer.Option(None, "--code", "-c", help=CODE_HELP),
    trust_config: bool = typer.Option(False, "--trust-config", help=TRUST_HELP),
) -> None:
    """
    Evaluate word vectors on word similarity and analogies.

    By default, the evaluation sets are WordSim-353, SimLex-999 and Google's analogies, which gensim bundles. Use
    --word-pairs and --analogies to evaluate on your own sets. Both can be repeated.
    """
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.evaluation._scoring import evaluate
    from spacy_w2v.formats._opening import open_vectors

    with errors_for_users():
        run_code(code_path)
        opened = open_vectors(source, trust_config=trust_config or code_path is not None)
        if not word_pairs and not analogies:
            warn_if_not_english(opened.lang)
        scores = evaluate(
            opened,
            word_pairs=word_pairs or None,
            analogies=analogies or None,
            restrict_vocab=restrict_vocab,
            vector_kind=vector_kind.value,
            postprocess=postprocess.choice,
            whitening_strength=whitening_strength,
            tokenize=tokenize,
        )
        if output_file is not None:
            with staged_file(output_file) as staged:
                staged.write_text(json.dumps(scores.to_dict(), indent=2) + "\n", encoding="utf-8")
        print_scores(scores)


def warn_if_not_english(lang: str | None) -> None:
    """Warn if the vectors are not for English, the language of the bundled evaluation sets."""
    if lang not in (None, "en", "xx"):
        msg.warn(
            f"The bundled evaluation sets are English, but the language of the vectors is: {lang}. "
            "Use --word-pairs and --analogies to evaluate on sets in that language."
        )


def print_scores(scores: "Scores") -> None:
    """Print a table of scores, and a warning for each evaluation set without a score."""
    from spacy_w2v.evaluation._scores import AnalogyScore, score_rows

    rows = score_rows(scores, leave_out=("pearson",))
    msg.table(rows, header=("Set", "Measure", "Score", "Questions"), divider=True, aligns=("l", "l", "r", "r"))
    for name, score in scores.by_name().items():
        if score.n_used < score.min_questions:
            n_questions = score.n_used + score.n_unknown
            known = "have a vector"
            if isinstance(score, AnalogyScore):
                known = f"are among the {score.restrict_vocab:,} most frequent"
            msg.warn(
                f"No score for {name}: of its {n_questions:,} questions, at least {score.min_questions} must have only "
                f"words that {known}, but {score.n_used} do."
            )
