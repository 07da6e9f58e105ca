"""Pre-tokens, which are the parts of a text between white space, and the protocol for tokenizing many of them."""

from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.tokenization._tokens import LexemeKeys, TokenRules, TypeTable

if TYPE_CHECKING:
    from spacy.language import Language

# Flags: how a pre-token may interact with its neighbours across a space (see _special_cases).
STARTS_LIKE_REST = 1  # its first token may continue a special case that began before it
ENDS_LIKE_START = 2  # its last token may begin a special case
HOLDS_SPECIAL = 4  # a special case may match in it, or a special case with a space may begin at its end


class TokenizedPretokens(NamedTuple):
    """The tokens of pre-tokens. n = pre-tokens."""

    types: TokenIds
    """The types of the tokens of all pre-tokens."""
    lengths: Offsets
    """The number of tokens of each pre-token: n."""
    risks: NDArray[np.uint8]
    """The flags of each pre-token: n. An unnecessary flag costs only time."""


class PretokenTokenizer(Protocol):
    """Tokenizes pre-tokens, and stores the types of their tokens."""

    types: TypeTable

    def tokenize(self, text: NDArray[np.uint8]) -> TokenizedPretokens:
        """Tokenize distinct pre-tokens.

        Args:
            text: The pre-tokens in UTF-8, with a line break after each.
        """

    def evict(self, kept_types: Offsets) -> None:
        """Free everything except some types.

        Args:
            kept_types: The numbers of the types to keep, which are renumbered in this order.
        """


class WhitespaceTokenizer:
    """Uses each pre-token as one token."""

    def __init__(self, nlp: "Language", rules: TokenRules):
        self.types = TypeTable()
        self._keys = LexemeKeys(nlp.vocab, rules).keys

    def tokenize(self, text: NDArray[np.uint8]) -> TokenizedPretokens:
        """Number the pre-tokens that are not left out. Pre-tokens do not interact; see `PretokenTokenizer`."""
        pretokens = text.tobytes().decode().split("\n")[:-1]
        keys = self._keys(pretokens)
        kept = [key is not None for key in keys]
        # Distinct pre-tokens are distinct types, so all types are new.
        types = self.types.add_new(list(compress(pretokens, kept)), [key for key in keys if key is not None])
        return TokenizedPretokens(types.astype(np.uint32), np.array(kept, np.int64), np.zeros(len(pretokens), np.uint8))

    def evict(self, kept_types: Offsets) -> None:
        """Free all types except these; see `PretokenTokenizer`."""
        self.types.keep(kept_types)
