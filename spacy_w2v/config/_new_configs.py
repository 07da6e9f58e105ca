"""New configs: for a language, a corpus, its size, and a kind of model."""

from typing import TYPE_CHECKING, Any, NamedTuple

from spacy_w2v.config._losses import LOSSES
from spacy_w2v.config._presets import SIZES, Optimize, PresetSettings, SizeName, check_optimize, with_preset
from spacy_w2v.config._registered import fill_block
from spacy_w2v.config._schema import W2VSettings, parse_settings
from spacy_w2v.config._words import KEYS
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import did_you_mean

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

STOCK_TOKENIZER = "spacy.Tokenizer.v1"


class SizeSettings(NamedTuple):
    """The settings that depend on the size of the corpus, with gensim's defaults."""

    min_count: int = 5
    vector_size: int = 100
    negative: int = 5
    """Without a preset, as the two below."""
    epochs: int = 5
    sample: float = 1e-3


SETTINGS_OF_SIZE: dict[SizeName, SizeSettings] = {
    "tiny": SizeSettings(min_count=3, epochs=20),
    "small": SizeSettings(),
    "large": SizeSettings(min_count=10, vector_size=300, negative=10, sample=1e-4),
}


class ModelKind(NamedTuple):
    """What kind of model a new config trains. None stands for the default, which depends on the size of the corpus."""

    architecture: str | None = None
    loss: str | None = None
    vector_size: int | None = None
    subwords: str | None = None
    keys: str | None = None
    """The short name of the function that makes keys; None if the lower-case text is the key of a token."""
    pipeline: str | None = None
    """The pipeline that makes and annotates the tokens; None for a blank one of the language."""


DEFAULT_KIND = ModelKind()

OWN_KEYS = "Name a function of your own in the block [w2v.tokens.keys] of a config."


def new_settings(
    size: SizeName | None = None,
    optimize: Optimize | None = None,
    *,
    estimated: SizeName = "small",
    model: ModelKind = DEFAULT_KIND,
) -> PresetSettings:
    """Return the settings for a new config.

    Args:
        size: The size of the corpus, as the user gives it. It decides which words have vectors and of how many
            dimensions, and small is the default.
        optimize: What the settings are for; None for gensim's defaults, with few exceptions for the size.
        estimated: The size for the preset if none is given.
        model: The kind of model.

    Raises:
        ConfigError: The size or the preset is unknown, or a value of the model is invalid.
    """
    if size is not None and size not in SIZES:
        raise ConfigError(f"size must be one of {', '.join(SIZES)}, was: {size}")
    of_size = SETTINGS_OF_SIZE[size or "small"]
    chosen = {name: value for name, value in model._asdict().items() if value is not None}
    tokens = {name: chosen.pop(name) for name in ("keys", "pipeline") if name in chosen}
    if tokens.get("keys", "lemmas") not in KEYS:
        hint = did_you_mean(str(tokens["keys"]), KEYS)
        raise ConfigError(f"keys must be one of {', '.join(KEYS)}, was: {tokens['keys']}. {hint or OWN_KEYS}")
    given: dict[str, Any] = chosen
    if model.subwords is not None:
        given["subwords"] = {"mode": model.subwords}
    kind = {"vector_size": of_size.vector_size, **given}
    vocabulary = {"min_count": of_size.min_count}
    if optimize is not None:
        settings = parse_settings({"tokens": tokens, "vocabulary": vocabulary, "model": kind})
        check_optimize(optimize, settings)
        return with_preset(settings, optimize, size=size or estimated)
    of_loss = LOSSES[given["loss"]].defaults.get("training", {}) if given.get("loss") in LOSSES else {}
    of_words = {"epochs": of_size.epochs, "sample": of_size.sample}
    training = {name: value for name, value in of_words.items() if name not in of_loss}
    blocks = {
        "tokens": tokens,
        "vocabulary": vocabulary,
        "model": kind | {"negative": of_size.negative},
        "training": training,
    }
    return PresetSettings(parse_settings(blocks), chosen={})


def make_config(settings: W2VSettings, *, lang: str, corpus: dict[str, Any]) -> "Config":
    """Return a complete config.

    It has a block `[nlp.tokenizer]` if spaCy does not use its stock tokenizer for the language. If the settings name a
    pipeline, the language is that of the pipeline, and is left out. `[w2v.distributed]`,
    `[w2v.phrases]` and `[w2v.model.subwords]` are left out unless they have an effect.

    Args:
        settings: The settings.
        lang: The code of the language.
        corpus: The block `[w2v.corpus]`.

    Raises:
        ConfigError: The language is unknown.
    """
    from confection import Config

    nlp: dict[str, Any] = {"pipeline": []}
    if settings.tokens.pipeline is None:
        nlp = {"lang": lang, **nlp}
        if (tokenizer := tokenizer_block(lang))["@tokenizers"] != STOCK_TOKENIZER:
            nlp["tokenizer"] = tokenizer
    values = settings.model_dump()
    if settings.tokens.keys is not None:
        values["tokens"] |= fill_block({"keys": settings.tokens.keys}, section="w2v.tokens")
    if settings.distributed.engine is None:
        del values["distributed"]
    if not settings.phrases.is_on:
        del values["phrases"]
    if settings.model.subwords.mode is None:
        del values["model"]["subwords"]
    blocks = {"nlp": nlp, "w2v": {"corpus": corpus, **values}}
    return Config(blocks, section_order=["paths", "system", "nlp", "w2v"])


def tokenizer_block(lang: str) -> dict[str, Any]:
    """Return spaCy's default block `[nlp.tokenizer]` for a language. Raises ConfigError if the language is unknown."""
    block: dict[str, Any] = language_class(lang).default_config["nlp"]["tokenizer"]
    return block


def language_class(lang: str) -> "type[Language]":
    """Return spaCy's class for a language. Raises ConfigError if the language is unknown."""
    from spacy.util import get_lang_class

    try:
        language: type[Language] = get_lang_class(lang)
    except ImportError:
        raise ConfigError(
            f'lang must be a language code that spaCy knows, such as en, de or zh, or "xx" for many, was: {lang}'
        ) from None
    return language
