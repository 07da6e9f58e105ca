"""`spacy w2v annotate`: run a pipeline over a corpus once, and keep what it found in .spacy files."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import (
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

if TYPE_CHECKING:
    from spacy_w2v.corpus.annotated._shards import AnnotatedManifest

TOKENS_HELP = (
    "Size of a .spacy file. A run that is interrupted loses at most the work for one; a reader holds one in memory, "
    "some 100 bytes a token"
)


@w2v_cli.command("annotate", cls=CommandWithOverrides, context_settings=WITH_OVERRIDES)
def annotate_command(
    ctx: typer.Context,
    config_path: Path = typer.Argument(..., help=CONFIG_HELP, allow_dash=True),
    output_dir: Path = typer.Argument(..., help="Directory for the .spacy files"),
    n_process: int = typer.Option(
        None, "--n-process", "-n", min=0, help="Number of processes, 0 for one per core. By default, as in the config"
    ),
    tokens_per_file: int = typer.Option(500_000, "--tokens-per-file", min=1, help=TOKENS_HELP),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace the files of earlier runs in the directory"),
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
) -> None:
    """
    Run a pipeline over a corpus once and keep its annotation.

    The texts of [w2v.corpus] are annotated by the pipeline that [w2v.tokens] names: lemmas, parts of speech, tags,
    morphology, parse, sentences and entities, as far as its components set them. The reader spacy_w2v.DocBin.v1 takes
    the directory. Keys can then be changed and trained again and again without parsing. spaCy reads the files too.

    The same command continues after an interruption. Override settings in the config as command line options, for
    instance --w2v.corpus.max_documents 1000.
    """
    from spacy_w2v.config._loading import load_config
    from spacy_w2v.corpus.annotated._run import annotate_to_directory
    from spacy_w2v.training._annotation import annotation_of
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    with errors_for_users(when_interrupted=lambda: describe_finished(output_dir)):
        overrides = read_overrides(ctx)
        if n_process is not None:
            overrides["w2v.tokens.n_process"] = n_process
        run_code(code_path)
        config = load_config(config_path, overrides)
        annotation = annotation_of(config, tokens_per_shard=tokens_per_file, code_path=code_path)
        msg.info(f"Components that run: {', '.join(annotation.components()) or 'only the tokenizer'}")
        with closing(ProgressBar()) as bar:
            manifest = annotate_to_directory(
                annotation, output_dir, overwrite=overwrite, on_start=print_start, on_progress=bar.on_annotating
            )
        print_manifest(manifest)
        msg.good(f"Saved the annotated documents to {output_dir}")


def print_start(found: "AnnotatedManifest") -> None:
    """Print what an earlier run has finished, if there is anything."""
    if found.is_complete:
        msg.info("All documents are annotated already")
    elif found.shards:
        total = found.total()
        msg.info(
            f"Continuing after {len(found.shards):,} finished files ({total.n_documents:,} documents, "
            f"{total.n_tokens:,} tokens)"
        )


def print_manifest(manifest: "AnnotatedManifest") -> None:
    """Print what the directory has."""
    total = manifest.total()
    n_left_out = total.n_null + total.n_not_text
    msg.table(
        [
            ("Documents", f"{total.n_documents:,}"),
            *([("Documents left out", f"{n_left_out:,}")] if n_left_out else []),
            ("Tokens", f"{total.n_tokens:,}"),
            ("Files", f"{len(manifest.shards):,}"),
        ]
    )


def describe_finished(directory: Path) -> str:
    """Return a sentence about the files of a run that was interrupted."""
    n_files = len(list(directory.glob("*.spacy")))
    if not n_files:
        return "Nothing was written."
    return f"{directory} has {n_files:,} finished {'file' if n_files == 1 else 'files'}. The same command continues."
