"""Tokenizes pieces of text between white space, each by itself, many at once."""

from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.tokenization._tokens import LexemeKeys, TokenRules, TypeTable

if TYPE_CHECKING:
    from spacy.language import Language

# What a piece could do over a space to its neighbours (see corpus.special_cases).
STARTS_LIKE_REST = 1  # its first token may go on with a special case that began before
ENDS_LIKE_START = 2  # its last token may begin a special case
HOLDS_SPECIAL = 4  # a special case may match inside it, or one with a space begin at its end


class LearnedPieces(NamedTuple):
    """What there is to know of some pieces. n = pieces."""

    types: TokenIds
    """The types of the tokens of all pieces."""
    lengths: Offsets
    """Tokens of each piece: n."""
    risks: NDArray[np.uint8]
    """The flags above of each piece, where a flag too many only costs time: n."""


class PieceTokenizer(Protocol):
    """Tokenizes pieces between white space."""

    types: TypeTable

    def learn(self, text: NDArray[np.uint8]) -> LearnedPieces:
        """Tokenize distinct pieces, whose UTF-8 has a line break behind each."""

    def forget(self, kept_types: Offsets) -> None:
        """Free what has been remembered, but for these types, which are numbered again in this order."""


class WhitespacePieces:
    """Each piece is a token."""

    def __init__(self, nlp: "Language", rules: TokenRules):
        self.types = TypeTable()
        self._keys = LexemeKeys(nlp.vocab, rules).keys

    def learn(self, text: NDArray[np.uint8]) -> LearnedPieces:
        """Number the pieces that are not left out. They do not act on each other."""
        pieces = text.tobytes().decode().split("\n")[:-1]
        keys = self._keys(pieces)
        kept = [key is not None for key in keys]
        # Distinct pieces are distinct types, so that these are new.
        types = self.types.add_new(list(compress(pieces, kept)), [key for key in keys if key is not None])
        return LearnedPieces(types.astype(np.uint32), np.array(kept, np.int64), np.zeros(len(pieces), np.uint8))

    def forget(self, kept_types: Offsets) -> None:
        """Forget other types."""
        self.types.keep(kept_types)
