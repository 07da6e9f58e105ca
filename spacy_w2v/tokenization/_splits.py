"""A cache of where the patterns of a tokenizer split pre-tokens, by all that the patterns can see of a pre-token."""

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
"""Pre-tokens of an alphabet after which it is analysed: that costs as much as tokenizing some twenty of them."""

MAX_ALPHABETS = 10_000
"""Alphabets that are analysed; each has a class for each of the few hundred sets of tests that characters pass."""

MAX_CHARACTERS = 60
"""Splits of longer pre-tokens are not cached: they are rare, and seldom alike."""

MAX_TOKENS = 8
"""Splits into more tokens are not cached: too many runs of tokens could be special cases."""

MAX_SIGNATURES = 400_000
"""Signatures and strings of alphabets (some 100 bytes each) that are kept when pre-tokens are evicted."""

# Numbers of characters, which are also their kinds, but for letters and digits.
END_OF_PRETOKEN, DIGIT = 0, 1  # a digit is numbered like others, save "0"
UNUSUAL = 0xFFFF  # a space, or any character after the first 65,533
LETTER = 0  # the kind of letters
HAS_LETTERS = b"\x01"  # how the string of an alphabet with letters begins
NO_ALPHABET = -1
N_CODES = 0x110000


class SplitCache:
    """Splits of pre-tokens by signature.

    The signature of a pre-token has one character in place of all those that pass the same tests of the patterns.
    Pre-tokens with the same signature are split alike, unless a special case changes them. Which tests count depends on
    the alphabet of the pre-token: whether it has letters, and how many of each other character, up to MAX_COUNT.
    """

    def __init__(self, patterns: Iterable[re.Pattern[str] | None]) -> None:
        """Begin without any splits.

        Args:
            patterns: All that split; None stands for a function, which may split each pre-token in its own way.
        """
        self._tests: CharacterTests | None
        try:
            self._tests = _character_tests(tuple(patterns))
        except NotUnderstoodError:
            self._tests = None
        self._numbers = np.zeros(N_CODES, np.uint16)  # of characters, in order of appearance, by code point
        self._numbers[ord(" ")] = UNUSUAL
        self._numbers[ord("0")] = DIGIT
        self._characters = ["\n", "0"]
        self._kinds = np.full(UNUSUAL + 1, UNUSUAL, np.uint16)  # their numbers, LETTER, or DIGIT for those of ASCII
        self._kinds[DIGIT] = DIGIT
        self._columns = np.zeros(UNUSUAL + 1, np.uint16)  # of characters in `classes`, by the tests that they pass
        self._column_of_tests: dict[int, int] = {}
        self._find_columns([DIGIT])
        self._alphabet_strings = StringTable()  # see _signatures.alphabets_of
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
        """Return the tokens of pre-tokens.

        A pre-token gets no tokens here if its split is not known: if it is long, if it is a run of several pre-tokens,
        if its characters rarely occur together, or if it has many tokens.

        Args:
            text: UTF-8, with a line break after each pre-token.
            split: Returns the ends of the tokens of each pre-token. It is called with the first pre-token of each new
                signature.

        Returns:
            The tokens, as slices of the text, and the offsets of the tokens of each pre-token among them.
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
        places = np.append(np.flatnonzero((text & 0xC0) != 0x80), text.size)  # of characters in the text
        if firsts.size:
            # The empty signature, of pre-tokens without an alphabet, gets an empty split.
            known = alphabets[firsts] != NO_ALPHABET
            spans = zip(places[starts[firsts[known]]], places[starts[firsts[known] + 1] - 1], strict=True)
            ends = iter(split([text[start:end].tobytes().decode() for start, end in spans]))
            self._add([next(ends) if is_known else [] for is_known in known])
        tokens: tuple[Slices, Offsets] = cut_tokens(
            read_only(text), places, starts, signatures, self._split_starts, self._split_ends
        )
        return tokens

    def _characters_of(self, text: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Return the number of each character of some UTF-8; new ones get the next numbers."""
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
        """Find the columns of new characters in `classes`; column 0 is that of no character."""
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
            n_pretokens: How many more pre-tokens have it now.
        """
        has_letters, others = string[:1], np.frombuffer(string[1:], np.uint16).tolist()
        if not has_letters or UNUSUAL in others or self._tests is None:
            return NO_ALPHABET
        counts = {kind: min(n, MAX_COUNT) for kind, n in Counter(others).items()}
        key = f"{has_letters!r} {sorted(counts.items())}"  # a string, which the garbage collector need not visit
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
        """Find the classes of characters in the alphabets of their pre-tokens."""
        n_rows, n_columns = self._classes.shape
        while n_rows < len(self._alphabets):
            n_rows *= 2
        while n_columns <= len(self._column_of_tests):
            n_columns *= 2
        if (n_rows, n_columns) != self._classes.shape:
            classes = np.zeros((n_rows, n_columns), np.uint16)
            classes[: self._classes.shape[0], : self._classes.shape[1]] = self._classes
            self._classes = classes
        chosen = (alphabets != NO_ALPHABET) & (columns != 0)
        places = alphabets[chosen].astype(np.int64) * n_columns + columns[chosen]
        tests_of_column = [0, *self._column_of_tests]
        for place in np.unique(places[self._classes.ravel()[places] == 0]).tolist():
            row, column = divmod(place, n_columns)
            tests, class_of_tests = self._alphabets[row]
            self._classes[row, column] = class_of_tests.setdefault(tests_of_column[column] & tests, column)

    def _add(self, ends: list[list[int]]) -> None:
        """Add the splits of new signatures, as the ends of their tokens."""
        ends = [those if len(those) <= MAX_TOKENS else [] for those in ends]
        lengths = np.array([len(those) for those in ends], np.int64)
        self._split_starts = np.append(self._split_starts, self._split_starts[-1] + np.cumsum(lengths))
        self._split_ends = np.append(self._split_ends, np.array([end for those in ends for end in those], np.int64))


class _Alphabet(NamedTuple):
    """The characters of some pre-tokens, in classes that the patterns cannot tell apart."""

    tests: int
    """The tests that count, as bits."""
    class_of_tests: dict[int, int]
    """The class of a character, by the tests that it passes: the first column with exactly these tests."""


@lru_cache(maxsize=4)
def _character_tests(patterns: tuple[re.Pattern[str] | None, ...]) -> CharacterTests:
    """Return the tests of some expressions, which are read once in a process: French ones take most of a second."""
    return CharacterTests(patterns)
