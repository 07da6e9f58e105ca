"""The settings of `[w2v.export]`."""

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from spacy_w2v.config._base import Settings
from spacy_w2v.config._losses import LOSSES, LossName
from spacy_w2v.errors import ConfigError

ExportFormat = Literal["spacy", "gensim", "gensim-model", "word2vec-text", "word2vec-binary"]

VectorKind = Literal["input", "output", "mean"]
"""Which vectors of a model: its input vectors, those of words as they are predicted, or the mean of both."""

WhiteSpace = Literal["underscore", "refuse"]
"""What becomes of words with white space in formats that hold none."""

FORMATS_OF_SETTING = {
    "max_vectors": ("spacy", "gensim", "word2vec-text", "word2vec-binary"),
    "merge_rare": ("spacy",),
    "dtype": ("spacy", "gensim"),
    "vector_kind": ("spacy", "gensim", "word2vec-text", "word2vec-binary"),
}
"""Which formats take a setting; of the others it is not."""


class ExportSettings(Settings):
    """`[w2v.export]`: what is written beside the model itself."""

    formats: list[ExportFormat] = Field(["spacy", "gensim"])
    max_vectors: int | None = Field(None, ge=1)
    """Keep only the vectors of the most frequent words; null for all. gensim-model always has all."""
    merge_rare: bool = False
    """With max_vectors, in spaCy's table: rarer words find the vector of the most similar word that is kept."""
    dtype: Literal["float32", "float16"] = "float32"
    """Type of the numbers in spaCy's and gensim's tables."""
    vector_kind: VectorKind = "input"
    """The word vectors; the output vectors, of words as they are predicted; or the mean of both."""
    whitespace: WhiteSpace = "underscore"
    """In the word2vec formats, where a space ends a word: New_York for a word with white space; or no export."""

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
    """Raise ConfigError if rare words are to be merged, but nothing says which are rare."""
    if merge_rare and max_vectors is None:
        raise ConfigError("merge_rare needs max_vectors, which was: None. Say how many vectors to keep.")


def check_fits(settings: ExportSettings, *, also: Sequence[ExportFormat] = ()) -> None:
    """Raise ConfigError if a setting is of no effect in all the formats. also: further formats of the same model."""
    formats = [*settings.formats, *also]
    defaults = ExportSettings()
    for name, takers in FORMATS_OF_SETTING.items():
        value = getattr(settings, name)
        if value == getattr(defaults, name) or not formats or not set(formats).isdisjoint(takers):
            continue
        if formats == ["gensim-model"]:
            raise ConfigError(
                f"gensim-model is always the whole model, so {name} must be left out, was: {value}. Export gensim "
                "instead, which has word vectors only."
            )
        raise ConfigError(
            f"{name} is for the format {' and '.join(takers)}, was: {value} for {' and '.join(formats)}. Leave it out, "
            f"or take a format that has it."
        )


def check_vector_kind(kind: str, *, loss: LossName) -> None:
    """Raise ConfigError unless `kind` is a VectorKind that a model of this loss has for each word."""
    kinds = get_args(VectorKind)
    if kind not in kinds:
        raise ConfigError(f"vector_kind must be one of {', '.join(kinds)}, was: {kind}")
    if kind != "input" and not LOSSES[loss].outputs_of_words:
        raise ConfigError(
            f'vector_kind must be "input" where loss = "{loss}", was: "{kind}". Its output vectors belong to the inner '
            "nodes of a tree, not to words. Take the input vectors, or another loss."
        )


def check_formats(formats: Sequence[str], *, loss: LossName) -> None:
    """Raise ConfigError if a model of this loss cannot be written in one of the formats."""
    if "gensim-model" in formats and not LOSSES[loss].in_gensim:
        in_gensim = " or ".join(f'"{name}"' for name, facts in LOSSES.items() if facts.in_gensim)
        raise ConfigError(
            f'The format gensim-model needs loss = {in_gensim}, was: "{loss}", which '
            "gensim's Word2Vec cannot train. Export gensim instead, which has the word vectors."
        )
