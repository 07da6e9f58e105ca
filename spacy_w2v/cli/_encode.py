"""`spacy w2v encode`: read and tokenize a corpus once, for runs to come."""

from contextlib import closing
from pathlib import Path

import typer

from spacy_w2v.cli._app import WITH_OVERRIDES, errors_for_users, read_overrides, run_code, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._train import print_corpus


@w2v_cli.command("encode", context_settings=WITH_OVERRIDES)
def encode_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(..., help="Config file, or - for standard input", allow_dash=True),
    cache_dir: Path = typer.Option(
        None, "--cache-dir", help="Directory for encoded corpora; by default in the user's cache directory"
    ),
    code_path: Path = typer.Option(None, "--code", "-c", help="Python file with registered functions to import"),
) -> None:
    """
    Read and tokenize the corpus of a config, and keep it encoded: `spacy w2v train` with the same --cache-dir finds it.
    """
    from spacy_w2v.config._loading import load_config
    from spacy_w2v.corpus._cache import prepared_corpus
    from spacy_w2v.model._run_record import CorpusSummary
    from spacy_w2v.training._description import describe_corpus
    from spacy_w2v.training._resolved_config import resolve
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    with errors_for_users(when_interrupted="The corpus was not kept."):
        overrides = read_overrides(ctx)
        run_code(code_path)
        resolved = resolve(load_config(config_path, overrides))
        with (
            closing(ProgressBar()) as bar,
            prepared_corpus(
                resolved.source,
                resolved.nlp,
                resolved.settings.tokens,
                max_vocab_size=resolved.settings.vocabulary.max_vocab_size,
                cache_dir=cache_dir,
                code_path=code_path,
                callback=bar,
            ) as corpus,
        ):
            summary = CorpusSummary(corpus=describe_corpus(corpus))
            kept = corpus.fingerprint.source is not None
        print_corpus(summary)
        if kept:
            msg.good(f"The encoded corpus is in {corpus.directory}")
        else:
            msg.warn("The corpus was not kept: what it is read from cannot be recognised again")
