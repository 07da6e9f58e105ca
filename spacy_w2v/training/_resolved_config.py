"""A config that has been read and checked, and what it names: a source of texts, a pipeline and a logger."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._loading import fill, with_sections
from spacy_w2v.config._registered import resolve_block
from spacy_w2v.config._schema import W2VSettings, parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._pipelines import make_pipeline

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

SpacyLogger = Callable[..., tuple[Callable[[dict[str, Any] | None], None], Callable[[], None]]]  # Any: facts of a step
"""What spaCy's registered loggers are: (nlp, stdout, stderr) -> (log_step, finalize)."""


@dataclass(frozen=True)
class ResolvedConfig:
    """A config that has been read and checked."""

    settings: W2VSettings
    source: TextSource
    nlp: "Language"
    config: "Config"
    """All settings with their defaults, as they are saved beside the results."""
    logger: SpacyLogger | None = None
    """What `[w2v.training.logger]` names, not set up yet."""


def resolve(config: "Config", *, nlp: "Language | None" = None) -> ResolvedConfig:
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
    return ResolvedConfig(settings=settings, source=source, nlp=nlp, config=filled, logger=logger)


def resolve_for(nlp: "Language") -> ResolvedConfig:
    """Do as `resolve` with the config of a pipeline that is there, and whose tokens count. Raises ConfigError."""
    return resolve(with_sections(nlp.config.interpolate()), nlp=nlp)


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
