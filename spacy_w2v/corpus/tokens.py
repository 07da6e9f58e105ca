"""From spaCy's tokens to types: which key of the vectors a token has, and which tokens are left out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.types import Offsets, TokenIds

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


class TokenType(NamedTuple):
    """A kind of token."""

    orth: str
    """The text as it stands in the corpus."""
    key: str
    """The word of the vectors: the text, its lower case, its norm, or a shape."""


class EncodedBatch(NamedTuple):
    """The tokens of some texts."""

    types: list[TokenType]
    """The distinct types, in order of first appearance."""
    numbers: TokenIds
    """Index into `types` for each token."""
    lengths: Offsets
    """Tokens of each sentence, at least 1."""


class TokenRules(NamedTuple):
    """How the tokens of a Doc become types."""

    attr: Literal["ORTH", "LOWER", "NORM"]
    numbers: Literal["keep", "shape", "drop"]
    urls: Literal["keep", "shape", "drop"]

    def columns(self) -> list[str]:
        """Return the attributes of tokens that `keys` reads, for Doc.to_array."""
        columns = ["ORTH", self.attr, "IS_SPACE"]
        if self.numbers != "keep":
            columns.append("LIKE_NUM")
        if self.urls != "keep":
            columns.append("LIKE_URL")
        if "shape" in (self.numbers, self.urls):
            columns.append("SHAPE")
        return columns

    def keys(self, attributes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the string id of each token's key, and which tokens are kept; `attributes` are rows of `columns`."""
        column = {name: attributes[:, i] for i, name in enumerate(self.columns())}
        keys = column[self.attr].copy()
        kept = column["IS_SPACE"] == 0
        for treatment, flag in ((self.numbers, "LIKE_NUM"), (self.urls, "LIKE_URL")):
            if treatment == "drop":
                kept &= column[flag] == 0
            elif treatment == "shape":
                chosen = column[flag] != 0
                keys[chosen] = column["SHAPE"][chosen]
        return keys, kept


class TypeTable:
    """Types by their pair of spaCy's string ids, numbered as they come."""

    def __init__(self) -> None:
        self.types: list[TokenType] = []
        self._number: dict[tuple[int, int], int] = {}

    def number(self, orths: NDArray[np.uint64], keys: NDArray[np.uint64], vocab: "Vocab") -> TokenIds:
        """Return the number of each pair, adding the new ones, whose strings are looked up in the vocab."""
        numbers = self._number
        result = np.empty(orths.size, np.uint32)
        for i, pair in enumerate(zip(orths.tolist(), keys.tolist(), strict=True)):
            number = numbers.get(pair)
            if number is None:
                number = numbers[pair] = len(self.types)
                self.types.append(TokenType(vocab.strings[pair[0]], vocab.strings[pair[1]]))
            result[i] = number
        return result

    def keep(self, numbers: list[int]) -> None:
        """Keep the types with these numbers only, and number them anew in this order."""
        pairs = list(self._number)
        self.types = [self.types[number] for number in numbers]
        self._number = {pairs[number]: new for new, number in enumerate(numbers)}


def lean_vocab(nlp: "Language", columns: list[str]) -> "Vocab":
    """Return a vocab of its own whose lexemes have just the attributes named, as those of the pipeline have them.

    A lexeme of the pipeline's vocab costs some 15 microseconds, most of them for attributes that no one asks for.
    """
    from spacy.attrs import IDS, NORM
    from spacy.vocab import Vocab

    wanted = {IDS[name] for name in columns}
    getters = {attr: getter for attr, getter in nlp.vocab.lex_attr_getters.items() if attr in wanted}
    vocab = Vocab(lex_attr_getters=getters, lookups=nlp.vocab.lookups)
    if NORM in getters:
        for lexeme in nlp.vocab:
            if lexeme.norm_ != getters[NORM](lexeme.orth_):  # set by hand
                vocab[lexeme.orth_].norm_ = lexeme.norm_
    return vocab


@contextmanager
def transient_strings(nlp: "Language") -> Iterator[None]:
    """Let the vocab forget, at the end of the block, the strings and lexemes that the block added to it.

    Without it the vocab grows with the corpus. Does nothing within a memory zone of the caller.
    """
    if nlp.vocab.in_memory_zone:
        yield
        return
    with ExitStack() as stack:
        pool = stack.enter_context(nlp.vocab.memory_zone())
        if hasattr(nlp.tokenizer, "memory_zone"):
            stack.enter_context(nlp.tokenizer.memory_zone(pool))
        yield


def attributes_of(doc: "Doc", columns: list[str]) -> NDArray[np.uint64]:
    """Return the attributes of a Doc's tokens, one row per token."""
    array: NDArray[np.uint64] = doc.to_array(columns)
    return array.reshape(len(doc), len(columns))
