"""Reads a config: from a file, with overrides, to settings, a source of texts and the pipeline whose tokens count."""

import configparser
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config.registered import fill_block, resolve_block
from spacy_w2v.config.schema import W2VSettings, parse_settings
from spacy_w2v.config.trust import check_runs_tokenizer_only
from spacy_w2v.errors import ConfigError, did_you_mean, first_line

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

BLOCKS = tuple(W2VSettings.model_fields)

NEEDS_JIEBA = (
    'segmenter = "jieba" of [nlp.tokenizer] needs the package jieba, which is not installed. '
    'Install it with: pip install "spacy-w2v[zh]"'
)

SpacyLogger = Callable[..., tuple[Callable[[dict[str, Any] | None], None], Callable[[], None]]]  # Any: facts of a step
"""What spaCy's registered loggers are: (nlp, stdout, stderr) -> (log_step, finalize)."""

_only_tokens: ContextVar[bool] = ContextVar("only_tokens", default=False)


@dataclass(frozen=True)
class Job:
    """A config that has been read and checked."""

    settings: W2VSettings
    source: Any  # Any: a TextSource, which stands in a higher layer
    nlp: "Language"
    config: "Config"
    """All settings with their defaults, as they are saved beside the results."""
    logger: SpacyLogger | None = None
    """What `[w2v.training.logger]` names, not set up yet."""


def load_config(path: str | Path, overrides: dict[str, Any] | None = None, *, interpolate: bool = True) -> "Config":
    """Read a config file ("-" for standard input) and apply overrides, keyed as in "w2v.training.epochs".

    interpolate: put values in the place of variables such as ${paths.train}. Raises ConfigError.
    """
    from spacy import util

    try:
        raw = util.load_config(path, interpolate=False)
    except OSError:
        raise ConfigError(f"The config must be an existing file, was: {path}") from None
    except (ValueError, KeyError, configparser.Error) as error:  # confection lets some through, as of a section twice
        raise ConfigError(f"The config {path} cannot be read: {_problem(error)}") from None
    return apply_overrides(_with_sections(raw), overrides or {}, interpolate=interpolate)


def parse_config(text: str, *, interpolate: bool = True) -> "Config":
    """Return the config that a text holds. interpolate: as for `load_config`. Raises ConfigError."""
    from confection import Config

    try:
        return Config().from_str(text, interpolate=interpolate)
    except Exception as error:  # confection raises many kinds: interpolation, parsing, validation
        raise ConfigError(f"The config cannot be read: {_problem(error)}") from None


def apply_overrides(config: "Config", overrides: dict[str, Any], *, interpolate: bool = True) -> "Config":
    """Return the config with overrides and variables in place; a misspelt section is a ConfigError."""
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
            valid = [f"w2v.{block}" for block in (*BLOCKS, "corpus")] + list(config)
            raise ConfigError(
                f"An override must name a section of the config, was: {unknown[0]}. {did_you_mean(unknown[0], valid)}"
            ) from None
        raise ConfigError(f"The config cannot be read: {_problem(error)}") from None


def resolve(config: "Config", *, nlp: "Language | None" = None) -> Job:
    """Check a config and build what it names: settings, source, logger, and pipeline, unless `nlp` is one already.

    Raises ConfigError.
    """
    settings = parse_settings(dict(config["w2v"]))
    filled = fill(config, settings)
    if "corpus" not in filled["w2v"]:
        raise ConfigError(
            "A config must say what to train on in [w2v.corpus], but there is no such block. "
            'Add one, for example with @readers = "spacy_w2v.Dataset.v1".'
        )
    source = resolve_block({"corpus": filled["w2v"]["corpus"]}, section="w2v")["corpus"]
    if not hasattr(source, "batches"):
        raise ConfigError(
            f"[w2v.corpus] must be a reader of texts such as spacy_w2v.Dataset.v1, was one that makes: {type(source)}"
        )
    logger = _make_logger(filled["w2v"]["training"].get("logger"))
    if nlp is None:
        nlp = make_pipeline(filled)
    return Job(settings=settings, source=source, nlp=nlp, config=filled, logger=logger)


def resolve_for(nlp: "Language") -> Job:
    """Do as `resolve` with the config of a pipeline that is there, and whose tokens count. Raises ConfigError."""
    return resolve(_with_sections(nlp.config.interpolate()), nlp=nlp)


def fill(config: "Config", settings: W2VSettings) -> "Config":
    """Return the config with every setting of `[w2v]` and every argument of its registered functions."""
    from confection import Config

    filled = Config(config.copy(), section_order=config.section_order)
    corpus = config["w2v"].get("corpus")
    filled["w2v"] = {"corpus": fill_block({"corpus": corpus}, section="w2v")["corpus"]} if corpus is not None else {}
    for name, values in settings.model_dump().items():
        filled["w2v"][name] = values | config["w2v"].get(name, {})  # what the config has stays, variables too
    if (logger := filled["w2v"]["training"].get("logger")) is not None:
        filled["w2v"]["training"]["logger"] = fill_block({"logger": logger}, section="w2v.training")["logger"]
    return filled


def make_pipeline(config: "Config", *, trusted: bool = True) -> "Language":
    """Return a pipeline with the tokenizer of `[nlp]`, and without components.

    Callbacks of `[nlp]` and `[initialize.before_init]`, which may change the tokenizer, are run, and the tokenizer is
    initialized from `[initialize.tokenizer]`; for norms, `[initialize.lookups]` count too. Meanwhile
    `is_only_for_tokens` is true. trusted: or else a config that names other functions than spaCy's tokenizers is
    refused before any is run. Raises ConfigError.
    """
    from spacy.util import get_lang_class, load_model_from_config

    if not trusted:
        check_runs_tokenizer_only(config)
    nlp_block = dict(config.get("nlp", {}))
    lang = nlp_block.get("lang")
    if lang is not None and not isinstance(lang, str):
        raise ConfigError(f"[nlp] lang must be the code of a language, was: {lang!r}")
    if not lang:
        raise ConfigError('[nlp] must name a language, but has none. Add lang = "en" (or "xx" for many).')
    known = _settings_of_nlp()
    for key in nlp_block:
        if key not in known:  # spaCy would leave it out without a word
            hint = did_you_mean(key, known, otherwise=f"Known keys: {', '.join(sorted(known))}.")
            raise ConfigError(f"[nlp] has no setting '{key}'. {hint}")
    nlp_block["pipeline"] = []
    nlp_block["disabled"] = []
    if "@tokenizers" in nlp_block.get("tokenizer", {}):
        with suppress(ImportError):  # which spaCy will describe
            get_lang_class(lang)  # which registers its tokenizer, in older versions
        resolve_block({"tokenizer": nlp_block["tokenizer"]}, section="nlp")  # says what is wrong, where spaCy does not
    try:
        nlp = load_model_from_config({"nlp": nlp_block}, auto_fill=True)
        initialize = config.get("initialize", {})
        block = {"before_init": initialize.get("before_init")}
        before_init = resolve_block(block, section="initialize")["before_init"]
        if before_init is not None:
            before = _only_tokens.set(True)
            try:
                before_init(nlp)
            finally:
                _only_tokens.reset(before)
        initialize_tokens(nlp, initialize, attr=config.get("w2v", {}).get("tokens", {}).get("attr"))
    except ConfigError:
        raise
    except Exception as error:  # whatever a registered tokenizer or callback raises
        if isinstance(error, ImportError) and "jieba" in str(error).lower():
            raise ConfigError(NEEDS_JIEBA) from None
        raise ConfigError(f"The pipeline of [nlp] cannot be made: {first_line(error)}") from error
    return nlp


def _settings_of_nlp() -> set[str]:
    """Return the keys that spaCy knows in `[nlp]`. Its schemas are models of pydantic 1 before spaCy 3.8.13."""
    from spacy.schemas import ConfigSchemaNlp

    fields = ConfigSchemaNlp.model_fields if hasattr(ConfigSchemaNlp, "model_fields") else ConfigSchemaNlp.__fields__
    return {field.alias or name for name, field in fields.items()}


def is_only_for_tokens() -> bool:
    """Return whether `make_pipeline` is running: its pipeline is for tokens, so a callback need not make vectors."""
    return _only_tokens.get()


def initialize_tokens(nlp: "Language", block: dict[str, Any], *, attr: str | None) -> None:  # Any: [initialize]
    """Initialize what a pipeline's tokens depend on as `nlp.initialize` does, but without examples.

    That is the tokenizer and, where attr is "NORM", the lookups, which have exceptions of norms.
    """
    if attr == "NORM" and block.get("lookups") is not None:
        nlp.vocab.lookups = resolve_block({"lookups": block["lookups"]}, section="initialize")["lookups"]
    if hasattr(nlp.tokenizer, "initialize"):
        settings = resolve_block({"tokenizer": block.get("tokenizer", {})}, section="initialize")["tokenizer"]
        nlp.tokenizer.initialize(lambda: iter(()), nlp=nlp, **settings)


def config_of(nlp: "Language", settings: W2VSettings) -> str:
    """Return the text of a config with a pipeline's tokenizer and with settings, but without a corpus."""
    from confection import Config

    block = {key: nlp.config["nlp"][key] for key in ("lang", "tokenizer")}
    config = Config({"nlp": block, "w2v": settings.model_dump()}, section_order=["nlp", "w2v"])
    text: str = config.to_str()
    return text


def _with_sections(config: "Config") -> "Config":
    """Return the config with an empty block for each section of `[w2v]` that it lacks: all can be overridden."""
    from confection import Config

    if "w2v" not in config:
        near = [name for name in config if did_you_mean(name, ["w2v"])]
        hint = "Make a config with: spacy w2v init-config config.cfg"
        if near:
            hint = f"Did you mean '[w2v]' by [{near[0]}]?"
        raise ConfigError(f"The config must have a [w2v] block, was one with: {', '.join(config) or 'nothing'}. {hint}")
    extended = Config(config.copy(), section_order=config.section_order)
    for block in BLOCKS:
        extended["w2v"].setdefault(block, {})
    return extended


def _section(config: "Config", name: str) -> dict[str, Any] | None:  # Any: values of a config
    """Return the section of a dotted name, or None if there is none."""
    block: Any = config  # Any: sections are nested dicts of mixed values
    for part in name.split("."):
        if not isinstance(block, dict) or part not in block:
            return None
        block = block[part]
    return block if isinstance(block, dict) else None


def _make_logger(block: dict[str, Any] | None) -> SpacyLogger | None:
    """Return what `[w2v.training.logger]` names, if it is there. Raises ConfigError."""
    if block is None:
        return None
    try:
        logger: SpacyLogger = resolve_block({"logger": block}, section="w2v.training")["logger"]
    except ConfigError:
        raise
    except Exception as error:  # as those of spacy-loggers where the service's package is not installed
        raise ConfigError(f"The logger of [w2v.training.logger] cannot be made: {first_line(error)}") from error
    if not callable(logger):
        raise ConfigError(
            f"[w2v.training.logger] must name a logger such as spacy.ConsoleLogger.v3, was: {logger!r}. "
            'Name it with @loggers = "...".'
        )
    return logger


def _problem(error: Exception) -> str:
    """Return on one line what is wrong with a config; the first line of confection's own text is only a title."""
    entries = getattr(error, "errors", None) or ()
    lines = [f"[{'.'.join(map(str, entry['loc']))}] {entry['msg']}" for entry in entries]
    return "; ".join(lines) or " ".join(str(getattr(error, "desc", None) or error).split())
