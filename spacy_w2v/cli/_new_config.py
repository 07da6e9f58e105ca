"""A new config from options, which `init-config` saves and `train` without a config uses at once."""

import sys
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from spacy_w2v.cli._app import DATASET_HELP
from spacy_w2v.cli._messages import msg
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES

if TYPE_CHECKING:
    from confection import Config

    from spacy_w2v.config._new_configs import ModelKind
    from spacy_w2v.config._presets import SizeName
    from spacy_w2v.config._schema import W2VSettings

BUNDLED = "gensim-wiki"
"""The value of --dataset for the excerpt that gensim bundles."""

BUNDLED_WORDS = 559_468
"""The number of tokens of the bundled excerpt, with spaCy's English tokenizer."""

KEEPS_QUOTES = sys.platform == "win32"
"""Whether `spacy project` passes on the quotes around a value in project.yml."""


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


NEW_DATASET_HELP = f"{DATASET_HELP}, or {BUNDLED} for the Wikipedia excerpt that gensim bundles"
LANG_OPTION = typer.Option("en", "--lang", "-l", help="Two-letter code of the language to use")
SIZE_OPTION = typer.Option(
    None,
    "--size",
    "-s",
    help="Size of the corpus, which also decides min_count and vector_size: less than a million tokens (tiny), "
    "millions (small) or about a billion (large). If not given: small, but --optimize goes by the size of local "
    "files",
)
OPTIMIZE_HELP = (
    "Whether to choose settings for accuracy (the best vectors) or efficiency (the fastest training), which "
    "depend on the size, the architecture, the loss and the dimensions. If not given: the defaults of gensim"
)
ARCHITECTURE_OPTION = typer.Option(
    None, "--architecture", metavar="NAME", help=f"Architecture of the model: {_choices(ARCHITECTURES)}"
)
LOSS_OPTION = typer.Option(None, "--loss", metavar="NAME", help=f"Loss of the model: {_choices(LOSSES)}")
SUBWORDS_OPTION = typer.Option(
    None,
    "--subwords",
    metavar="NAME",
    help="Subwords that make the vectors of words, so that every string has one: fasttext, or floret, whose tables are "
    "small and are read by spaCy itself. If not given: words have vectors of their own",
)
KEYS_OPTION = typer.Option(
    None,
    "--keys",
    metavar="NAME",
    help="What of a token or phrase has a vector: lemmas, lemma-pos (duck|NOUN), or senses (duck|NOUN, New_York|GPE). "
    "It needs a --pipeline that annotates the texts, or texts that are annotated. If not given: lower-case words",
)
PIPELINE_OPTION = typer.Option(
    None,
    "--pipeline",
    metavar="NAME",
    help="Name or directory of the pipeline that makes the tokens and annotates them for --keys, such as "
    "en_core_web_sm. Its language replaces --lang. If not given: a blank pipeline of the language",
)
VECTOR_SIZE_OPTION = typer.Option(
    None, "--vector-size", help="Number of dimensions. If not given: 300 for a large corpus, otherwise 100"
)


class NewConfig(NamedTuple):
    """A new config, and what the preset has chosen; None without a preset."""

    config: "Config"
    note: str | None


def new_config(
    dataset: str,
    *,
    lang: str,
    name: str | None,
    text_field: str,
    size: Size | None,
    optimize: Optimize | None,
    model: "ModelKind",
) -> NewConfig:
    """Return a config with all settings of `[w2v]`.

    Args:
        dataset: The value of --dataset.
        lang: Code of the language.
        name: Configuration name of a dataset on the Hub.
        text_field: Column that contains the texts.
        size: The value of --size.
        optimize: The value of --optimize.
        model: The kind of model.

    Raises:
        ConfigError: An option is invalid.
    """
    from spacy_w2v.config._new_configs import make_config

    dataset, name, text_field = map(strip_project_quotes, (dataset, name or "", text_field))
    corpus = corpus_block(dataset, name=name, text_field=text_field)
    chosen = _choose_settings(dataset, model, size=size, optimize=optimize)
    return NewConfig(make_config(chosen.settings, lang=lang, corpus=corpus), chosen.note)


def explain_segmenter(config: "Config") -> None:
    """Say how Chinese text is split, if the config has a setting for that."""
    if "segmenter" in config["nlp"].get("tokenizer", {}):
        msg.info(
            'Chinese text will be split into characters. To split it into words, set segmenter = "jieba" '
            '(pip install "spacy-w2v[zh]") or "pkuseg" in [nlp.tokenizer].'
        )


class _ChosenSettings(NamedTuple):
    """The settings of a new config, and what the preset has chosen."""

    settings: "W2VSettings"
    note: str | None


def _choose_settings(
    dataset: str, model: "ModelKind", *, size: Size | None, optimize: Optimize | None
) -> _ChosenSettings:
    from spacy_w2v.config._new_configs import new_settings

    given: SizeName | None = size.value if size is not None else None
    if optimize is None:
        return _ChosenSettings(new_settings(given, model=model).settings, None)
    known = _KnownSize(given, "") if given is not None else _estimate_size(dataset)
    tuned = new_settings(given, optimize.value, estimated=known.size, model=model)
    note = f"Optimized for {optimize.value} on a {known.size} corpus{known.because}: {tuned.describe()}"
    return _ChosenSettings(tuned.settings, note)


class _KnownSize(NamedTuple):
    """The size of a corpus, and how it is known."""

    size: "SizeName"
    because: str
    """An explanation in brackets, after a space; "" if the user has given the size."""


def _estimate_size(dataset: str) -> _KnownSize:
    """Return the size of a corpus, given the value of --dataset."""
    from spacy_w2v.config._presets import size_of
    from spacy_w2v.sources._size_estimate import estimated_words

    if dataset == BUNDLED:
        return _KnownSize(size_of(BUNDLED_WORDS), f" ({BUNDLED_WORDS:,} tokens)")
    n_words = estimated_words(dataset)
    if n_words is None:
        return _KnownSize("small", " (the default of --size)")
    because = f" (about {n_words:,} words by the size of the files, if they are like English)"
    return _KnownSize(size_of(n_words), because)


def strip_project_quotes(value: str) -> str:
    """Return a value without the quotes that `spacy project` leaves around it on Windows."""
    return value[1:-1] if KEEPS_QUOTES and len(value) > 1 and value[0] == value[-1] == '"' else value


def corpus_block(dataset: str, *, name: str | None, text_field: str) -> dict[str, Any]:  # Any: values of a config
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
