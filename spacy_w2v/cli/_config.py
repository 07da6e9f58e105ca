"""`spacy w2v init-config` and `fill-config`: create and complete configs."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spacy_w2v.cli._app import IMPORT_HELP, NAME_HELP, TEXT_FIELD_HELP, errors_for_users, run_code, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.cli._new_config import (
    ARCHITECTURE_OPTION,
    BUNDLED,
    KEYS_OPTION,
    LANG_OPTION,
    LOSS_OPTION,
    NEW_DATASET_HELP,
    OPTIMIZE_HELP,
    PIPELINE_OPTION,
    SIZE_OPTION,
    SUBWORDS_OPTION,
    VECTOR_SIZE_OPTION,
    Optimize,
    Size,
    explain_segmenter,
    new_config,
)
from spacy_w2v.errors import StorageError

if TYPE_CHECKING:
    from confection import Config


@w2v_cli.command("init-config")
def init_config_command(
    output_file: Path = typer.Argument(
        ..., help="File to save the config to, or - for standard output", allow_dash=True
    ),
    lang: str = LANG_OPTION,
    dataset: str = typer.Option(BUNDLED, "--dataset", "-d", help=NEW_DATASET_HELP),
    name: str = typer.Option(None, "--name", "-n", help=NAME_HELP),
    text_field: str = typer.Option("text", "--text-field", "-t", help=TEXT_FIELD_HELP),
    size: Size = SIZE_OPTION,
    optimize: Optimize = typer.Option(None, "--optimize", "-o", help=OPTIMIZE_HELP),
    architecture: str = ARCHITECTURE_OPTION,
    loss: str = LOSS_OPTION,
    vector_size: int = VECTOR_SIZE_OPTION,
    subwords: str = SUBWORDS_OPTION,
    keys: str = KEYS_OPTION,
    pipeline: str = PIPELINE_OPTION,
    force: bool = typer.Option(False, "--force", "-F", help="Force overwriting the output file"),
) -> None:
    """
    Create a config file for training word vectors.

    The config contains all settings of [w2v] with values that fit the language, the corpus and its size. With
    --optimize, the values are those that gave the best vectors in experiments, or about gensim's vectors in the least
    time. Train with the config using `spacy w2v train`.
    """
    from spacy_w2v.config._new_configs import ModelKind

    with errors_for_users():
        made = new_config(
            dataset,
            lang=lang,
            name=name,
            text_field=text_field,
            size=size,
            optimize=optimize,
            model=ModelKind(architecture, loss, vector_size, subwords, keys, pipeline),
        )
        save_config(made.config, output_file, force=force, note=made.note)
        if str(output_file) != "-":
            explain_segmenter(made.config)


@w2v_cli.command("fill-config")
def fill_config_command(
    base_path: Path = typer.Argument(
        ..., help="Path to base config to complete, or - for standard input", allow_dash=True
    ),
    output_file: Path = typer.Argument(
        Path("-"), help="File to save the config to, or - for standard output", allow_dash=True
    ),
    code_path: Path = typer.Option(None, "--code", "-c", help=IMPORT_HELP),
    force: bool = typer.Option(
        False, "--force", "-F", help="Force overwriting an output file other than the base config"
    ),
) -> None:
    """
    Complete a config file with default values.

    Adds the missing settings of [w2v] and the default arguments of the registered functions that it names. Values
    that the config already has are kept.
    """
    from spacy_w2v.config._loading import fill, load_config
    from spacy_w2v.config._schema import parse_settings

    with errors_for_users():
        run_code(code_path)
        config = load_config(base_path, interpolate=False)
        filled = fill(config, parse_settings(dict(config.interpolate()["w2v"])))
        save_config(filled, output_file, force=force or output_file == base_path)


def save_config(config: "Config", output_file: Path, *, force: bool, note: str | None = None) -> None:
    """Save a config to a file, or print it if the file is "-".

    Args:
        config: The config.
        output_file: The file, or "-" for standard output.
        force: Whether an existing file is overwritten.
        note: A line about the config, which becomes a comment above it, and a message.

    Raises:
        StorageError: The file exists already, or cannot be written.
    """
    from spacy_w2v._atomic import staged_file

    text = config.to_str() if note is None else f"# {note}\n\n{config.to_str()}"
    if str(output_file) == "-":
        print(_printable(text))  # noqa: T201  # the command's output
        return
    if output_file.exists() and not force:
        raise StorageError(
            f"The output file must be new, but {output_file} exists. Choose another file, or overwrite it with --force."
        )
    with staged_file(output_file) as staged:
        staged.write_text(text, encoding="utf-8")
    msg.good(f"Saved the config to {output_file}")
    if note is not None:
        msg.text(note)
    msg.text(f"You can now train word vectors with it: spacy w2v train {output_file} --output vectors")


def _printable(config: str) -> str:
    """Return a config with JSON escapes for the characters that standard output cannot encode.

    Values in a config are JSON, so the result is the same config.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") == "utf8":
        return config
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], config)  # configs are read as UTF-8
