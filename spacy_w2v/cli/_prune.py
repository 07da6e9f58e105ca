"""`spacy w2v prune`: reduce the vectors table of a spaCy pipeline."""

import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import (
    CACHE_HELP,
    IMPORT_HELP,
    MAX_VECTORS_HELP,
    NAME_HELP,
    TEXT_FIELD_HELP,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._new_config import NEW_DATASET_HELP, corpus_block

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.formats.spacy._pruning import Pruned
    from spacy_w2v.sources._source import TextSource

RULE = "The pipeline must be a spaCy pipeline, a directory or an installed package"


@w2v_cli.command("prune")
def prune_command(
    pipeline: str = typer.Argument(..., help="Name or path of the pipeline with vectors"),
    output_path: Path = typer.Argument(..., help="Output directory of the pipeline"),
    max_vectors: int = typer.Option(..., "--max-vectors", min=1, help=MAX_VECTORS_HELP),
    merge_rare: bool = typer.Option(
        False, "--merge-rare", help="Map each removed word to the most similar remaining vector"
    ),
    dataset: str | None = typer.Option(
        None,
        "--dataset",
        "-d",
        help=f"{NEW_DATASET_HELP}. Its word frequencies decide "
        "which vectors are kept. By default, the vectors table is assumed to be sorted by frequency",
    ),
    name: str = typer.Option(None, "--name", "-n", help=NAME_HELP),
    text_field: str = typer.Option("text", "--text-field", "-t", help=TEXT_FIELD_HELP),
    cache_dir: Path = typer.Option(None, "--cache-dir", help=CACHE_HELP),
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
    overwrite: bool = typer.Option(False, "--overwrite", "-F", help="Overwrite an earlier result"),
) -> None:
    """
    Reduce the vectors table of a spaCy pipeline.

    Keeps the vectors of the most frequent words and saves the pipeline with all its components. The vectors can come
    from any source.
    """
    from spacy_w2v._atomic import check_output, staged_directory
    from spacy_w2v.formats.spacy._linking import check_not_of_run, output_of_run
    from spacy_w2v.formats.spacy._pruning import prune_table
    from spacy_w2v.formats.spacy._writing import PIPELINE_FILES, check_can_be_saved, check_no_components
    from spacy_w2v.training.callbacks._progress_bar import ProgressBar

    with errors_for_users(when_interrupted=f"Nothing was written to {output_path}."):
        check_output(output_path, overwrite=overwrite, marker_file="vocab")
        run_code(code_path)
        nlp = _load(pipeline, export=f"{shlex.quote(str(output_path))} --max-vectors {max_vectors}")
        check_no_components(output_path, allowed=nlp.component_names)
        check_not_of_run(output_path)
        check_can_be_saved(nlp)
        source = None if dataset is None else _source(dataset, name=name, text_field=text_field)
        own_files = (*PIPELINE_FILES, *nlp.component_names)
        with staged_directory(output_path, replaces=own_files) as directory:
            with closing(ProgressBar()) as bar:
                pruned = prune_table(
                    nlp,
                    max_vectors,
                    source=source,
                    merge_rare=merge_rare,
                    cache_dir=cache_dir,
                    code_path=code_path,
                    callback=bar,
                )
            nlp.to_disk(directory)
        _print_result(pruned, nlp)
        msg.good(f"Saved the pipeline to {output_path}")
        if (of_run := output_of_run(output_path)) is not None:
            msg.warn(f"{of_run} is a pipeline too, and keeps all vectors. Load the smaller table from {output_path}.")


def _load(pipeline: str, *, export: str) -> "Language":
    """Load a pipeline with its components.

    Args:
        pipeline: Its directory, or the name of a package.
        export: Output and options of `spacy w2v export`, the command to suggest for a model or a vectors file.

    Raises:
        StorageError: It is not a pipeline.
    """
    from spacy_w2v.errors import StorageError
    from spacy_w2v.model._storage import META_FILE, is_model
    from spacy_w2v.tokenization._pipelines import load_pipeline
    from spacy_w2v.training._results import MODEL_DIRECTORY

    path = Path(pipeline)
    command = f"spacy w2v export {shlex.quote(pipeline)} {export}"
    if path.is_file():
        raise StorageError(
            f"{RULE}, but {pipeline} is a file. For a file of vectors, use: {command} --format word2vec-text"
        )
    if is_model(path):
        raise StorageError(f"{RULE}, but {pipeline} is a model. For a model, use: {command}")
    if (path / MODEL_DIRECTORY).is_dir() and not (path / META_FILE).exists():
        raise StorageError(
            f"The pipeline must be one that spaCy loads, but {pipeline} is the output of spacy w2v train. Use: "
            f"{command}"
        )
    return load_pipeline(pipeline, rule=RULE)


def _source(dataset: str, *, name: str | None, text_field: str) -> "TextSource":
    from spacy.util import registry

    block = {"corpus": corpus_block(dataset, name=name, text_field=text_field)}
    source: TextSource = registry.resolve(block)["corpus"]
    return source


def _print_result(pruned: "Pruned", nlp: "Language") -> None:
    from spacy_w2v.pipeline._origin import static_vectors_of

    rows = [
        ("Vectors", *map("{:,}".format, pruned.n_rows)),
        ("Words with a vector", *map("{:,}".format, pruned.n_keys)),
    ]
    if pruned.coverage is not None:
        rows.append(("Tokens covered", *map("{:.1%}".format, pruned.coverage)))
    msg.table(rows, header=("", "before", "after"), aligns=("l", "r", "r"), divider=True)
    users = [component for component, pipe in nlp.components if static_vectors_of(pipe)]
    if users:
        msg.warn(
            "Evaluate the pipeline again, because components were trained with the full vectors table: "
            f"{', '.join(users)}."
        )
