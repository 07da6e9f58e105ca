"""`spacy w2v init-config` and `fill-config`: create and complete configs."""

import json
import re
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from spacy_w2v.cli._app import (
    DATASET_HELP,
    IMPORT_HELP,
    NAME_HELP,
    TEXT_FIELD_HELP,
    errors_for_users,
    run_code,
    w2v_cli,
)
from spacy_w2v.cli._messages import msg
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES
from spacy_w2v.errors import StorageError

if TYPE_CHECKING:
    from confection import Config

    from spacy_w2v.config._new_configs import ModelKind
    from spacy_w2v.config._presets import SizeName
    from spacy_w2v.config._schema import W2VSettings


BUNDLED = "gensim-wiki"

KEEPS_QUOTES = sys.platform == "win32"
"""Whether `spacy project` passes on the quotes around a value in project.yml."""


BUNDLED_WORDS = 559_468
"""The number of tokens of the bundled excerpt, with spaCy's English tokenizer."""


class Size(str, Enum):
    """The size of the corpus."""

    tiny = "tiny"
    small = "small"
    large = "large"


class Optimize(str, Enum):
    """What a preset is for."""

    accuracy = "accuracy"
    efficiency = "efficiency"


def _choices(names: Iterable[str]) -> str:
    """Return names, of which the first is the default, for a help text."""
    first, *others, last = names
    return f"{', '.join([f'{first} (the default)', *others])} or {last}"


@w2v_cli.command("init-config")
def init_config_command(
    output_file: Path = typer.Argument(
        ..., help="File to save the config to, or - for standard output", allow_dash=True
    ),
    lang: str = typer.Option("en", "--lang", "-l", help="Two-letter code of the language to use"),
    dataset: str = typer.Option(
        BUNDLED,
        "--dataset",
        "-d",
        help=f"{DATASET_HELP}, or {BUNDLED} for the Wikipedia excerpt that gensim bundles",
    ),
    name: str = typer.Option(None, "--name", "-n", help=NAME_HELP),
    text_field: str = typer.Option("text", "--text-field", "-t", help=TEXT_FIELD_HELP),
    size: Size = typer.Option(
        None,
        "--size",
        "-s",
        help="Size of the corpus, which also decides min_count and vector_size: less than a million tokens (tiny), "
        "millions (small) or about a billion (large). If not given: small, but --optimize goes by the size of local "
        "files",
    ),
    optimize: Optimize = typer.Option(
        None,
        "--optimize",
        "-o",
        help="Whether to choose settings for accuracy (the best vectors) or efficiency (the fastest training), which "
        "depend on the size, the architecture, the loss and the dimensions. If not given: the defaults of gensim",
    ),
    architecture: str = typer.Option(
        None, "--architecture", metavar="NAME", help=f"Architecture of the model: {_choices(ARCHITECTURES)}"
    ),
    loss: str = typer.Option(None, "--loss", metavar="NAME", help=f"Loss of the model: {_choices(LOSSES)}"),
    vector_size: int = typer.Option(
        None, "--vector-size", help="Number of dimensions. If not given: 300 for a large corpus, otherwise 100"
    ),
    force: bool = typer.Option(False, "--force", "-F", help="Force overwriting the output file"),
) -> None:
    """
    Create a config file for training word vectors.

    The config contains all settings of [w2v] with values that fit the language, the corpus and its size. With
    --optimize, the values are those that gave the best vectors in experiments, or about gensim's vectors in the least
    time. Train with the config using `spacy w2v train`.
    """
    from spacy_w2v.config._new_configs import ModelKind, make_config

    with errors_for_users():
        dataset, name, text_field = map(strip_project_quotes, (dataset, name or "", text_field))
        corpus = corpus_block(dataset, name=name, text_field=text_field)
        model = ModelKind(architecture, loss, vector_size)
        chosen = choose_settings(dataset, model, size=size, optimize=optimize)
        config = make_config(chosen.settings, lang=lang, corpus=corpus)
        save_config(config, output_file, force=force, note=chosen.note)
        if "segmenter" in config["nlp"].get("tokenizer", {}) and str(output_file) != "-":
            msg.info(
                'Chinese text will be split into characters. To split it into words, set segmenter = "jieba" '
                '(pip install "spacy-w2v[zh]") or "pkuseg" in [nlp.tokenizer].'
            )


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


class ChosenSettings(NamedTuple):
    """The settings of a new config."""

    settings: "W2VSettings"
    note: str | None
    """What the preset has chosen, and for which size of corpus; None without a preset."""


def choose_settings(
    dataset: str, model: "ModelKind", *, size: Size | None, optimize: Optimize | None
) -> ChosenSettings:
    """Return the settings of a new config.

    Args:
        dataset: The value of --dataset.
        model: The kind of model.
        size: The value of --size.
        optimize: The value of --optimize.
    """
    from spacy_w2v.config._new_configs import new_settings

    given: SizeName | None = size.value if size is not None else None
    if optimize is None:
        return ChosenSettings(new_settings(given, model=model).settings, None)
    known = KnownSize(given, "") if given is not None else estimate_size(dataset)
    tuned = new_settings(given, optimize.value, estimated=known.size, model=model)
    note = f"Optimized for {optimize.value} on a {known.size} corpus{known.because}: {tuned.describe()}"
    return ChosenSettings(tuned.settings, note)


class KnownSize(NamedTuple):
    """The size of a corpus, and how it is known."""

    size: "SizeName"
    because: str
    """An explanation in brackets, after a space; "" if the user has given the size."""


def estimate_size(dataset: str) -> KnownSize:
    """Return the size of a corpus, given the value of --dataset."""
    from spacy_w2v.config._presets import size_of
    from spacy_w2v.sources._size_estimate import estimated_words

    if dataset == BUNDLED:
        return KnownSize(size_of(BUNDLED_WORDS), f" ({BUNDLED_WORDS:,} tokens)")
    n_words = estimated_words(dataset)
    if n_words is None:
        return KnownSize("small", " (the default of --size)")
    return KnownSize(size_of(n_words), f" (about {n_words:,} words by the size of the files, if they are like English)")


def strip_project_quotes(value: str) -> str:
    """Return a value without the quotes that `spacy project` leaves around it on Windows."""
    return value[1:-1] if KEEPS_QUOTES and len(value) > 1 and value[0] == value[-1] == '"' else value


def corpus_block(dataset: str, *, name: str | None, text_field: str) -> dict[str, Any]:
    """Return the block [w2v.corpus] that reads a dataset.

    Args:
        dataset: The value of --dataset: a path or glob, a name on the Hub, "-", or "gensim-wiki".
        name: Configuration name of a dataset on the Hub.
        text_field: Column that contains the texts.
    """
    from spacy_w2v.sources._dataset_names import format_of_files, looks_like_files

    if dataset == BUNDLED:
        return {"@readers": "spacy_w2v.GensimWiki.v1"}
    if dataset == "-":
        return {"@readers": "spacy_w2v.StandardInput.v1"}
    block: dict[str, Any] = {"@readers": "spacy_w2v.Dataset.v1", "path": dataset, "name": name or None}
    if looks_like_files(dataset):
        block |= {"path": format_of_files([dataset]), "data_files": dataset}
    return block | {"split": "train", "text_field": text_field}


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
