"""Types of tokens: the key of each spaCy token in the vectors, and the tokens that are left out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.config._words import TokenAttr

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


DROPPED = -1
"""The number of a type for tokens that are left out."""


class Types(NamedTuple):
    """Distinct types, as two lists of the same length."""

    orths: list[str]
    """The text of each type, as in the corpus."""
    keys: list[str]
    """The key of each type in the vectors: its text, lower case, norm, or shape."""

    def take(self, numbers: NDArray[np.integer]) -> "Types":
        """Return the types with these numbers."""
        taken = numbers.tolist()
        return Types([self.orths[number] for number in taken], [self.keys[number] for number in taken])


class PhraseSpans(NamedTuple):
    """The phrases in a batch of texts: some of its tokens, which together have a key of their own."""

    types: Types
    """All types of phrases of the encoder, in any order."""
    distinct_types: TokenIds
    """The distinct types of these phrases, as indices into `types`, in order of first appearance."""
    ids: TokenIds
    """The type of each phrase, as an index into `distinct_types`."""
    starts: Offsets
    """The place of the first token of each phrase in `token_ids` of the batch, in increasing order."""
    lengths: Offsets
    """The number of tokens of each phrase, at least 1. Phrases do not overlap, and end within a sentence.

    It may be smaller than in the Doc, because tokens without a key of their own are left out.
    """

    def compact(self) -> "PhraseSpans":
        """Return the same phrases without types that do not occur among them."""
        distinct_types = np.arange(self.distinct_types.size, dtype=np.uint32)
        return self._replace(types=self.types.take(self.distinct_types), distinct_types=distinct_types)


class EncodedBatch(NamedTuple):
    """The tokens of a batch of texts."""

    types: Types
    """All types of the encoder, in any order."""
    distinct_types: TokenIds
    """The distinct types of these tokens, as indices into `types`, in order of first appearance."""
    token_ids: TokenIds
    """The type of each token, as an index into `distinct_types`."""
    lengths: Offsets
    """The number of tokens of each sentence, at least 1."""
    phrases: PhraseSpans | None = None
    """The phrases among the tokens; None if nothing looked for phrases."""

    def compact(self) -> "EncodedBatch":
        """Return the same batch without types that do not occur in it."""
        distinct_types = np.arange(self.distinct_types.size, dtype=np.uint32)
        types, phrases = self.types.take(self.distinct_types), self.phrases
        return self._replace(
            types=types, distinct_types=distinct_types, phrases=None if phrases is None else phrases.compact()
        )


class TokenRules(NamedTuple):
    """The rules for the types of tokens; see the settings of the same names in `[w2v.tokens]`."""

    attr: TokenAttr  # never one of keys
    numbers: Literal["keep", "shape", "drop"]
    urls: Literal["keep", "shape", "drop"]

    def columns(self) -> list[str]:
        """Return the names of the attributes for `keys`, as arguments of Doc.to_array."""
        columns = ["ORTH", self.attr, "IS_SPACE"]
        if self.numbers != "keep":
            columns.append("LIKE_NUM")
        if self.urls != "keep":
            columns.append("LIKE_URL")
        if "shape" in (self.numbers, self.urls):
            columns.append("SHAPE")
        return columns

    def keys(self, attributes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the string id of each token's key, and whether each token is kept.

        Args:
            attributes: The attributes of `columns`, with a row for each token.
        """
        column = {name: attributes[:, i] for i, name in enumerate(self.columns())}
        keys = column[self.attr].copy()
        kept = column["IS_SPACE"] == 0
        for treatment, flag in ((self.numbers, "LIKE_NUM"), (self.urls, "LIKE_URL")):
            if treatment == "drop":
                kept &= column[flag] == 0
            elif treatment == "shape":
                has_flag = column[flag] != 0
                keys[has_flag] = column["SHAPE"][has_flag]
        return keys, kept


class LexemeKeys:
    """Computes the keys of tokens without a Doc, by the attribute getters of the vocab."""

    def __init__(self, vocab: Any, rules: TokenRules) -> None:
        from spacy.attrs import IDS

        getters = vocab.lex_attr_getters
        self._key: Callable[[str], str] | None = None if rules.attr == "ORTH" else getters[IDS[rules.attr]]
        self._shape: Callable[[str], str] = getters.get(IDS["SHAPE"], str)
        self._set_norms = _norms_set_by_hand(vocab) if rules.attr == "NORM" else {}
        self._treatments: list[tuple[str, Callable[[str], bool]]] = [
            (treatment, getters[IDS[flag]])
            for treatment, flag in ((rules.numbers, "LIKE_NUM"), (rules.urls, "LIKE_URL"))
            if treatment != "keep"
        ]

    def keys(self, texts: list[str]) -> Sequence[str | None]:
        """Return the key of each token, or None if it is left out. The texts must not be white space."""
        keys: list[str | None] = list(texts if self._key is None else map(self._key, texts))
        if self._set_norms:
            keys = [self._set_norms.get(text) or key for text, key in zip(texts, keys, strict=True)]
        if self._treatments:
            keys = [self._treated(text, key) for text, key in zip(texts, keys, strict=True)]
        return keys

    def _treated(self, text: str, key: str | None) -> str | None:
        treatments = [treatment for treatment, applies in self._treatments if applies(text)]
        if "drop" in treatments:
            return None
        return self._shape(text) if treatments else key


class TypeTable:
    """Distinct types, numbered in order of appearance.

    The table consists of lists and dicts of strings. With a tuple for each type, the garbage collector would take a
    third of the time.
    """

    def __init__(self) -> None:
        self.types = Types([], [])
        self._n_indexed = 0  # the number of types in the two dicts below
        self._first_of_orth: dict[str, int] = {}
        self._further: dict[tuple[str, str], int] = {}  # types with the same text as an earlier one, but another key
        self._number_of_ids: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self.types.orths)

    def number(self, orth: str, key: str) -> int:
        """Return the number of a type, after adding it if it is new."""
        if self._n_indexed < len(self):
            self._index()
        number = self._first_of_orth.get(orth)
        if number is not None and self.types.keys[number] != key:
            number = self._further.get((orth, key))
        if number is None:
            number = len(self)
            self.types.orths.append(orth)
            self.types.keys.append(orth if key == orth else key)  # stores one string for both
            self._index()
        return number

    def add_new(self, orths: Sequence[str], keys: Sequence[str]) -> Offsets:
        """Add distinct types that are not in the table, and return their numbers."""
        first = len(self)
        self.types.orths.extend(orths)
        self.types.keys.extend([orth if key == orth else key for orth, key in zip(orths, keys, strict=True)])
        return np.arange(first, len(self))

    def numbers_of_texts(self, orths: list[str], keys: Sequence[str | None]) -> Offsets:
        """Return the numbers of types, after adding new types.

        Args:
            orths: The distinct texts of the types.
            keys: The key of each type. If it is None, the number is DROPPED.
        """
        if self._n_indexed < len(self):
            self._index()
        if None in keys or not self._first_of_orth.keys().isdisjoint(orths):
            numbers = (
                DROPPED if key is None else self.number(orth, key) for orth, key in zip(orths, keys, strict=True)
            )
            return np.fromiter(numbers, np.int64, len(orths))
        return self.add_new(orths, keys)  # type: ignore[arg-type]  # there is no None

    def _index(self) -> None:
        """Add the most recent types to the dicts."""
        orths, keys = self.types
        for number in range(self._n_indexed, len(self)):
            if self._first_of_orth.setdefault(orths[number], number) != number:
                self._further[orths[number], keys[number]] = number
        self._n_indexed = len(self)

    def numbers_of_ids(self, orths: NDArray[np.uint64], keys: NDArray[np.uint64], vocab: "Vocab") -> TokenIds:
        """Return the numbers of types, after adding new types.

        Args:
            orths: The string id of each type's text.
            keys: The string id of each type's key.
            vocab: The vocab with the strings. It must be the same in each call.
        """
        known = self._number_of_ids
        result = np.empty(orths.size, np.uint32)
        for i, ids in enumerate(zip(orths.tolist(), keys.tolist(), strict=True)):
            number = known.get(ids)
            if number is None:
                number = known[ids] = self.number(vocab.strings[ids[0]], vocab.strings[ids[1]])
            result[i] = number
        return result

    def keep(self, numbers: NDArray[np.integer]) -> None:
        """Keep only the types with these numbers, renumbered in this order, in a new `types`."""
        orths, keys = self.types.take(numbers)
        self.__init__()  # type: ignore[misc]
        self.add_new(orths, keys)


def minimal_vocab(nlp: "Language", columns: list[str]) -> "Vocab":
    """Return a new vocab whose lexemes have only some attributes, with the same values as in the pipeline's vocab.

    Creating a lexeme in the pipeline's vocab takes some 15 microseconds, mostly for attributes that are not needed.

    Args:
        nlp: The pipeline.
        columns: The names of the attributes.
    """
    from spacy.attrs import IDS, NORM
    from spacy.vocab import Vocab

    attributes = {IDS[name] for name in columns}
    getters = {attr: getter for attr, getter in nlp.vocab.lex_attr_getters.items() if attr in attributes}
    vocab: Any = Vocab(lex_attr_getters=getters, lookups=nlp.vocab.lookups)
    vocab.lex_attr_getters.update(getters)  # Vocab prefers the getter of lookups to that of norms
    if NORM in getters:
        for orth, norm in _norms_set_by_hand(nlp.vocab).items():
            vocab[orth].norm_ = norm
    return vocab  # type: ignore[no-any-return]  # spaCy declares no lex_attr_getters


def _norms_set_by_hand(vocab: Any) -> dict[str, str]:
    """Return the norms of lexemes, by text, that differ from the vocab's getter of norms."""
    from spacy.attrs import NORM

    norm = vocab.lex_attr_getters[NORM]
    return {lexeme.orth_: lexeme.norm_ for lexeme in vocab if lexeme.norm_ != norm(lexeme.orth_)}


@contextmanager
def transient_strings(nlp: "Language") -> Iterator[None]:
    """Free the strings and lexemes that the block adds to the vocab, when the block ends.

    Otherwise the vocab would grow with the corpus. If the caller has already opened a memory zone, nothing is freed.
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
    """Return attributes of a Doc's tokens: a row for each token, a column for each name."""
    array: NDArray[np.uint64] = doc.to_array(columns)
    return array.reshape(len(doc), len(columns))


def in_order_of_appearance(numbers: NDArray[np.integer], n_types: int) -> tuple[TokenIds, TokenIds]:
    """Return the distinct values of an array in order of first appearance, and the index of each element into them.

    Args:
        numbers: The array of numbers.
        n_types: The upper bound of the numbers.
    """
    first = np.full(n_types, numbers.size)
    first[numbers[::-1]] = np.arange(numbers.size)[::-1]
    present = np.flatnonzero(first < numbers.size)
    distinct = present[np.argsort(first[present])]
    index = np.zeros(n_types, np.uint32)
    index[distinct] = np.arange(distinct.size)
    return distinct.astype(np.uint32), index[numbers]
