"""The settings of `[w2v.export]`: the formats that a trained model is written in."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from spacy_w2v.config._base import Settings
from spacy_w2v.config._losses import LOSSES, LossName
from spacy_w2v.config._subwords import SubwordMode
from spacy_w2v.config._words import LEMMA_KEYS
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded

ExportFormat = Literal[
    "spacy",
    "gensim",
    "gensim-model",
    "word2vec-text",
    "word2vec-binary",
    "fasttext",
    "floret",
    "safetensors",
    "model2vec",
    "projector",
    "sense2vec",
]

VectorKind = Literal["input", "output", "mean", "sum"]
"""The vectors of a model: its input vectors, its output vectors, which words are predicted by, or their mean or sum."""

VectorKindChoice = VectorKind | Literal["recorded"]
"""A choice for vectors that exist: another kind, or that of their record."""

Postprocess = Literal["center", "soft-whiten"]
"""What is done to all vectors of words after training: see `spacy_w2v.model._postprocessing`."""

PostprocessChoice = Postprocess | Literal["recorded"] | None
"""A choice for vectors that exist: another post-processing, None for none, or that of their record."""

WHITENING_STRENGTH = 0.25
"""The strength of soft whitening unless another is given."""

WhiteSpace = Literal["underscore", "refuse"]
"""What to do with words that contain white space, in formats that cannot hold it."""

OF_WORDS = (
    "spacy",
    "gensim",
    "word2vec-text",
    "word2vec-binary",
    "fasttext",
    "safetensors",
    "model2vec",
    "projector",
    "sense2vec",
)
"""The formats that hold the vectors of a list of words, and not a whole model."""

OF_VECTORS = (*OF_WORDS, "floret")
"""The formats that hold vectors, and not a whole model."""

MODE_OF_FORMAT: dict[str, SubwordMode] = {"fasttext": "fasttext", "floret": "floret"}
"""The formats that hold rows of subwords, and the mode of these."""

FORMATS_OF_SETTING = {
    "max_vectors": OF_WORDS,
    "merge_rare": ("spacy",),
    "composed": ("spacy",),
    "dtype": ("spacy", "gensim", "safetensors", "model2vec", "sense2vec"),
    "sense2vec_neighbors": ("sense2vec",),
    "vector_kind": OF_VECTORS,
    "postprocess": OF_VECTORS,
    "whitening_strength": OF_VECTORS,
}
"""The formats that a setting applies to."""


class VectorsSettings(Settings):
    """The settings of `[w2v.export]` that say what the vector of a word is, whatever is written."""

    vector_kind: VectorKind = "input"
    """The vectors of words: input vectors, output vectors, or their mean or sum.

    Input vectors are what is commonly called word vectors. Output vectors are those that words are predicted by. With
    `loss = "hierarchical-softmax"` words have none, so only `input` is possible. With `loss = "glove"` the default is
    `sum`, as in GloVe. As `postprocess`, it applies to
    everything that gives the vector of a word, except `gensim-model`.
    """
    postprocess: Postprocess | None = None
    """What is done to the vectors of all words after training; `null` for nothing.

    `center` subtracts their mean. `soft-whiten` also evens out the spread along their principal axes, as
    `whitening_strength` says. It applies to everything that gives the vector of a word: the formats, scores and
    neighbours, `model[word]` in Python. The model keeps the vectors as they were trained, so that training can
    continue. It does not apply to `gensim-model`.
    """
    whitening_strength: float = Field(WHITENING_STRENGTH, ge=0, le=1)
    """How far `soft-whiten` evens out the axes: 0 leaves their spread as it is, 1 makes all equal."""


class ExportSettings(VectorsSettings):
    """`[w2v.export]`: what `spacy w2v train` writes beside the model itself."""

    formats: list[ExportFormat] = Field(["spacy", "gensim"])
    """The formats to write.

    `spacy` is a pipeline with the vectors, for `spacy.load` and `[initialize] vectors`. `gensim` is a `KeyedVectors`,
    and `gensim-model` a whole `Word2Vec`, which gensim can train further. `word2vec-text` and `word2vec-binary` are the
    formats of word2vec.c. `fasttext` is a `.bin` file of fastText, and `floret` a `.floret` table, both of models with
    these subwords. `safetensors` is a file of vectors with a `vocab.json` beside it, and `model2vec` a
    `StaticModel`, which sentence-transformers loads too. `projector` is two tables for TensorBoard's projector.
    `sense2vec` is a directory that sense2vec and its component load, of models whose keys have senses.
    """
    max_vectors: int | None = Field(None, ge=1)
    """The number of vectors to write, those of the most frequent words; `null` for all.

    Set it to make a pipeline smaller. It does not apply to `gensim-model` and `floret`, which are always complete.
    """
    merge_rare: bool = False
    """Whether words beyond `max_vectors` keep their keys in spaCy's table, and share the vector of a similar word.

    That is the most similar word, by cosine, that has a vector. Then no word loses its vector, and the table has
    `max_vectors` rows.
    """
    dtype: Literal["float32", "float16"] = "float32"
    """The type of the numbers, in all formats but `gensim-model` and those of word2vec, fastText and floret.

    `float16` halves the size.
    """
    composed: bool = False
    """With `mode = "floret"` in `[w2v.model.subwords]`: whether spaCy gets a table of words instead of subwords.

    Then each word of the vocabulary has its composed vector, and other words have none. `max_vectors`, `merge_rare` and
    `float16` need such a table.
    """
    whitespace: WhiteSpace = "underscore"
    """What to do with words that contain white space, in the two word2vec formats, where a space ends a word.

    `underscore` writes `New_York`, with more underscores if that is a word already. `refuse` ends with an error before
    training starts.
    """
    sense2vec_neighbors: int = Field(0, ge=0, le=10_000)
    """With the format `sense2vec`: the number of nearest neighbours to store for each key; 0 for none.

    sense2vec's `most_similar` then looks them up, which takes microseconds. Each takes six bytes of the file. To find
    them takes time with the square of the number of keys.
    """

    @field_validator("formats")
    @classmethod
    def each_once(cls, formats: list[str]) -> list[str]:
        """Refuse a format that is named twice."""
        if len(set(formats)) != len(formats):
            raise ValueError(f"each format may be named once, was: {formats}")
        return formats

    @model_validator(mode="after")
    def rare_words_are_past_max_vectors(self) -> "ExportSettings":
        """Refuse to merge rare words if none are left out."""
        check_merging(merge_rare=self.merge_rare, max_vectors=self.max_vectors)
        return self


def check_merging(*, merge_rare: bool, max_vectors: int | None) -> None:
    """Raise ConfigError if rare words are to be merged, but max_vectors does not say which are rare."""
    if merge_rare and max_vectors is None:
        raise ConfigError("merge_rare needs max_vectors, which was: None. Set it to the number of vectors to keep.")


def check_fits(settings: ExportSettings, *, also: Sequence[ExportFormat] = (), keeps_model: bool = False) -> None:
    """Raise ConfigError if a setting has no effect.

    Args:
        settings: The settings, with their formats.
        also: Further formats of the same model.
        keeps_model: Whether the model is kept too. Its record says what the vector of a word is, so the settings of
            `VectorsSettings` have an effect in any case.
    """
    formats = [*settings.formats, *also]
    defaults = ExportSettings()
    for name, takers in FORMATS_OF_SETTING.items():
        if keeps_model and name in VectorsSettings.model_fields:
            continue
        value = getattr(settings, name)
        if value == getattr(defaults, name) or not formats or not set(formats).isdisjoint(takers):
            continue
        if formats == ["gensim-model"]:
            raise ConfigError(
                f"gensim-model is always the whole model, so {name} must be left out, was: {value}. Export the format "
                "gensim instead, which has word vectors only."
            )
        raise ConfigError(
            f"{name} is for {' and '.join(takers)}, was: {value} for {' and '.join(formats)}. Leave it out, or choose "
            "a format that has it."
        )


def check_vector_kind(kind: str, *, loss: LossName, argument: str = "vector_kind") -> None:
    """Check the kind of vectors.

    Args:
        kind: The kind.
        loss: The loss of the model.
        argument: The name of the setting or argument, for the error.

    Raises:
        ConfigError: `kind` is not a VectorKind, or a model of this loss does not have such a vector for each word.
    """
    kinds = get_args(VectorKind)
    if kind not in kinds:
        raise ConfigError(f"{argument} must be one of recorded, {', '.join(kinds)}, was: {kind}")
    if kind != "input" and not LOSSES[loss].outputs_of_words:
        raise ConfigError(
            f'{argument} must be "input" where loss = "{loss}", was: "{kind}". Its output vectors belong to the inner '
            "nodes of a tree, not to words. Export the input vectors, or choose another loss."
        )


def check_postprocess(postprocess: object, whitening_strength: object) -> None:
    """Check a choice of post-processing.

    Args:
        postprocess: The kind, or None for none.
        whitening_strength: The strength; None if it is not given.

    Raises:
        ConfigError: A value is invalid, or a strength is given, but not for soft whitening.
    """
    kinds = get_args(Postprocess)
    if postprocess is not None and postprocess not in kinds:
        names = ", ".join(f'"{kind}"' for kind in ("recorded", *kinds))
        raise ConfigError(f"postprocess must be None or one of {names}, was: {postprocess!r}")
    if whitening_strength is None:
        return
    if isinstance(whitening_strength, bool) or not isinstance(whitening_strength, Real):
        raise ConfigError(f"whitening_strength must be a number, was: {whitening_strength!r}")
    if not 0 <= float(whitening_strength) <= 1:
        raise ConfigError(f"whitening_strength must be from 0 to 1, was: {whitening_strength}")
    if postprocess != "soft-whiten":
        raise ConfigError(
            f'whitening_strength is for postprocess = "soft-whiten", was: {whitening_strength} for '
            f"{'no post-processing' if postprocess is None else postprocess}. Leave it out, or choose soft-whiten."
        )


def check_mode(name: str, subwords: SubwordMode | None, *, of: str = "the model") -> None:
    """Check whether a format for subwords can hold those of some vectors.

    Args:
        name: The format, a key of `MODE_OF_FORMAT`.
        subwords: The mode of the subwords; None if there are none.
        of: What has them, for the error.

    Raises:
        ConfigError: It cannot.
    """
    if subwords == MODE_OF_FORMAT[name]:
        return
    there = "none" if subwords is None else f"those of {subwords}"
    other = next((other for other, mode in MODE_OF_FORMAT.items() if mode == subwords), "word2vec-text")
    raise ConfigError(
        f"The format {name} needs vectors with the subwords of {MODE_OF_FORMAT[name]}, but {of} has {there}. Export to "
        f'{other}, or train with subwords.mode = "{MODE_OF_FORMAT[name]}".'
    )


def check_senses(formats: Sequence[str], keys: Mapping[str, object] | None) -> None:
    """Check that keys can have senses where a format needs them.

    Args:
        formats: The formats.
        keys: The block of the key function; None if an attribute of tokens is their key. Lists of tokens may have
            senses then.

    Raises:
        ConfigError: The keys are lemmas.
    """
    if "sense2vec" in formats and keys is not None and LEMMA_KEYS in keys.values():
        raise ConfigError(
            f'The format sense2vec needs keys with a sense, such as "duck|NOUN", was: "{LEMMA_KEYS}", whose keys are '
            'lemmas. Set keys = "spacy_w2v.LemmaPosKeys.v1" or "spacy_w2v.SenseKeys.v1" in [w2v.tokens], or leave the '
            "format out."
        )


def setting_of_composed() -> str:
    """Return how a table of words is chosen, for errors."""
    return worded(
        python="set composed = true in [w2v.export], or pass composed=True",
        command_line="set composed = true in [w2v.export], or export with --composed",
    )


def check_floret_table(*, composed: bool, max_vectors: int | None, merge_rare: bool, dtype: str) -> None:
    """Check that settings fit spaCy's table of a model with floret's subwords.

    Args:
        composed: Whether the table is one of words.
        max_vectors: The number of vectors to keep; None for all.
        merge_rare: Whether removed words share the vector of a similar one.
        dtype: The type of the numbers.

    Raises:
        ConfigError: They are for a table of words.
    """
    if composed:
        return
    words = f"for a table of words, {setting_of_composed()}"
    if max_vectors is not None or merge_rare:
        raise ConfigError(
            f"{'merge_rare' if max_vectors is None else 'max_vectors'} needs a row for each word, but all words share "
            "the rows of floret's subwords in spaCy's table. Train a model with fewer buckets for a smaller table, or "
            f"{words}."
        )
    if dtype != "float32":
        raise ConfigError(
            f"dtype must be \"float32\" for floret's subwords in spaCy's table, since spaCy cannot read others, was: "
            f'"{dtype}". Leave it out, or {words}.'
        )


def check_formats(formats: Sequence[str], *, loss: LossName, subwords: SubwordMode | None = None) -> None:
    """Check whether a model can be written in the formats.

    Args:
        formats: The formats.
        loss: The loss of the model.
        subwords: The mode of its subwords; None if it has none.

    Raises:
        ConfigError: One of the formats cannot hold such a model.
    """
    for name in formats:
        if name in MODE_OF_FORMAT:
            check_mode(name, subwords)
    if "gensim-model" in formats and subwords == "floret":
        raise ConfigError(
            'The format gensim-model needs subwords.mode = "fasttext" or null, was: "floret", which gensim cannot '
            "train. Export the format gensim instead, which has the word vectors."
        )
    if "gensim-model" in formats and not LOSSES[loss].in_gensim:
        in_gensim = " or ".join(f'"{name}"' for name, facts in LOSSES.items() if facts.in_gensim)
        raise ConfigError(
            f'The format gensim-model needs loss = {in_gensim}, was: "{loss}", which '
            "gensim's Word2Vec cannot train. Export the format gensim instead, which has the word vectors."
        )
