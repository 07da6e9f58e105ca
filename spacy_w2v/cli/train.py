"""`spacy w2v train`: from a config to vectors in a directory."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from wasabi import msg

from spacy_w2v.cli._app import WITH_OVERRIDES, errors_for_users, read_overrides, run_code, w2v_cli

if TYPE_CHECKING:
    from spacy_w2v.training.state import EpochResult

CONFIG_FILE = "config.cfg"
LOG_FILE = "training.jsonl"
MODEL_DIRECTORY = "model"


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
    same command with --resume goes on from there.
    """

    def when_interrupted() -> str:
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
    from spacy_w2v.config.loading import load_config, resolve
    from spacy_w2v.export import export_all
    from spacy_w2v.export.to_spacy import check_can_be_saved
    from spacy_w2v.model.storage import write_model
    from spacy_w2v.publish import check_free_space, check_output, staged_directory
    from spacy_w2v.training.job import Word2VecJob
    from spacy_w2v.training.progress import ProgressBars, TrainingLog

    resolved = resolve(load_config(config_path, overrides))
    if "spacy" in resolved.settings.export.formats:
        check_can_be_saved(resolved.nlp)
    check_output(output_path, overwrite=overwrite, made_by_us=LOG_FILE)
    with staged_directory(output_path) as directory, TrainingLog(directory / LOG_FILE) as log:
        job = Word2VecJob(
            source=resolved.source,
            nlp=resolved.nlp,
            settings=resolved.settings,
            config=resolved.config.to_str(),
            cache_dir=cache_dir,
            code_path=code_path,
            before_training=lambda n_bytes: check_free_space(directory, n_bytes),
            checkpoint=checkpoint_of(output_path),
            resume=resume,
            overwrite=overwrite,
        )
        bars = ProgressBars()

        def show_corpus(facts: dict[str, Any]) -> None:
            bars.close()
            log.corpus(facts)
            print_corpus(facts)

        def show_epoch(result: "EpochResult") -> None:
            log.epoch(result)
            bars.epoch(result)

        def log_earlier_epochs(results: "list[EpochResult]") -> None:
            for result in results:
                log.epoch(result)

        with bars as listener:
            model = job.run(
                dataclasses.replace(listener, corpus=show_corpus, resumed=log_earlier_epochs, epoch=show_epoch)
            )
        (directory / MODEL_DIRECTORY).mkdir()
        write_model(model, directory / MODEL_DIRECTORY)
        (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
        places = export_all(model, directory, resolved.settings.export)
        last = model.meta["results"][-1]
        log.end({"seconds": last["seconds"], "words_per_s": last["words_per_s"], "loss": last["loss"]})
    job.remove_checkpoint()
    msg.good(
        f"Trained {len(model):,} vectors in {last['seconds']:.1f} s: loss {last['loss']:.4f}, "
        f"{last['words_per_s']:,.0f} words/s"
    )
    for place in (Path(MODEL_DIRECTORY), *places, Path(LOG_FILE)):
        msg.text(f"  {output_path / place}")


def checkpoint_of(output_path: Path) -> Path:
    """Return where the state of a run is kept: beside its output, on the same disk."""
    if output_path.is_symlink() or output_path.name in ("", ".."):
        output_path = output_path.resolve()
    return output_path.with_name(f"{output_path.name}.checkpoint")


def print_corpus(facts: dict[str, Any]) -> None:
    """Print the summary of a corpus and its vocabulary."""
    msg.divider(f"Corpus: {facts['source']}")
    rows = [
        ("Documents", f"{facts['n_documents']:,}"),
        ("Lines or sentences with tokens", f"{facts['n_sentences']:,}"),
        ("Tokens", f"{facts['n_tokens']:,}"),
        ("Types", f"{facts['n_types']:,}"),
    ]
    if "n_words" in facts:
        rows += [
            ("Words kept", f"{facts['n_words']:,} (each at least {facts['lowest_count']} times)"),
            ("Tokens covered", f"{facts['coverage']:.1%}"),
        ]
    msg.table(rows)
    n_skipped = facts["n_null"] + facts["n_not_text"]
    if n_skipped:
        msg.warn(f"Left out {n_skipped:,} documents: {facts['n_null']:,} null, {facts['n_not_text']:,} no strings")
    if facts["n_dropped_types"]:
        msg.warn(
            f"Dropped {facts['n_dropped_types']:,} rare types ({facts['n_dropped_tokens']:,} tokens) to stay within "
            "max_vocab_size; counts of rare words may be too low"
        )
