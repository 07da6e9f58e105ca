"""Resolving a config: checking its settings, and creating its source of texts, pipeline and logger."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._loading import fill, with_sections
from spacy_w2v.config._registered import resolve_block
from spacy_w2v.config._schema import W2VSettings, parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._pipelines import make_pipeline, named_pipeline

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

SpacyLogger = Callable[..., tuple[Callable[[dict[str, Any] | None], None], Callable[[], None]]]  # Any: facts of a step
"""A registered logger of spaCy: (nlp, stdout, stderr) -> (log_step, finalize)."""


@dataclass(frozen=True)
class ResolvedConfig:
    """A valid config with the objects that it names."""

    settings: W2VSettings
    source: TextSource
    nlp: "Language"
    config: "Config"
    """The complete config, with all defaults, as saved with the results."""
    logger: SpacyLogger | None = None
    """The logger of `[w2v.training.logger]`, which is not set up yet; None without one."""


def resolve(config: "Config", *, nlp: "Language | None" = None, components: bool = False) -> ResolvedConfig:
    """Check a config and create the objects that it names.

    Args:
        config: The config.
        nlp: The pipeline whose tokenizer to use; None for the pipeline of the config.
        components: Whether the pipeline of the config has its components. They are always there if there are keys.

    Raises:
        ConfigError: The config is invalid.
    """
    settings = parse_settings(dict(config["w2v"]))
    filled = fill(config, settings)
    if "corpus" not in filled["w2v"]:
        raise ConfigError(
            "A config must name its texts in [w2v.corpus], but has no such block. Add one, for example with "
            '@readers = "spacy_w2v.Dataset.v1".'
        )
    source = resolve_block({"corpus": filled["w2v"]["corpus"]}, section="w2v")["corpus"]
    if not hasattr(source, "batches"):
        raise ConfigError(
            "[w2v.corpus] must be a reader of texts, such as spacy_w2v.Dataset.v1, was a function that returns: "
            f"{type(source)}"
        )
    logger = _make_logger(filled["w2v"]["training"].get("logger"))
    components = components or settings.tokens.key_block is not None
    if nlp is None:
        nlp = make_pipeline(filled, components=components)
    elif settings.tokens.pipeline is not None:
        nlp = named_pipeline(settings.tokens.pipeline, filled["nlp"], components=components)
    if settings.tokens.pipeline is not None:
        # a model that is loaded from an unknown source makes its tokenizer from this block
        filled["nlp"] = {**filled.get("nlp", {}), **{key: nlp.config["nlp"][key] for key in ("lang", "tokenizer")}}
    return ResolvedConfig(settings=settings, source=source, nlp=nlp, config=filled, logger=logger)


def resolve_for(nlp: "Language") -> ResolvedConfig:
    """Resolve the config of an existing pipeline, whose tokenizer is used. Raises ConfigError like `resolve`."""
    return resolve(with_sections(nlp.config.interpolate()), nlp=nlp)


def _make_logger(block: dict[str, Any] | None) -> SpacyLogger | None:
    """Return the logger of `[w2v.training.logger]`, or None without this block. Raises ConfigError."""
    if block is None:
        return None
    try:
        logger: SpacyLogger = resolve_block({"logger": block}, section="w2v.training")["logger"]
    except ConfigError:
        raise
    except Exception as error:  # for example if the package of a service of spacy-loggers is not installed
        raise ConfigError(f"The logger of [w2v.training.logger] cannot be created: {first_line(error)}") from error
    if not callable(logger):
        raise ConfigError(
            f"[w2v.training.logger] must name a logger such as spacy.ConsoleLogger.v3, was: {logger!r}. "
            'Name it with @loggers = "...".'
        )
    return logger
