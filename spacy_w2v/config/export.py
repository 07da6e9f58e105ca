"""The settings of `[w2v.export]`."""

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from spacy_w2v.config.base import Settings
from spacy_w2v.errors import ConfigError

ExportFormat = Literal["spacy", "gensim", "gensim-model", "word2vec-text", "word2vec-binary"]

VectorKind = Literal["input", "output", "mean"]
"""Which vectors of a model: its input vectors, those of words as they are predicted, or the mean of both."""


class ExportSettings(Settings):
    """`[w2v.export]`: what is written beside the model itself."""

    formats: list[ExportFormat] = Field(["spacy", "gensim"])
    max_vectors: int | None = Field(None, ge=1)
    """Keep only the vectors of the most frequent words; null for all. gensim-model always has all."""
    merge_rare: bool = False
    """With max_vectors, in spaCy's table: rarer words find the vector of the most similar word that is kept."""
    dtype: Literal["float32", "float16"] = "float32"
    """Type of the numbers in spaCy's and gensim's tables."""
    vectors: VectorKind = "input"
    """The word vectors; the output vectors, of words as they are predicted; or the mean of both."""

    @field_validator("formats")
    @classmethod
    def each_once(cls, formats: list[str]) -> list[str]:
        """Refuse a format that is named twice."""
        if len(set(formats)) != len(formats):
            raise ValueError(f"each format may be named once, was: {formats}")
        return formats

    @model_validator(mode="after")
    def rare_words_are_past_max_vectors(self) -> "ExportSettings":
        """Refuse to merge words where none are left out."""
        check_merging(merge_rare=self.merge_rare, max_vectors=self.max_vectors)
        return self


def check_merging(*, merge_rare: bool, max_vectors: int | None) -> None:
    """Raise ConfigError if rare words are to be merged, but nothing tells which are rare."""
    if merge_rare and max_vectors is None:
        raise ConfigError("merge_rare needs max_vectors, which was: None. Say how many vectors to keep.")


def check_fits(settings: ExportSettings) -> None:
    """Raise ConfigError if settings of a single export are of no effect in its format."""
    (format_,) = settings.formats
    if settings.merge_rare and format_ != "spacy":
        raise ConfigError(f"merge_rare is for the format spacy, whose words may share a row, was for: {format_}")
    if format_ == "gensim-model":
        defaults = ExportSettings(formats=["gensim-model"])
        for name in ("max_vectors", "dtype", "vectors"):
            if getattr(settings, name) != getattr(defaults, name):
                raise ConfigError(
                    f"gensim-model is always the whole model, so {name} must be left out, was: "
                    f"{getattr(settings, name)}. Export gensim instead, which has word vectors only."
                )


def check_vectors(vectors: str, *, loss: str) -> None:
    """Raise ConfigError unless `vectors` is a VectorKind that a model of this loss has for each word."""
    kinds = get_args(VectorKind)
    if vectors not in kinds:
        raise ConfigError(f"vectors must be one of {', '.join(kinds)}, was: {vectors}")
    if vectors != "input" and loss == "hierarchical-softmax":
        raise ConfigError(
            f'vectors must be "input" where loss = "hierarchical-softmax", was: "{vectors}". Its output vectors '
            'belong to the inner nodes of a tree, not to words. Take vectors = "input", or another loss.'
        )


def check_formats(formats: Sequence[str], *, loss: str) -> None:
    """Raise ConfigError if a model of this loss cannot be written in one of the formats."""
    if "gensim-model" in formats and loss == "softmax":
        raise ConfigError(
            'The format gensim-model needs loss = "negative-sampling" or "hierarchical-softmax", was: "softmax", which '
            "gensim's Word2Vec cannot train. Export gensim instead, which has the word vectors."
        )
