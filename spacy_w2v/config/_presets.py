"""New configs: for a language, a corpus and a size."""

from typing import TYPE_CHECKING, Any

from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

STOCK_TOKENIZER = "spacy.Tokenizer.v1"

SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {"vocabulary": {"min_count": 3}, "training": {"epochs": 20}},
    "small": {},
    "large": {
        "vocabulary": {"min_count": 10},
        "model": {"vector_size": 300, "negative": 10},
        "training": {"sample": 1e-4},
    },
}
"""The settings that each size changes.

The sizes are tiny for less than a million tokens, small for millions and large for about a billion.
"""


def make_config(*, lang: str, corpus: dict[str, Any], size: str = "small") -> "Config":
    """Return a complete config for a language, a corpus and a size.

    It has a block `[nlp.tokenizer]` if spaCy does not use its stock tokenizer for the language.

    Args:
        lang: The code of the language.
        corpus: The block `[w2v.corpus]`.
        size: A key of SIZES.

    Raises:
        ConfigError: The language or the size is unknown.
    """
    from confection import Config

    if size not in SIZES:
        raise ConfigError(f"size must be one of {', '.join(SIZES)}, was: {size}")
    settings = W2VSettings.model_validate(SIZES[size])
    nlp: dict[str, Any] = {"lang": lang, "pipeline": []}
    if (tokenizer := tokenizer_block(lang))["@tokenizers"] != STOCK_TOKENIZER:
        nlp["tokenizer"] = tokenizer
    blocks = {"nlp": nlp, "w2v": {"corpus": corpus, **settings.model_dump()}}
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
