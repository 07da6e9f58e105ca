"""Keys of tokens by their lemmas, without or with the part of speech."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from spacy_w2v.keys._spelling import SENSE_OF_URLS, WORD_OF_URLS, with_sense
from spacy_w2v.keys._token_keys import TokenKeys

if TYPE_CHECKING:
    from spacy.tokens import Token


class LemmaKeys(TokenKeys):
    """The key of a token is its lemma: "ducks" and "duck" are one word."""

    attributes: ClassVar[tuple[str, ...]] = ("ORTH", "LEMMA")
    requires: Sequence[str] = ("token.lemma",)

    def __init__(self, lower: bool = True) -> None:
        """Initialize the function.

        Args:
            lower: Whether keys are in lower case.
        """
        super().__init__()
        self.lower = lower

    def own_key(self, token: "Token") -> str | None:
        """Return the lemma of a token, or its text if it has none; None for white space."""
        if token.is_space:
            return None
        lemma: str = token.lemma_.strip() or token.text
        return lemma.lower() if self.lower else lemma


class LemmaPosKeys(LemmaKeys):
    """The key of a token is its lemma and its part of speech, such as "duck|NOUN" and "duck|VERB"."""

    attributes = ("ORTH", "LEMMA", "POS")
    requires = ("token.lemma", "token.pos")

    def own_key(self, token: "Token") -> str | None:
        """Return the lemma and part of speech of a token; None for white space."""
        lemma = super().own_key(token)
        if lemma is None:
            return None
        return with_sense(WORD_OF_URLS, SENSE_OF_URLS) if token.like_url else with_sense(lemma, token.pos_)


def make_lemma_keys_v1(lower: bool = True) -> LemmaKeys:
    """Create the function whose keys are lemmas: the known forms of a word have one vector.

    Args:
        lower: Whether keys are in lower case.
    """
    return LemmaKeys(lower)


def make_lemma_pos_keys_v1(lower: bool = True) -> LemmaPosKeys:
    """Create the function whose keys are lemmas with parts of speech, such as "duck|NOUN" and "duck|VERB".

    Args:
        lower: Whether the lemmas are in lower case.
    """
    return LemmaPosKeys(lower)
