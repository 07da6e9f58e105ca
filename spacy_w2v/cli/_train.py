"""`spacy w2v train`: train word vectors as a config describes and save them in a directory."""

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacy_w2v.cli._app import (
    CACHE_HELP,
    CONFIG_HELP,
    IMPORT_HELP,
    NAME_HELP,
    TEXT_FIELD_HELP,
    WITH_OVERRIDES,
    CommandWithOverrides,
    errors_for_users,
    read_overrides,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._new_config import (
    ARCHITECTURE_OPTION,
    KEYS_OPTION,
    LANG_OPTION,
    LOSS_OPTION,
    NEW_DATASET_HELP,
    OPTIMIZE_HELP,
    PIPELINE_OPTION,
    SIZE_OPTION,
    SUBWORDS_OPTION,
    VECTOR_SIZE_OPTION,
    NewConfig,
    Optimize,
    Size,
    explain_segmenter,
    new_config,
)
from spacy_w2v.errors._wording import times

if TYPE_CHECKING:
    from spacy_w2v.model._run_record import CorpusSummary, VocabularySummary
    from spacy_w2v.model._word_vectors import WordVectors


INITIAL_HELP = (
    "Vectors to start from: model, spaCy pipeline, or vectors file of gensim, word2vec, GloVe, fastText or floret"
)

NEW_CONFIG_PARAMETERS = (
    *("dataset", "lang", "name", "text_field", "size", "optimize", "architecture", "loss", "vector_size", "subwords"),
    *("keys", "pipeline"),
)
"""The parameters of `train` that make a new config, as options of `init-config` do."""

OVERRIDES = {
    "--subwords": "--w2v.model.subwords.mode floret",
    "--keys": "--w2v.tokens.keys senses",
    "--pipeline": "--w2v.tokens.pipeline en_core_web_sm",
}
"""Overrides that do what some of these options do; for the others, another one is an example."""


@w2v_cli.command("train", cls=CommandWithOverrides, context_settings=WITH_OVERRIDES)
def train_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(
        None, help=f"{CONFIG_HELP}. Without one, --dataset makes a config", allow_dash=True
    ),
    output_path: Path = typer.Option(
        ..., "--output", "--output-path", "-o", help="Output directory to store the results in"
    ),
    dataset: str = typer.Option(None, "--dataset", "-d", help=f"Instead of a config: {NEW_DATASET_HELP}"),
    lang: str = LANG_OPTION,
    name: str = typer.Option(None, "--name", "-n", help=NAME_HELP),
    text_field: str = typer.Option("text", "--text-field", "-t", help=TEXT_FIELD_HELP),
    size: Size = SIZE_OPTION,
    optimize: Optimize = typer.Option(None, "--optimize", help=OPTIMIZE_HELP),
    architecture: str = ARCHITECTURE_OPTION,
    loss: str = LOSS_OPTION,
    vector_size: int = VECTOR_SIZE_OPTION,
    subwords: str = SUBWORDS_OPTION,
    keys: str = KEYS_OPTION,
    pipeline: str = PIPELINE_OPTION,
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
    cache_dir: Path = typer.Option(None, "--cache-dir", help=CACHE_HELP),
    initial: str = typer.Option(None, "--init", help=INITIAL_HELP),
    overwrite: bool = typer.Option(False, "--overwrite", "-F", help="Overwrite the results of an earlier run"),
    resume: bool = typer.Option(
        False, "--resume", "-r", help="Resume a run with the same output directory that was stopped"
    ),
    report: bool = typer.Option(
        False, "--report", help="Also write a web page about the vectors, report.html, to the output directory"
    ),
) -> None:
    """
    Train word vectors and export them to spaCy and gensim.

    The config file includes all settings. You can override them as command line options. For instance,
    --w2v.training.epochs 3 overrides the value of "epochs" in the block "[w2v.training]". The corpus is read and
    tokenized once. Later runs on the same texts and tokens use the encoded corpus in the cache.

    Without a config file, --dataset and the other options of `spacy w2v init-config` make a config for this run. The
    result is the same as that of both commands, and the config is in the output directory.

    By default, the output directory is a pipeline for spacy.load and for "vectors" in "[initialize]". It also contains
    "model" (for the other w2v commands), "gensim/vectors.kv" (for KeyedVectors.load in gensim), "spacy" (the pipeline
    alone) and "training.jsonl" (the loss of each epoch).

    During training, checkpoints are saved next to the output directory, with the suffix ".checkpoint". To resume a
    run after Ctrl-C or a failure, repeat the command with --resume. If the run is already complete, the command
    says so and changes nothing.

    The exit code is 0 after success, 1 after an error, 2 for invalid options, 130 after Ctrl-C, 143 after SIGTERM
    (kill) and 129 after SIGHUP.
    """
    from spacy_w2v.config._new_configs import ModelKind

    with errors_for_users(when_interrupted=partial(_describe_output, output_path, since=time.time())):
        overrides = read_overrides(ctx)
        if initial is not None:
            overrides["w2v.initial.vectors"] = initial
        check_config_or_dataset(ctx, config_path, dataset)
        run_code(code_path)
        kind = ModelKind(architecture, loss, vector_size, subwords, keys, pipeline)
        train(
            config_path
            or new_config(
                dataset, lang=lang, name=name, text_field=text_field, size=size, optimize=optimize, model=kind
            ),
            output_path,
            overrides=overrides,
            code_path=code_path,
            cache_dir=cache_dir,
            overwrite=overwrite,
            resume=resume,
            report=report,
        )


def _describe_output(output_path: Path, *, since: float) -> str:
    """Return a sentence about the output of an interrupted run that began at a time, in seconds since the epoch."""
    from spacy_w2v.training._results import LOG_FILE, checkpoint_of, is_result

    if is_result(output_path) and (output_path / LOG_FILE).stat().st_mtime >= since:
        return f"All results are in {output_path}."
    nothing = f"Nothing was written to {output_path}"
    if not (path := checkpoint_of(output_path)).exists():
        return f"{nothing}."
    return f"{nothing}. The state of the run is saved in {path}. To resume it, repeat the command with --resume."


def check_config_or_dataset(ctx: typer.Context, config_path: Path | None, dataset: str | None) -> None:
    """Fail unless either a config or --dataset is given, and options of a new config only with --dataset."""
    options = {each.name: each.opts[0] for each in ctx.command.params if each.name in NEW_CONFIG_PARAMETERS}
    given = [
        option
        for name, option in options.items()
        if (source := ctx.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    ]
    if config_path is None and dataset is None:
        ctx.fail("Missing argument 'config_path': name a config, or train without one by --dataset and --lang.")
    if config_path is not None and given:
        override = OVERRIDES.get(given[0], "--w2v.model.vector_size 300")
        ctx.fail(
            f"{given[0]} makes a new config, but there is one: {config_path}. Change its settings by overrides, such "
            f"as {override}, or leave it out."
        )


def train(
    config: "Path | NewConfig",
    output_path: Path,
    *,
    overrides: dict[str, Any],
    code_path: Path | None = None,
    cache_dir: Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    report: bool = False,
) -> None:
    """Train word vectors as a config describes, and write all results.

    Args:
        config: The config file, or "-" for standard input; or a new config, as `init-config` saves it.
        output_path: The output directory.
        overrides: Config overrides, keyed by dotted names.
        code_path: The Python file of --code, which worker processes import too.
        cache_dir: Directory for encoded corpora; None for the user's cache directory.
        overwrite: Whether the results of an earlier run are replaced.
        resume: Whether to resume a run that was stopped.
        report: Whether to write a page about the vectors too.

    Raises:
        Word2VecError: The config, the corpus or the output is invalid, or training diverges.
    """
    from spacy_w2v.cli._other_kind import describe_kept
    from spacy_w2v.config._loading import complete_config, load_config, parse_config
    from spacy_w2v.training._composition import train_to_directory
    from spacy_w2v.training._resolved_config import resolve
    from spacy_w2v.training._results import check_free, explain_loss, is_done, summary_of
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar
    from spacy_w2v.training.callbacks._spacy_logger import callbacks_of

    if isinstance(config, NewConfig):
        explain_segmenter(config.config)
        if config.note is not None:
            msg.text(config.note)
        complete = complete_config(parse_config(config.config.to_str(), interpolate=False), overrides)
    else:
        complete = load_config(config, overrides)
    resolved = resolve(complete)
    for kept in describe_kept(resolved.settings, overrides):
        msg.warn(kept)
    run = TrainingRun.of(resolved, cache_dir=cache_dir, code_path=code_path)
    if resume and is_done(output_path, run):
        msg.good(f"The run is already complete. Its results are in {output_path}")
        if overwrite:
            msg.text("Nothing was replaced, since there is nothing to resume. To train again, leave out --resume.")
        return
    check_free(output_path, overwrite=overwrite)  # before a logger creates a run in its service
    callbacks = callbacks_of(resolved, ProgressBar(show_corpus=print_corpus))
    done = train_to_directory(run, output_path, callbacks, overwrite=overwrite, resume=resume)
    msg.good(summary_of(done.model))
    if (explanation := explain_loss(done.model)) is not None:
        msg.text(explanation)
    for place in done.places:
        msg.text(f"  {output_path / place}")
    if "spacy" in run.settings.export.formats:
        msg.text(f"Load the vectors in spaCy: spacy.load({json.dumps(str(output_path))})")
    if report:
        write_page(done.model.word_vectors(), output_path, cache_dir=cache_dir)


def write_page(vectors: "WordVectors", output_path: Path, *, cache_dir: Path | None) -> None:
    """Write the page about the vectors of a run. A failure is a warning: the results of the run are complete."""
    from spacy_w2v._atomic import staged_file
    from spacy_w2v.reports._facts import collect_facts
    from spacy_w2v.reports._page import N_MAP_WORDS, make_page
    from spacy_w2v.training._results import REPORT_FILE

    path = output_path / REPORT_FILE
    try:
        page = make_page(collect_facts(vectors, n_map_words=N_MAP_WORDS, cache_dir=cache_dir))
        with staged_file(path) as staged:
            staged.write_text(page, encoding="utf-8")
    except Exception as error:  # whatever fails, hours of training are done
        msg.warn(
            f"The results are complete, but their report could not be written: {error or type(error).__name__}. "
            f"Try again: spacy w2v report {output_path} {path}"
        )
    else:
        msg.text(f"  {path}")


def _describe_counts(vocabulary: "VocabularySummary") -> str:
    """Return how often the words of a vocabulary occur. Rarer words are in it because of keep_words."""
    lowest, n_rare = vocabulary.lowest_count, vocabulary.n_rare
    if not n_rare:
        return f"each at least {times(lowest)}"
    return f"{vocabulary.n_words - n_rare:,} at least {times(lowest)}, {n_rare:,} from keep_words"


def print_corpus(summary: "CorpusSummary") -> None:
    """Print the summary of a corpus and of its vocabulary, if it has been built."""
    corpus, vocabulary = summary.corpus, summary.vocabulary
    msg.divider(f"Corpus: {corpus.source}")
    n_left_out = corpus.n_null + corpus.n_not_text
    details = f"{corpus.n_null:,} null, {corpus.n_not_text:,} not text"
    rows = [
        ("Documents", f"{corpus.n_documents:,}"),
        *([("Documents left out", f"{n_left_out:,} ({details})")] if n_left_out else []),
        ("Lines or sentences with tokens", f"{corpus.n_sentences:,}"),
        ("Tokens", f"{corpus.n_tokens:,}"),
        ("Types", f"{corpus.n_types:,}"),
    ]
    if (phrases := summary.phrases) is not None:
        share = phrases.n_phrase_tokens / corpus.n_tokens
        rows.append(("Phrases", f"{phrases.n_phrases:,} ({share:.1%} of the tokens)"))
        rows += [("Phrases split into tokens", f"{phrases.n_split:,} (too rare)")] if phrases.n_split else []
    if vocabulary is not None:
        rows += [
            ("Words kept", f"{vocabulary.n_words:,} ({_describe_counts(vocabulary)})"),
            ("Tokens covered", f"{vocabulary.coverage:.1%}"),
        ]
    msg.table(rows)
    if corpus.n_dropped_types:
        msg.warn(
            f"Dropped {corpus.n_dropped_types:,} rare types ({corpus.n_dropped_tokens:,} tokens) to stay within "
            "max_vocab_size. Counts of rare words may be too low."
        )
