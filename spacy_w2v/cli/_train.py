"""`spacy w2v train`: from a config to vectors in a directory."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacy_w2v.cli._app import WITH_OVERRIDES, errors_for_users, read_overrides, run_code, w2v_cli
from spacy_w2v.cli._messages import msg

if TYPE_CHECKING:
    from spacy_w2v.model._run_record import CorpusSummary, VocabularySummary


@w2v_cli.command("train", context_settings=WITH_OVERRIDES)
def train_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(..., help="Config file, or - for standard input", allow_dash=True),
    output_path: Path = typer.Option(..., "--output", "--output-path", "-o", help="Directory for the results"),
    code_path: Path = typer.Option(None, "--code", "-c", help="Python file with registered functions to import"),
    cache_dir: Path = typer.Option(
        None, "--cache-dir", help="Directory for encoded corpora; by default in the user's cache directory"
    ),
    initial: str = typer.Option(
        None,
        "--init",
        help="Vectors to start from: a model, a spaCy pipeline, or a file of gensim, word2vec or GloVe",
    ),
    overwrite: bool = typer.Option(False, "--overwrite", "-F", help="Replace the results of an earlier run"),
    resume: bool = typer.Option(False, "--resume", "-r", help="Go on with a run to OUTPUT that was stopped"),
) -> None:
    """
    Train word vectors and export them to spaCy and gensim.

    Settings of the config can be overridden as options: --w2v.training.epochs 3. The texts are read and tokenized
    once, and found again by later runs. OUTPUT/spacy is a pipeline for spacy.load and [initialize] vectors,
    OUTPUT/gensim/vectors.kv is for gensim's KeyedVectors.load, OUTPUT/model is for the other w2v commands.

    While training goes on, its state is kept in OUTPUT.checkpoint, a model as well. After Ctrl-C or a failure, the
    same command with --resume goes on from there. If the run is done, it says so and does nothing.

    The exit code is 1 after an error, 130 after Ctrl-C, 143 after SIGTERM (kill), and 129 after SIGHUP.
    """
    start = time.time()

    def when_interrupted() -> str:
        from spacy_w2v.training._results import LOG_FILE, checkpoint_of, is_result

        if is_result(output_path) and (output_path / LOG_FILE).stat().st_mtime >= start:
            return f"All results are in {output_path}."
        nothing = f"Nothing was written to {output_path}"
        if not (path := checkpoint_of(output_path)).exists():
            return f"{nothing}."
        return f"{nothing}, but {path} keeps the state of the run: the same command with --resume goes on from there."

    with errors_for_users(when_interrupted=when_interrupted):
        overrides = read_overrides(ctx)
        if initial is not None:
            overrides["w2v.initial.vectors"] = initial
        run_code(code_path)
        train(
            config_path,
            output_path,
            overrides=overrides,
            code_path=code_path,
            cache_dir=cache_dir,
            overwrite=overwrite,
            resume=resume,
        )


def train(
    config_path: Path,
    output_path: Path,
    *,
    overrides: dict[str, Any],
    code_path: Path | None = None,
    cache_dir: Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
) -> None:
    """Train as a config says, and write all results. Raises the errors of spacy_w2v.errors."""
    from spacy_w2v.config._loading import load_config
    from spacy_w2v.pipeline._loggers import callbacks_of
    from spacy_w2v.training._composition import train_to_directory
    from spacy_w2v.training._resolved_config import resolve
    from spacy_w2v.training._results import check_free, is_done, summary_of
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    resolved = resolve(load_config(config_path, overrides))
    run = TrainingRun.of(resolved, cache_dir=cache_dir, code_path=code_path)
    if resume and is_done(output_path, run, overwrite=overwrite):
        msg.good(f"The run is done already: its results are in {output_path}")
        return
    check_free(output_path, overwrite=overwrite)  # before a logger opens a run somewhere
    callbacks = callbacks_of(resolved, ProgressBar(show_corpus=print_corpus))
    done = train_to_directory(run, output_path, callbacks, overwrite=overwrite, resume=resume)
    msg.good(summary_of(done.model))
    for place in done.places:
        msg.text(f"  {output_path / place}")


def _how_frequent(vocabulary: "VocabularySummary") -> str:
    """Return how often the words of a vocabulary occur; rare ones are there by keep_words only."""
    lowest, n_rare = vocabulary.lowest_count, vocabulary.n_rare
    if not n_rare:
        return f"each at least {lowest} times"
    return f"{vocabulary.n_words - n_rare:,} at least {lowest} times, {n_rare:,} by keep_words"


def print_corpus(summary: "CorpusSummary") -> None:
    """Print the summary of a corpus and, where it is known, its vocabulary."""
    corpus, vocabulary = summary.corpus, summary.vocabulary
    msg.divider(f"Corpus: {corpus.source}")
    rows = [
        ("Documents", f"{corpus.n_documents:,}"),
        ("Lines or sentences with tokens", f"{corpus.n_sentences:,}"),
        ("Tokens", f"{corpus.n_tokens:,}"),
        ("Types", f"{corpus.n_types:,}"),
    ]
    if vocabulary is not None:
        rows += [
            ("Words kept", f"{vocabulary.n_words:,} ({_how_frequent(vocabulary)})"),
            ("Tokens covered", f"{vocabulary.coverage:.1%}"),
        ]
    msg.table(rows)
    n_skipped = corpus.n_null + corpus.n_not_text
    if n_skipped:
        msg.warn(f"Left out {n_skipped:,} documents: {corpus.n_null:,} null, {corpus.n_not_text:,} not text")
    if corpus.n_dropped_types:
        msg.warn(
            f"Dropped {corpus.n_dropped_types:,} rare types ({corpus.n_dropped_tokens:,} tokens) to stay within "
            "max_vocab_size; counts of rare words may be too low"
        )
