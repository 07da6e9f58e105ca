"""The settings of `[w2v.tokens]` and `[w2v.vocabulary]`: which words the texts have."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from spacy_w2v.config._base import Settings

TokenAttr = Literal["ORTH", "LOWER", "NORM", "LEMMA", "KEY"]

LEMMA_KEYS = "spacy_w2v.LemmaKeys.v1"
"""The registered function for which `attr = "LEMMA"` is short."""

KEYS = {"lemmas": LEMMA_KEYS, "lemma-pos": "spacy_w2v.LemmaPosKeys.v1", "senses": "spacy_w2v.SenseKeys.v1"}
"""The registered functions of this package that make keys, by their short names."""


class TokensSettings(Settings):
    """`[w2v.tokens]`: how a text becomes tokens, and which of them are counted."""

    tokenizer: Literal["pipeline", "whitespace"] = "pipeline"
    """What splits a text into tokens: the tokenizer of `[nlp]`, or white space alone.

    Choose `whitespace` for texts that are tokenized already, with a space between two tokens.
    """
    attr: TokenAttr = "LOWER"
    """The attribute of a token that is its key in the vectors.

    `ORTH` is the unchanged text, `LOWER` the text in lower case, and `NORM` spaCy's norm, in which `n't` is `not`.
    Choose `ORTH` where case carries meaning, for example to recognize names. `LEMMA` is short for
    `keys = {"@misc": "spacy_w2v.LemmaKeys.v1"}`. With `keys`, it is `KEY`.
    """
    keys: dict[str, Any] | None = None  # Any: arguments of a registered function
    """The function from an annotated text to the keys of its tokens and phrases: the block `[w2v.tokens.keys]`.

    `spacy_w2v.LemmaKeys.v1`, `spacy_w2v.LemmaPosKeys.v1`, `spacy_w2v.SenseKeys.v1`, or a function of your own. The
    short forms "lemmas", "lemma-pos" and "senses" stand for these three with their defaults, and `null` for the
    attribute `attr`. The components that the function needs run once, and what they find is stored. Keys need
    `tokenizer = "pipeline"`, and numbers and URLs that are kept.
    """
    pipeline: str | None = None
    """The pipeline that makes the tokens, and annotates them for `keys`: its name or directory.

    `null` for the one of `[nlp]`.
    """
    boundary: Literal["line", "sentence", "document"] = "line"
    """The unit of text that context windows do not cross.

    `line` ends at a line break, `sentence` where spaCy's sentencizer ends one, and `document` at the end of a text.
    Choose `document` if lines are broken at a fixed width. `sentence` needs `tokenizer = "pipeline"`.
    """
    numbers: Literal["keep", "shape", "drop"] = "keep"
    """What to do with tokens that look like numbers: keep them, drop them, or replace each by its shape.

    As a shape, 2024 becomes `dddd`. This gives rare numbers a common vector and keeps them out of the vocabulary.
    """
    urls: Literal["keep", "shape", "drop"] = "keep"
    """What to do with tokens that look like URLs: keep them, drop them, or replace each by its shape."""
    min_tokens: int = Field(1, ge=1, le=1_000_000_000)
    """The least number of tokens of a line, sentence or document, whichever `boundary` names.

    Shorter ones are left out. Raise it to skip headings and captions.
    """
    max_tokens: int | None = Field(None, ge=1)
    """The number of tokens to read; `null` for the whole corpus.

    Set it to try settings on the beginning of a large corpus.
    """
    n_process: int = Field(0, ge=0, le=1024)
    """The number of processes that tokenize; 0 to choose it.

    The choice is one process for spaCy's stock tokenizer, which is fastest that way, and one per core for all others.
    In Python the default is 1. A script that sets more needs no main guard.
    """

    @field_validator("keys", mode="before")
    @classmethod
    def name_of_keys(cls, value: Any) -> Any:  # Any: what the config holds
        """Accept the name of a registered function alone, or the short name of one of this package."""
        return {"@misc": KEYS.get(value, value)} if isinstance(value, str) else value

    @model_validator(mode="after")
    def keys_are_the_attribute(self) -> "TokensSettings":
        """Let `attr` be KEY with keys, and only with them."""
        if self.keys is not None:
            object.__setattr__(self, "attr", "KEY")
        elif self.attr == "KEY":
            raise ValueError('attr = "KEY" needs keys, a function from texts to keys, was: null')
        return self

    @model_validator(mode="after")
    def keys_are_of_the_pipeline(self) -> "TokensSettings":
        """Refuse settings of tokens that keys make without effect."""
        what = "keys" if self.key_block is not None else "pipeline" if self.pipeline is not None else None
        if what is not None and self.tokenizer != "pipeline":
            raise ValueError(
                f'tokenizer must be "pipeline" with {what}, was: "{self.tokenizer}". Leave it out, or leave {what} out.'
            )
        for name in ("numbers", "urls"):
            if self.key_block is not None and (value := getattr(self, name)) != "keep":
                raise ValueError(
                    f'{name} must be "keep" with keys, whose function decides which tokens have which, was: "{value}". '
                    "Leave it out."
                )
        return self

    @property
    def key_block(self) -> dict[str, Any] | None:  # Any: arguments of a registered function
        """The block of the registered function that makes keys; None if an attribute is the key of a token."""
        return {"@misc": LEMMA_KEYS} if self.attr == "LEMMA" else self.keys

    @model_validator(mode="after")
    def sentences_need_pipeline(self) -> "TokensSettings":
        """Refuse to look for sentences in texts that the pipeline does not tokenize."""
        if self.boundary == "sentence" and self.tokenizer == "whitespace":
            raise ValueError('boundary = "sentence" needs tokenizer = "pipeline", was: "whitespace"')
        return self


class VocabularySettings(Settings):
    """`[w2v.vocabulary]`: which distinct tokens (types) become words with a vector."""

    min_count: int = Field(5, ge=1)
    """The least number of times that a word occurs in the corpus.

    Rarer words get no vector, and windows close up over them. Lower it for less than a million tokens, raise it for
    billions.
    """
    min_phrase_count: int | None = Field(None, ge=1)
    """The least number of times that a phrase of `[w2v.tokens.keys]` occurs; `null` for `min_count`.

    Rarer phrases are split into the keys of their tokens, so that no token is lost with them.
    """
    merge_rare_keys: bool = True
    """Whether a key of `[w2v.tokens.keys]` that is rarer than `min_count` counts as a commoner one of the same text.

    It is the commonest key that the text has in any case: "duck|ADP" counts as "duck|NOUN". So no token is lost because
    its senses are rare one by one. With `false`, rare keys have no vector, as in sense2vec.
    """
    max_vocab_size: int | None = Field(10_000_000, ge=1)
    """The number of types to hold in memory while the corpus is read; `null` for no limit.

    Above it the rarest types are dropped, so counts of rare words may become too low. Lower it if memory is short.
    """
    max_final_vocab: int | None = Field(None, ge=1)
    """The largest size of the vocabulary; `null` for no limit.

    If more words reach `min_count`, the least count is raised until the rest fits. Set it to bound the size of a model.
    """
