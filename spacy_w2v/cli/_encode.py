"""`spacy w2v encode`: read and tokenize a corpus, and cache it for training."""

from contextlib import closing
from pathlib import Path

import typer

from spacy_w2v.cli._app import (
    CACHE_HELP,
    CONFIG_HELP,
    IMPORT_HELP,
    WITH_OVERRIDES,
    CommandWithOverrides,
    errors_for_users,
    read_overrides,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._train import print_corpus


@w2v_cli.command("encode", cls=CommandWithOverrides, context_settings=WITH_OVERRIDES)
def encode_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(..., help=CONFIG_HELP, allow_dash=True),
    cache_dir: Path = typer.Option(None, "--cache-dir", help=CACHE_HELP),
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
) -> None:
    """
    Read and tokenize a corpus, and cache it for training.

    `spacy w2v train` uses the cached corpus if the config, its overrides and --cache-dir select the same texts and
    tokens. Override settings in the config as command line options, for instance --w2v.tokens.attr ORTH.
    """
    from spacy_w2v.config._loading import load_config
    from spacy_w2v.model._run_record import CorpusSummary
    from spacy_w2v.training._description import describe_corpus, describe_joined
    from spacy_w2v.training._resolved_config import resolve
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    with errors_for_users(when_interrupted="The encoded corpus was not cached."):
        overrides = read_overrides(ctx)
        run_code(code_path)
        run = TrainingRun.of(resolve(load_config(config_path, overrides)), cache_dir=cache_dir, code_path=code_path)
        with closing(ProgressBar()) as bar, run.on_cluster(bar) as connected, connected.encoded(bar) as corpus:
            summary = CorpusSummary(corpus=describe_corpus(corpus), phrases=describe_joined(corpus))
            is_cached = corpus.fingerprint.source is not None
        print_corpus(summary)
        if is_cached:
            msg.good(f"Saved the encoded corpus to {corpus.directory}")
        else:
            msg.warn("The encoded corpus was not cached, because a later run could not recognize its source.")
