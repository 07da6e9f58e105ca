"""`spacy w2v evaluate`: scores on word similarity and analogies."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import typer

from spacy_w2v.cli._app import CODE_HELP, TRUST_HELP, VECTORS_HELP, VectorsOf, errors_for_users, run_code, w2v_cli
from spacy_w2v.cli._messages import msg


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
    vectors: VectorsOf = typer.Option(VectorsOf.input, "--vectors", help="Which vectors: input, output or their mean"),
    code_path: Path = typer.Option(None, "--code", "-c", help=CODE_HELP),
    trust_config: bool = typer.Option(False, "--trust-config", help=TRUST_HELP),
) -> None:
    """
    Score vectors on WordSim-353, SimLex-999 and Google's analogies, which gensim bundles, or on sets of your own.
    """
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.evaluation._scoring import ANALOGIES, WORD_PAIRS, bundled, evaluate
    from spacy_w2v.formats._opening import open_vectors

    with errors_for_users():
        run_code(code_path)
        opened = open_vectors(source, trust_config=trust_config or code_path is not None)
        stems = Counter(path.stem for path in (*word_pairs, *analogies))
        pairs_by_name, analogies_by_name = (
            {path.stem if stems[path.stem] == 1 else str(path): path for path in paths}
            for paths in (word_pairs, analogies)
        )
        if not word_pairs and not analogies:
            pairs_by_name = {name: bundled(file) for name, file in WORD_PAIRS.items()}
            analogies_by_name = {name: bundled(file) for name, file in ANALOGIES.items()}
            if opened.lang not in (None, "en", "xx"):
                msg.warn(
                    f"The bundled sets are English, but the pipeline of these vectors is of: {opened.lang}. "
                    "Name sets of that language with --word-pairs and --analogies."
                )
        scores = evaluate(
            opened,
            word_pairs=pairs_by_name,
            analogies=analogies_by_name,
            restrict_vocab=restrict_vocab,
            vectors=vectors.value,
            tokenize=tokenize,
        )
        if output_file is not None:
            with staged_file(output_file) as staged:
                staged.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
        print_scores(scores)
        for name, score in scores.items():
            if score["n_used"] < (2 if "spearman" in score else 1):
                n_questions = score["n_used"] + score["n_unknown"]
                msg.warn(f"No score for {name}: of its {n_questions:,} questions, too few have known words only.")


def print_scores(scores: dict[str, dict[str, Any]]) -> None:
    """Print a table of scores."""
    from spacy_w2v.evaluation._scores import score_rows

    rows = score_rows(scores, measures=("spearman", "accuracy", "semantic", "syntactic"))
    msg.table(rows, header=("Set", "Measure", "Score", "Questions"), divider=True, aligns=("l", "l", "r", "r"))
