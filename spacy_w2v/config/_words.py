"""The settings of `[w2v.tokens]` and `[w2v.vocabulary]`: which words the texts have."""

from typing import Literal

from pydantic import Field, model_validator

from spacy_w2v.config._base import Settings

TokenAttr = Literal["ORTH", "LOWER", "NORM"]


class TokensSettings(Settings):
    """`[w2v.tokens]`: how a text becomes tokens, and which of them are counted."""

    tokenizer: Literal["pipeline", "whitespace"] = "pipeline"
    """What splits a text into tokens: the tokenizer of `[nlp]`, or white space alone.

    Choose `whitespace` for texts that are tokenized already, with a space between two tokens.
    """
    attr: TokenAttr = "LOWER"
    """The attribute of a token that is its key in the vectors.

    `ORTH` is the unchanged text, `LOWER` the text in lower case, and `NORM` spaCy's norm, in which `n't` is `not`.
    Choose `ORTH` where case carries meaning, for example to recognize names.
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
    max_vocab_size: int | None = Field(10_000_000, ge=1)
    """The number of types to hold in memory while the corpus is read; `null` for no limit.

    Above it the rarest types are dropped, so counts of rare words may become too low. Lower it if memory is short.
    """
    max_final_vocab: int | None = Field(None, ge=1)
    """The largest size of the vocabulary; `null` for no limit.

    If more words reach `min_count`, the least count is raised until the rest fits. Set it to bound the size of a model.
    """
