"""Reads configs from files and texts, applies overrides, resolves variables and fills in defaults."""

import configparser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._registered import fill_block
from spacy_w2v.config._renamed import rename_overrides, rename_settings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import did_you_mean, worded

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

BLOCKS = tuple(W2VSettings.model_fields)
INNER_BLOCKS = ("model.subwords",)
"""The blocks that are within another one."""


def load_config(path: str | Path, overrides: dict[str, Any] | None = None, *, interpolate: bool = True) -> "Config":
    """Read a config file and apply overrides.

    Args:
        path: The file, or "-" for standard input.
        overrides: Values by dotted names such as "w2v.training.epochs".
        interpolate: Whether to replace variables such as ${paths.train} by their values.

    Raises:
        ConfigError: The file cannot be read, or an override does not fit.
    """
    from spacy import util

    try:
        raw = util.load_config(path, interpolate=False)
    except OSError:
        raise ConfigError(f"The config must be an existing file, was: {path}") from None
    except (ValueError, KeyError, configparser.Error) as error:  # confection lets some through
        if "no section headers" in str(error):
            hint = worded(python="", command_line=f" If it has the texts, name it by --dataset: --dataset {path}")
            hint = "" if str(path).endswith(".cfg") else hint
            raise ConfigError(
                f"A config must begin with a section in brackets, such as [nlp], but {path} does not.{hint}"
            ) from None
        raise ConfigError(f"The config {path} cannot be read: {_problem(error)}") from None
    return complete_config(raw, overrides, interpolate=interpolate)


def complete_config(raw: "Config", overrides: dict[str, Any] | None = None, *, interpolate: bool = True) -> "Config":
    """Return a config with all sections of `[w2v]`, and with overrides as for `load_config`. Raises ConfigError."""
    return apply_overrides(with_sections(raw), rename_overrides(overrides or {}), interpolate=interpolate)


def parse_config(text: str, *, interpolate: bool = True) -> "Config":
    """Return the config in a text. interpolate is as for `load_config`. Raises ConfigError."""
    from confection import Config

    try:
        return Config().from_str(text, interpolate=interpolate)
    except Exception as error:  # confection raises many kinds: interpolation, parsing, validation
        raise ConfigError(f"The config cannot be read: {_problem(error)}") from None


def apply_overrides(config: "Config", overrides: dict[str, Any], *, interpolate: bool = True) -> "Config":
    """Return the config with overrides applied and variables resolved. Raises ConfigError for an unknown section."""
    from confection import Config

    config = Config(config.copy(), section_order=config.section_order)
    for name in overrides:
        section, _, key = name.rpartition(".")
        if (block := _section(config, section)) is not None:
            block.setdefault(key, None)  # before confection 1.0 a block with @readers alone cannot be overridden
    try:
        return Config(section_order=config.section_order).from_str(
            config.to_str(), overrides=overrides, interpolate=interpolate
        )
    except Exception as error:  # confection raises many kinds: interpolation, parsing, validation
        sections = {name.rpartition(".")[0] for name in overrides}
        unknown = sorted(name for name in sections if _section(config, name) is None)
        if unknown:
            valid = [f"w2v.{block}" for block in (*BLOCKS, *INNER_BLOCKS, "corpus")] + list(config)
            hint = did_you_mean(unknown[0], valid, otherwise=f"Add [{unknown[0]}] to the config first.")
            raise ConfigError(f"An override must name a section of the config, was: {unknown[0]}. {hint}") from None
        raise ConfigError(f"The config cannot be read: {_problem(error)}") from None


def fill(config: "Config", settings: W2VSettings) -> "Config":
    """Return the config with every setting of `[w2v]` and every argument of its registered functions."""
    from confection import Config

    filled = Config(config.copy(), section_order=config.section_order)
    corpus = config["w2v"].get("corpus")
    filled["w2v"] = {"corpus": fill_block({"corpus": corpus}, section="w2v")["corpus"]} if corpus is not None else {}
    for name, values in settings.model_dump().items():
        filled["w2v"][name] = _filled(values, config["w2v"].get(name, {}))
    tokens = filled["w2v"]["tokens"]
    if settings.tokens.keys is not None:
        block = tokens["keys"] if isinstance(tokens["keys"], dict) else settings.tokens.keys
        keys = fill_block({"keys": block}, section="w2v.tokens")["keys"]
        tokens |= {"attr": settings.tokens.attr, "keys": keys}
    if (logger := filled["w2v"]["training"].get("logger")) is not None:
        filled["w2v"]["training"]["logger"] = fill_block({"logger": logger}, section="w2v.training")["logger"]
    return filled


def _filled(values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:  # Any: values of a config
    """Return the values of a block with those that the config gives, which stay, variables too."""
    inner = {name: _filled(values[name], given[name]) for name in given if _are_blocks(values.get(name), given[name])}
    return values | given | inner


def _are_blocks(*values: Any) -> bool:  # Any: as above
    return all(isinstance(value, dict) for value in values)


def config_of(nlp: "Language", settings: W2VSettings) -> str:
    """Return the text of a config with the tokenizer of a pipeline and with settings, without a corpus."""
    from confection import Config

    block = {key: nlp.config["nlp"][key] for key in ("lang", "tokenizer")}
    config = Config({"nlp": block, "w2v": settings.model_dump()}, section_order=["nlp", "w2v"])
    text: str = config.to_str()
    return text


def with_sections(config: "Config") -> "Config":
    """Return the config with an empty block for each missing section of `[w2v]`, so that all can be overridden.

    Settings of earlier versions get their new names, with a warning.
    """
    from confection import Config

    if "w2v" not in config:
        near = [name for name in config if did_you_mean(name, ["w2v"])]
        hint = "Make a config with: spacy w2v init-config config.cfg"
        if near:
            hint = f"Did you mean [w2v] by [{near[0]}]?"
        raise ConfigError(f"The config must have a [w2v] block, was one with: {', '.join(config) or 'nothing'}. {hint}")
    extended = Config(config.copy(), section_order=config.section_order)
    for block in BLOCKS:
        extended["w2v"].setdefault(block, {})
        if isinstance(extended["w2v"][block], dict):
            rename_settings(extended["w2v"][block], section=f"w2v.{block}")
    for outer, inner in (name.split(".") for name in INNER_BLOCKS):
        if isinstance(extended["w2v"][outer], dict):
            extended["w2v"][outer].setdefault(inner, {})
    return extended


def _section(config: "Config", name: str) -> dict[str, Any] | None:  # Any: values of a config
    """Return the section with a dotted name, or None if there is none."""
    block: Any = config  # Any: sections are nested dicts of mixed values
    for part in name.split("."):
        if not isinstance(block, dict) or part not in block:
            return None
        block = block[part]
    return block if isinstance(block, dict) else None


def _problem(error: Exception) -> str:
    """Return on one line what is wrong with a config. The first line of confection's own text is only a title."""
    entries = getattr(error, "errors", None) or ()
    for entry in entries:
        if entry["msg"].endswith("' is not defined") and len(place := list(map(str, entry["loc"]))) > 1:
            return f"[{'.'.join(place)}] needs a section above it. Write a line [{'.'.join(place[:-1])}] before it."
    lines = [f"[{'.'.join(map(str, entry['loc']))}] {entry['msg']}" for entry in entries]
    return "; ".join(lines) or " ".join(str(getattr(error, "desc", None) or error).split())
