"""A cache of the splits of pre-tokens, by signature: everything that the patterns of a tokenizer can distinguish."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.tokenization._patterns import MAX_COUNT, CharacterTests, NotUnderstoodError
from spacy_w2v.tokenization._string_table import StringTable, read_only

if TYPE_CHECKING:
    from spacy_w2v.tokenization.kernels._strings import Slices

DIGITS = "0123456789"
MIN_PRETOKENS = 15
"""The number of pre-tokens after which an alphabet is analysed, which takes as long as tokenizing some twenty."""

MAX_ALPHABETS = 10_000
"""The maximum number of alphabets. Each has some hundred classes of characters that pass the same tests."""

MAX_CHARACTERS = 60
"""The maximum length of a pre-token whose split is cached. Longer ones are rare and seldom alike."""

MAX_TOKENS = 8
"""The maximum number of tokens of a cached split. With more, too many runs of tokens could be special cases."""

MAX_SIGNATURES = 400_000
"""The maximum number of signatures and alphabet strings, some 100 bytes each, after pre-tokens are evicted."""

# Each distinct character has a number. The kind of a character is its number, except that all letters have the kind
# LETTER, and all ASCII digits have the kind DIGIT.
END_OF_PRETOKEN, DIGIT = 0, 1  # DIGIT is also the number of "0"
UNUSUAL = 0xFFFF  # the number of a space, and of all characters after the first 65,533
LETTER = 0
HAS_LETTERS = b"\x01"  # the first byte of the alphabet string if there are letters
NO_ALPHABET = -1
N_CODES = 0x110000


class SplitCache:
    """The splits of pre-tokens, by signature.

    The signature of a pre-token replaces each character by the class of all characters that pass the same tests of the
    patterns. Pre-tokens with the same signature are split at the same places, unless a special case changes them. The
    relevant tests depend on the alphabet of the pre-token: whether it has letters, and the count of each other
    character, up to MAX_COUNT.
    """

    def __init__(self, patterns: Iterable[re.Pattern[str] | None]) -> None:
        """Initialize an empty cache.

        Args:
            patterns: The patterns of the tokenizer. None stands for a function, whose splits cannot be cached.
        """
        self._tests: CharacterTests | None
        try:
            self._tests = _character_tests(tuple(patterns))
        except NotUnderstoodError:
            self._tests = None
        self._numbers = np.zeros(N_CODES, np.uint16)  # the number of each code point, in order of appearance
        self._numbers[ord(" ")] = UNUSUAL
        self._numbers[ord("0")] = DIGIT
        self._characters = ["\n", "0"]
        self._kinds = np.full(UNUSUAL + 1, UNUSUAL, np.uint16)  # the kind of each number
        self._kinds[DIGIT] = DIGIT
        self._columns = np.zeros(
            UNUSUAL + 1, np.uint16
        )  # the column in `_classes` of each number, one for each set of tests
        self._column_of_tests: dict[int, int] = {}
        self._find_columns([DIGIT])
        self._alphabet_strings = StringTable()  # the strings of _signatures.alphabets_of
        self._alphabet_of_string = np.zeros(0, np.int32)
        self._n_pretokens: Counter[str] = Counter()  # by alphabet
        self._alphabets: list[_Alphabet] = []
        self._alphabet_of_key: dict[str, int] = {}
        self._classes = np.zeros((16, 256), np.uint16)  # by alphabet and column of a character; 0: not known yet
        self._signatures = StringTable()
        self._split_starts = np.zeros(1, np.int64)
        self._split_ends = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._signatures) + len(self._alphabet_strings)

    def tokens(
        self, text: NDArray[np.uint8], *, split: Callable[[list[str]], Iterable[list[int]]]
    ) -> tuple["Slices", Offsets]:
        """Return the tokens of pre-tokens whose splits are cached.

        A pre-token has no tokens in the result if its split is not cached: because it is long, is a run of several
        pre-tokens, has many tokens, or has a rare alphabet.

        Args:
            text: The pre-tokens in UTF-8, with a line break after each.
            split: Returns the ends of the tokens of each pre-token. It is called with the first pre-token of each new
                signature.

        Returns:
            The tokens, as slices of the text, and the offsets of each pre-token's tokens in these slices.
        """
        from spacy_w2v.tokenization.kernels._signatures import cut_tokens, signatures_of

        characters = self._characters_of(text)
        starts = np.concatenate(([0], np.flatnonzero(characters == END_OF_PRETOKEN) + 1))
        alphabets = self._alphabets_of(characters, starts)
        columns = self._columns[characters]
        self._find_classes(columns, np.repeat(alphabets, np.diff(starts)))
        n_known = len(self._signatures)
        signatures = self._signatures.rows(*signatures_of(columns, starts, alphabets, self._classes))
        new = np.flatnonzero(signatures >= n_known)
        firsts = new[np.unique(signatures[new], return_index=True)[1]]
        places = np.append(np.flatnonzero((text & 0xC0) != 0x80), text.size)  # the offset of each character
        if firsts.size:
            # Pre-tokens without an alphabet have the empty signature, which gets an empty split.
            known = alphabets[firsts] != NO_ALPHABET
            spans = zip(places[starts[firsts[known]]], places[starts[firsts[known] + 1] - 1], strict=True)
            ends = iter(split([text[start:end].tobytes().decode() for start, end in spans]))
            self._add([next(ends) if is_known else [] for is_known in known])
        tokens: tuple[Slices, Offsets] = cut_tokens(
            read_only(text), places, starts, signatures, self._split_starts, self._split_ends
        )
        return tokens

    def _characters_of(self, text: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Return the number of each character of a text in UTF-8. New characters get the next numbers."""
        codes = np.frombuffer(text.tobytes().decode().encode("utf-32-le"), np.uint32)
        numbers = self._numbers[codes]
        new = np.unique(codes[(numbers == 0) & (codes != ord("\n"))]).tolist()
        if not new:
            return numbers
        first = len(self._characters)
        for code in new:
            number = min(len(self._characters), UNUSUAL)
            self._numbers[code] = number
            if number != UNUSUAL:
                character = chr(code)
                self._characters.append(character)
                self._kinds[number] = LETTER if character.isalpha() else DIGIT if character in DIGITS else number
        self._find_columns(range(first, len(self._characters)))
        return self._numbers[codes]

    def _find_columns(self, numbers: Sequence[int]) -> None:
        """Assign columns of `_classes` to new characters. Column 0 is not used."""
        if self._tests is not None:
            tests = self._tests.passed_by("".join(self._characters[number] for number in numbers))
            for number, passed in zip(numbers, tests, strict=True):
                self._columns[number] = self._column_of_tests.setdefault(passed, len(self._column_of_tests) + 1)

    def _alphabets_of(self, characters: NDArray[np.uint16], starts: Offsets) -> NDArray[np.int32]:
        """Return the alphabet of each pre-token, or NO_ALPHABET."""
        from spacy_w2v.tokenization.kernels._signatures import alphabets_of

        if self._tests is None:
            return np.full(starts.size - 1, NO_ALPHABET, np.int32)
        n_known = len(self._alphabet_strings)
        strings = self._alphabet_strings.rows(*alphabets_of(characters, starts, self._kinds, MAX_CHARACTERS))
        n_new = len(self._alphabet_strings) - n_known
        self._alphabet_of_string = np.append(self._alphabet_of_string, np.full(n_new, NO_ALPHABET, np.int32))
        rows, counts = np.unique(strings[self._alphabet_of_string[strings] == NO_ALPHABET], return_counts=True)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            self._alphabet_of_string[row] = self._find_alphabet(self._alphabet_strings.bytes_of(row), count)
        return self._alphabet_of_string[strings]

    def _find_alphabet(self, string: bytes, n_pretokens: int) -> int:
        """Return the alphabet of a string of `alphabets_of`, or NO_ALPHABET until enough pre-tokens have it.

        Args:
            string: The string.
            n_pretokens: The number of additional pre-tokens with this string.
        """
        has_letters, others = string[:1], np.frombuffer(string[1:], np.uint16).tolist()
        if not has_letters or UNUSUAL in others or self._tests is None:
            return NO_ALPHABET
        counts = {kind: min(n, MAX_COUNT) for kind, n in Counter(others).items()}
        key = f"{has_letters!r} {sorted(counts.items())}"  # a string: the garbage collector skips strings
        alphabet = self._alphabet_of_key.get(key, NO_ALPHABET)
        if alphabet != NO_ALPHABET:
            return alphabet
        self._n_pretokens[key] += n_pretokens
        if self._n_pretokens[key] < MIN_PRETOKENS or len(self._alphabets) == MAX_ALPHABETS:
            return NO_ALPHABET
        characters = {self._characters[kind]: count for kind, count in counts.items()}
        if DIGIT in counts:
            characters |= dict.fromkeys(DIGITS, MAX_COUNT)
        tests = self._tests.relevant_to(characters, letters=has_letters == HAS_LETTERS)
        self._alphabets.append(_Alphabet(tests, {}))
        self._alphabet_of_key[key] = len(self._alphabets) - 1
        return len(self._alphabets) - 1

    def _find_classes(self, columns: NDArray[np.uint16], alphabets: NDArray[np.int32]) -> None:
        """Determine the classes of characters in the alphabets of their pre-tokens.

        Args:
            columns: The column of each character in `_classes`.
            alphabets: The alphabet of each character's pre-token, or NO_ALPHABET.
        """
        n_rows, n_columns = self._classes.shape
        while n_rows < len(self._alphabets):
            n_rows *= 2
        while n_columns <= len(self._column_of_tests):
            n_columns *= 2
        if (n_rows, n_columns) != self._classes.shape:
            classes = np.zeros((n_rows, n_columns), np.uint16)
            classes[: self._classes.shape[0], : self._classes.shape[1]] = self._classes
            self._classes = classes
        has_class = (alphabets != NO_ALPHABET) & (columns != 0)
        entries = alphabets[has_class].astype(np.int64) * n_columns + columns[has_class]
        tests_of_column = [0, *self._column_of_tests]
        for entry in np.unique(entries[self._classes.ravel()[entries] == 0]).tolist():
            row, column = divmod(entry, n_columns)
            tests, class_of_tests = self._alphabets[row]
            self._classes[row, column] = class_of_tests.setdefault(tests_of_column[column] & tests, column)

    def _add(self, ends: list[list[int]]) -> None:
        """Add the splits of new signatures, as the ends of their tokens."""
        splits = [split if len(split) <= MAX_TOKENS else [] for split in ends]
        lengths = np.array([len(split) for split in splits], np.int64)
        self._split_starts = np.append(self._split_starts, self._split_starts[-1] + np.cumsum(lengths))
        self._split_ends = np.append(self._split_ends, np.array([end for split in splits for end in split], np.int64))


class _Alphabet(NamedTuple):
    """The classes of characters that the patterns cannot distinguish in pre-tokens with a certain alphabet."""

    tests: int
    """The relevant tests, as bits."""
    class_of_tests: dict[int, int]
    """The class for each set of relevant tests: the first column whose characters pass exactly these tests."""


@lru_cache(maxsize=4)
def _character_tests(patterns: tuple[re.Pattern[str] | None, ...]) -> CharacterTests:
    """Return the tests of regular expressions. They are cached: the French ones take most of a second."""
    return CharacterTests(patterns)
