"""The settings of `[w2v.phrases]`: which words that occur side by side become one."""

import math
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from spacy_w2v.config._base import Settings

Scoring = Literal["default", "npmi"]
"""How strongly two words belong together."""

THRESHOLDS: dict[Scoring, float] = {"default": 10.0, "npmi": 0.5}
"""The thresholds that are used if none is given: gensim's for `default`. For `npmi` gensim has none."""

MAX_PASSES = 4
"""Four passes join up to 16 words, not counting connector words."""

ENGLISH_CONNECTOR_WORDS = frozenset(
    (
        *("a", "an", "the"),
        *("for", "of", "with", "without", "at", "from", "to", "in", "on", "by"),
        *("and", "or"),
    )
)
"""gensim's `ENGLISH_CONNECTOR_WORDS`: articles, prepositions and conjunctions."""


class PhraseSettings(Settings):
    """`[w2v.phrases]`: which words that occur side by side become one word, such as "new york"."""

    scoring: Scoring | None = None
    """How phrases are found; `null` for none.

    `default` compares the count of a pair with the counts of its words (Mikolov et al. 2013). `npmi` is the normalized
    pointwise mutual information of the pair (Bouma 2009), from -1 to 1. It depends less on the size of the corpus.
    """
    path: str | None = Field(None, min_length=1)
    """Phrases that are known already, instead of `scoring`; `null` for none.

    The path of a table that `spacy w2v phrases` saved, or of gensim's `Phrases` or `FrozenPhrases`. The settings below
    then have no effect.
    """
    threshold: float | tuple[float, ...] | None = None
    """The score above which a pair becomes a phrase, for all passes or one for each.

    `null` stands for 10 with `scoring = "default"`, and for 0.5 with `npmi`. Higher values give fewer phrases.
    `spacy w2v phrases` shows what a threshold means.
    """
    min_count: int = Field(5, ge=1)
    """The count of pairs that are too rare for a phrase.

    `default` subtracts it from the count of a pair. With `npmi`, pairs that occur less often are left out.
    """
    connector_words: tuple[str, ...] | Literal["english"] = ()
    """Words that may be inside of a phrase, but not at its ends, as in "bank of america".

    They are compared with the attribute of tokens that `[w2v.tokens]` names. `english` stands for gensim's list of 15
    articles, prepositions and conjunctions.
    """
    punctuation: bool = False
    """Whether a phrase may begin or end with a token that has neither letters nor digits.

    Texts that spaCy tokenizes have many of them, as in ", but". gensim treats them as words, as `true` does here.
    """
    passes: int = Field(1, ge=1, le=MAX_PASSES)
    """The number of passes over the text.

    One pass joins two words. Each further pass joins a phrase with a word or with another phrase, as in "new york
    times".
    """
    delimiter: str = Field("_", min_length=1)
    """What is between the words of a phrase in the files of gensim and word2vec. In spaCy it is a space."""
    memory_gb: float = Field(1.0, gt=0, le=1_000_000)
    """The most memory that the table of counted pairs takes, in gigabytes (10⁹ bytes).

    With more pairs, the corpus is read several times. The phrases do not depend on it. Pairs that are frequent enough
    are kept beside the table.
    """

    @field_validator("threshold", mode="before")
    @classmethod
    def threshold_is_numbers(cls, value: Any) -> Any:  # Any: what the config holds
        """Refuse what is neither a finite number nor a list of them, with one message for both."""
        numbers = value if isinstance(value, list | tuple) else () if value is None else (value,)
        if not all(
            isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
            for number in numbers
        ):
            raise ValueError(f"threshold must be a finite number, or a list with one for each pass, was: {value!r}")
        return value

    @field_validator("connector_words", mode="before")
    @classmethod
    def connector_words_are_words(cls, value: Any) -> Any:  # Any: what the config holds
        """Refuse what is neither a list of words nor the name of one, with one message for both."""
        if value == "english":
            return value
        if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(word, str) for word in value):
            raise ValueError(f'connector_words must be a list of words, or "english", was: {value!r}')
        return tuple(sorted(value)) if isinstance(value, set | frozenset) else value

    @model_validator(mode="after")
    def phrases_are_found_or_given(self) -> "PhraseSettings":
        """Refuse to find phrases if they are given."""
        if self.path is not None and self.scoring is not None:
            raise ValueError(
                f'scoring must be null with path = "{self.path}", which has the phrases, was: "{self.scoring}". Leave '
                "one of them out."
            )
        return self

    @model_validator(mode="after")
    def thresholds_fit(self) -> "PhraseSettings":
        """Refuse thresholds that do not fit the scoring or the number of passes."""
        given = self.threshold if isinstance(self.threshold, tuple) else ()
        if isinstance(self.threshold, tuple) and len(given) != self.passes:
            raise ValueError(f"threshold must be a number, or one for each of passes = {self.passes}, was: {[*given]}")
        for threshold in self.thresholds:
            if self.scoring == "npmi" and not -1 <= threshold <= 1:
                raise ValueError(f'threshold must be between -1 and 1 with scoring = "npmi", was: {threshold:g}')
            if self.scoring == "default" and threshold <= 0:
                raise ValueError(f'threshold must be greater than 0 with scoring = "default", was: {threshold:g}')
        return self

    @property
    def is_on(self) -> bool:
        """Whether phrases are joined at all."""
        return self.scoring is not None or self.path is not None

    def check_effect(self) -> None:
        """Raise ValueError if a setting says how to find phrases, but none are to be found."""
        if self.is_on:
            return
        for name, field in type(self).model_fields.items():
            if (given := getattr(self, name)) != field.default:
                raise ValueError(
                    f"phrases.{name} needs phrases.scoring or phrases.path, was: {given!r} without them. Set scoring = "
                    f'"default" in [w2v.phrases], or leave {name} out.'
                )

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The threshold of each pass."""
        if isinstance(self.threshold, tuple):
            return self.threshold
        one = THRESHOLDS[self.scoring or "default"] if self.threshold is None else self.threshold
        return (one,) * self.passes

    @property
    def connectors(self) -> frozenset[str]:
        """The connector words."""
        return ENGLISH_CONNECTOR_WORDS if self.connector_words == "english" else frozenset(self.connector_words)
