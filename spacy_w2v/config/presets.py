"""New configs: for a language, a corpus and a size."""

from typing import TYPE_CHECKING, Any

from spacy_w2v.config.schema import W2VSettings
from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    from confection import Config

SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {"vocabulary": {"min_count": 3}, "training": {"epochs": 20}},
    "small": {},
    "large": {
        "vocabulary": {"min_count": 10},
        "model": {"vector_size": 300, "negative": 10},
        "training": {"sample": 1e-4},
    },
}
"""What each size changes: tiny for less than a million tokens, small for millions, large for a billion or so."""


def make_config(*, lang: str, corpus: dict[str, Any], size: str = "small") -> "Config":
    """Return a complete config for the reader block `corpus`; size is a key of SIZES."""
    from confection import Config

    if size not in SIZES:
        raise ConfigError(f"size must be one of {', '.join(SIZES)}, was: {size}")
    settings = W2VSettings.model_validate(SIZES[size])
    blocks = {"nlp": {"lang": lang, "pipeline": []}, "w2v": {"corpus": corpus, **settings.model_dump()}}
    return Config(blocks, section_order=["paths", "system", "nlp", "w2v"])
