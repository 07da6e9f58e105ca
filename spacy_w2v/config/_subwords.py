"""The settings of `[w2v.model.subwords]`: vectors of words that are made of the parts of the words."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from spacy_w2v.config._base import Settings

SubwordMode: TypeAlias = Literal["fasttext", "floret"]

DEFAULTS: Mapping[SubwordMode, Mapping[str, int]] = {
    "fasttext": {"min_n": 3, "max_n": 6, "buckets": 2_000_000, "hashes": 1},
    "floret": {"min_n": 4, "max_n": 5, "buckets": 50_000, "hashes": 2},
}
"""The defaults of fastText, and for floret those of its README and of spaCy's projects."""

NO_NGRAMS = 1000
"""A length of n-grams that no word reaches: with min_n and max_n of this value, words are not divided."""
MAX_BUCKETS = 100_000_000
"""A look-up of buckets takes four bytes for each."""
HASH_SEED = 2_166_136_261
"""The seed of floret, which is the first value of FNV-1a."""
BEGIN_OF_WORD, END_OF_WORD = "<", ">"


class SubwordSettings(Settings):
    """`[w2v.model.subwords]`: vectors of words that are made of the parts of the words."""

    mode: SubwordMode | None = None
    """The program whose subwords these are; `null` to give each word a vector of its own only.

    A subword is a character n-gram of the word between `<` and `>`, as "<wo", "wor", "ord" and "rd>". The vector of a
    word is the mean of the rows of its subwords, so that every string has one: rare, inflected and misspelt words too.

    `fasttext` has a row for each word, and one for each bucket that n-grams fall into by their hash. `floret` puts
    words and n-grams into one small table, in `hashes` buckets each. spaCy reads such a table itself (Boyd and
    Warmerdam 2022, "floret: lightweight, robust word vectors").
    """
    min_n: int = Field(3, le=NO_NGRAMS)
    """The least length of an n-gram in characters, with `<` and `>`; at least 1. With `floret` the default is 4.

    Both lengths should suit the endings of the language: 4 and 5 for most alphabets, 2 and 3 where a character is a
    syllable. With 1000 for both, words are not divided.
    """
    max_n: int = Field(6, le=NO_NGRAMS)
    """The greatest length of an n-gram in characters, with `<` and `>`. With `floret` the default is 5."""
    buckets: int = Field(2_000_000, ge=1, le=MAX_BUCKETS)
    """The number of rows that n-grams are hashed to. With `floret` the default is 50,000.

    n-grams in the same bucket share its row. With `fasttext` only buckets that n-grams of the vocabulary fall into take
    memory. With `floret` all of them are in the table: 50,000 suit tagging and parsing, 200,000 names.
    """
    hashes: int = Field(1, ge=1, le=4)
    """With `mode = "floret"`: the number of buckets of each word and n-gram, from 1 to 4. The default is 2.

    Two n-grams that share one bucket hardly ever share another, so small tables tell more n-grams apart.
    """
    hash_seed: int = Field(HASH_SEED, ge=0, le=2**32 - 1)
    """With `mode = "floret"`: the seed of the hashes. Leave it at floret's."""
    bow: str = Field(BEGIN_OF_WORD, min_length=1, max_length=100)
    """With `mode = "floret"`: the text that marks the beginning of a word, without white space."""
    eow: str = Field(END_OF_WORD, min_length=1, max_length=100)
    """With `mode = "floret"`: the text that marks the end of a word, without white space."""

    @property
    def has_own_rows(self) -> bool:
        """Whether each word of the vocabulary has a row of its own, besides those of its n-grams."""
        return self.mode == "fasttext"

    @model_validator(mode="after")
    def modes_have_defaults(self) -> "SubwordSettings":
        """Use the defaults of the mode for settings that are not given."""
        for name, value in DEFAULTS[self.mode].items() if self.mode is not None else ():
            if name not in self.model_fields_set:
                object.__setattr__(self, name, value)
        return self

    @model_validator(mode="after")
    def settings_need_a_mode(self) -> "SubwordSettings":
        """Refuse settings without a mode, which would have no effect."""
        names = sorted((self.model_fields_set & type(self).model_fields.keys()) - {"mode"})
        if self.mode is None and names:
            name = names[0]
            raise ValueError(
                f'{name} needs mode = "fasttext" or "floret", was: {getattr(self, name)!r} with mode = null. Set mode, '
                f"or leave {' and '.join(names)} out."
            )
        return self

    @model_validator(mode="after")
    def lengths_are_in_order(self) -> "SubwordSettings":
        """Refuse lengths below 1, which programs read differently, and a greatest length below the least one."""
        if self.min_n < 1:
            raise ValueError(
                f"min_n must be at least 1, because floret and spaCy read lower values differently, was: {self.min_n}. "
                f"For words without n-grams, set min_n and max_n to {NO_NGRAMS}."
            )
        if self.max_n < self.min_n:
            raise ValueError(f"max_n must be at least min_n ({self.min_n}), was: {self.max_n}")
        return self

    @model_validator(mode="after")
    def fasttext_has_one_hash(self) -> "SubwordSettings":
        """Refuse other values than those of fastText, where it has no such setting."""
        if self.mode != "fasttext":
            return self
        fixed = {"hashes": 1, "hash_seed": HASH_SEED, "bow": BEGIN_OF_WORD, "eow": END_OF_WORD}
        for name, value in fixed.items():
            if (given := getattr(self, name)) != value:
                raise ValueError(f'{name} needs mode = "floret", was: {given!r} with mode = "fasttext". Leave it out.')
        return self

    @model_validator(mode="after")
    def marks_have_no_white_space(self) -> "SubwordSettings":
        """Refuse white space in the marks of words, since it separates them in floret's files."""
        for name in ("bow", "eow"):
            mark = getattr(self, name)
            if mark.split() != [mark]:
                raise ValueError(f"{name} must not have white space, was: {mark!r}")
        return self

    @model_serializer(mode="wrap")
    def without_settings_of_no_effect(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Return the settings as a dict; without a mode, only that.

        A config that is filled in keeps none of the others, so that a mode which is chosen later has its own defaults.
        """
        values: dict[str, object] = handler(self)
        return values if self.mode is not None else {name: values[name] for name in values if name == "mode"}


def check_subwords(mode: SubwordMode | None, *, freeze: bool, engine: str | None, vector_kind: str) -> None:
    """Raise ValueError if other settings need a row of its own for each word.

    Args:
        mode: The mode of the subwords; None for words with rows of their own.
        freeze: The setting `initial.freeze`.
        engine: The setting `distributed.engine`.
        vector_kind: The setting `export.vector_kind`.
    """
    if mode is None:
        return
    if freeze:
        raise ValueError(
            f'initial.freeze must be false with model.subwords.mode = "{mode}", where words share the rows of their '
            "subwords, so that no vector can stay as it is while others are trained. Set it to false, or leave "
            "subwords out."
        )
    if engine is not None:
        raise ValueError(
            f'distributed.engine must be null with model.subwords.mode = "{mode}", which is trained on one machine, '
            f'was: "{engine}". Leave it out, or leave subwords out.'
        )
    if vector_kind != "input":
        raise ValueError(
            f'export.vector_kind must be "input" with model.subwords.mode = "{mode}", because subwords make input '
            f'vectors only, was: "{vector_kind}". Leave it out, or leave subwords out.'
        )
