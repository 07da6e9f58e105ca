"""`spacy w2v init-config` and `fill-config`: new configs, and old ones made complete."""

import json
import re
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacy_w2v.cli._app import errors_for_users, run_code, w2v_cli
from spacy_w2v.cli._messages import msg
from spacy_w2v.errors import StorageError

if TYPE_CHECKING:
    from confection import Config


BUNDLED = "gensim-wiki"

KEEPS_QUOTES = sys.platform == "win32"
"""Whether `spacy project` hands on the quotes that stand around a value in project.yml."""


class Size(str, Enum):
    """How much text there is."""

    tiny = "tiny"
    small = "small"
    large = "large"


@w2v_cli.command("init-config")
def init_config_command(
    output_file: Path = typer.Argument(..., help="File to write, or - for standard output", allow_dash=True),
    lang: str = typer.Option("en", "--lang", "-l", help="Two-letter code of the language"),
    dataset: str = typer.Option(
        BUNDLED,
        "--dataset",
        "-d",
        help=f"Files (a path or glob), a dataset on the Hub, - for standard input, or {BUNDLED} for the excerpt of "
        "Wikipedia that gensim bundles",
    ),
    name: str = typer.Option(None, "--name", "-n", help="Configuration of a dataset on the Hub"),
    text_field: str = typer.Option("text", "--text-field", "-t", help="Column of the texts"),
    size: Size = typer.Option(
        Size.small,
        "--size",
        "-s",
        help="Settings for less than a million tokens, for millions, or for a billion",
    ),
    force: bool = typer.Option(False, "--force", "-F", help="Replace an existing file"),
) -> None:
    """
    Write a config for training word vectors, with all settings and their defaults.
    """
    from spacy_w2v.config._presets import make_config

    with errors_for_users():
        dataset, name, text_field = map(without_quotes, (dataset, name or "", text_field))
        corpus = corpus_block(dataset, name=name, text_field=text_field)
        config = make_config(lang=lang, corpus=corpus, size=size.value)
        save_config(config, output_file, force=force)
        if "segmenter" in config["nlp"].get("tokenizer", {}) and str(output_file) != "-":
            msg.info(
                'Chinese text is cut into characters. For words, set segmenter = "jieba" in [nlp.tokenizer] '
                '(pip install "spacy-w2v[zh]"), or "pkuseg".'
            )


@w2v_cli.command("fill-config")
def fill_config_command(
    base_path: Path = typer.Argument(..., help="Config to complete, or - for standard input", allow_dash=True),
    output_file: Path = typer.Argument(Path("-"), help="File to write, or - for standard output", allow_dash=True),
    code_path: Path = typer.Option(None, "--code", "-c", help="Python file with registered functions to import"),
    force: bool = typer.Option(False, "--force", "-F", help="Replace an existing file other than the base"),
) -> None:
    """
    Complete a config with the defaults of [w2v] and of its registered functions; what the config has stays.
    """
    from spacy_w2v.config._loading import fill, load_config
    from spacy_w2v.config._schema import parse_settings

    with errors_for_users():
        run_code(code_path)
        config = load_config(base_path, interpolate=False)
        filled = fill(config, parse_settings(dict(config.interpolate()["w2v"])))
        save_config(filled, output_file, force=force or output_file == base_path)


def without_quotes(value: str) -> str:
    """Return a value without quotes around it, if it may come with them from a project."""
    return value[1:-1] if KEEPS_QUOTES and len(value) > 1 and value[0] == value[-1] == '"' else value


def corpus_block(dataset: str, *, name: str | None, text_field: str) -> dict[str, Any]:
    """Return the block [w2v.corpus] for what --dataset names."""
    from spacy_w2v.sources._dataset_names import format_of_files, looks_like_files

    if dataset == BUNDLED:
        return {"@readers": "spacy_w2v.GensimWiki.v1"}
    if dataset == "-":
        return {"@readers": "spacy_w2v.StandardInput.v1"}
    block: dict[str, Any] = {"@readers": "spacy_w2v.Dataset.v1", "path": dataset, "name": name or None}
    if looks_like_files(dataset):
        block |= {"path": format_of_files([dataset]), "data_files": dataset}
    return block | {"split": "train", "text_field": text_field}


def save_config(config: "Config", output_file: Path, *, force: bool) -> None:
    """Write a config to a file, or print it if the file is "-". Raises StorageError."""
    from spacy_w2v._atomic import staged_file

    if str(output_file) == "-":
        print(_printable(config.to_str()))  # noqa: T201  # the output that was asked for
        return
    if output_file.exists() and not force:
        raise StorageError(f"The output file must be new, but {output_file} exists. Replace it with --force.")
    with staged_file(output_file) as staged:
        config.to_disk(staged)
    msg.good(f"Saved the config to {output_file}")
    msg.text(f"You can now train with: spacy w2v train {output_file} --output vectors")


def _printable(config: str) -> str:
    """Return a config with what standard output cannot show as escapes of JSON, which its values are in."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") == "utf8":
        return config
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], config)  # configs are read as UTF-8
