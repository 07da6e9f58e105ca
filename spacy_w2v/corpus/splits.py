"""Remembers where the patterns of a tokenizer split pieces of text, by all that the patterns can tell of a piece."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.corpus.patterns import MANY, CharacterTests, NotUnderstoodError
from spacy_w2v.corpus.string_table import StringTable, read_only
from spacy_w2v.types import Offsets

if TYPE_CHECKING:
    from spacy_w2v.kernels.strings import Slices

DIGITS = "0123456789"
MIN_PIECES = 15
"""Pieces of an alphabet that are seen before it is analysed, which costs as much as some twenty pieces."""

MAX_CHARACTERS = 60
"""Longer pieces are not remembered: they are rare, and seldom alike."""

MAX_TOKENS = 8
"""Splits into more tokens are not remembered: the runs of tokens that may be special cases are too many."""

MAX_OUTLINES = 200_000
"""Outlines (some 100 bytes each) that are kept when pieces are forgotten."""

# Numbers of characters.
LINE_BREAK, ZERO = 0, 1
UNUSUAL = 0xFFFF  # a space, or one of the last of more than 65,534 different characters
LETTER = 0  # among the kinds of characters
NO_ALPHABET = -1
N_CODES = 0x110000


class KnownSplits:
    """Splits of pieces by outline: what is left of a piece if all characters that pass the same tests become one.

    Pieces with the same outline are split alike, where no special case acts. The tests that count, and so what becomes
    one, depend on the alphabet of a piece: whether it has letters, and how many of each other character, up to MANY.
    """

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
        self._tests: CharacterTests | None
        try:
            self._tests = CharacterTests(patterns)
        except NotUnderstoodError:
            self._tests = None
        self._numbers = np.zeros(N_CODES, np.uint16)  # of characters, in order of appearance, by code point
        self._numbers[ord(" ")] = UNUSUAL
        self._numbers[ord("0")] = ZERO
        self._characters = ["\n", "0"]
        self._kinds = np.zeros(UNUSUAL + 1, np.uint16)  # of characters: themselves, LETTER, or ZERO for ASCII digits
        self._kinds[[ZERO, UNUSUAL]] = ZERO, UNUSUAL
        self._others = StringTable()
        self._alphabet_of_others = np.zeros(0, np.int32)
        self._n_pieces: Counter[str] = Counter()  # of alphabets that are not analysed
        self._alphabets: list[_Alphabet] = []
        self._alphabet_of_key: dict[str, int] = {}
        self._classes = np.zeros((16, 256), np.uint16)  # by alphabet and character; 0: not known yet
        self._outlines = StringTable()
        self._split_starts = np.zeros(1, np.int64)
        self._split_ends = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._outlines)

    def tokens(
        self, text: NDArray[np.uint8], *, split: Callable[[list[str]], Iterable[list[int]]]
    ) -> tuple["Slices", Offsets]:
        """Return the tokens of pieces, as slices of their text, and where those of each piece start, and the end.

        text: UTF-8, with a line break behind each piece.
        split: gives the ends of the tokens of each piece; it is called with the first piece of each new outline.

        A piece has no tokens if its split is not known: if it is long, if it is a run of several pieces, if its
        characters are rarely seen together, or if its tokens are many.
        """
        from spacy_w2v.kernels.outlines import cut_tokens, write_outlines

        characters = self._characters_of(text)
        starts = np.concatenate(([0], np.flatnonzero(characters == LINE_BREAK) + 1))
        alphabets = self._alphabets_of(characters, starts)
        self._find_classes(characters, np.repeat(alphabets, np.diff(starts)))
        n_known = len(self._outlines)
        outlines = self._outlines.rows(*write_outlines(characters, starts, alphabets, self._classes))
        new = np.flatnonzero(outlines >= n_known)
        firsts = new[np.unique(outlines[new], return_index=True)[1]]
        places = np.append(np.flatnonzero((text & 0xC0) != 0x80), text.size)  # of characters in the text
        if firsts.size:
            # A long outline, and that of pieces without an alphabet, gets an empty split.
            known = alphabets[firsts] != NO_ALPHABET
            spans = zip(places[starts[firsts[known]]], places[starts[firsts[known] + 1] - 1], strict=True)
            ends = iter(split([text[start:end].tobytes().decode() for start, end in spans]))
            self._remember([next(ends) if is_known else [] for is_known in known])
        tokens: tuple[Slices, Offsets] = cut_tokens(
            read_only(text), places, starts, outlines, self._split_starts, self._split_ends
        )
        return tokens

    def _characters_of(self, text: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Return the number of each character of some UTF-8, numbering those that are new."""
        codes = np.frombuffer(text.tobytes().decode().encode("utf-32-le"), np.uint32)
        numbers = self._numbers[codes]
        new = np.unique(codes[(numbers == 0) & (codes != ord("\n"))])
        for code in new.tolist():
            number = min(len(self._characters), UNUSUAL)
            self._numbers[code] = number
            if number != UNUSUAL:
                character = chr(code)
                self._characters.append(character)
                self._kinds[number] = LETTER if character.isalpha() else ZERO if character in DIGITS else number
        return self._numbers[codes] if new.size else numbers

    def _alphabets_of(self, characters: NDArray[np.uint16], starts: Offsets) -> NDArray[np.int32]:
        """Return the alphabet of each piece, or NO_ALPHABET."""
        from spacy_w2v.kernels.outlines import write_others

        n_known = len(self._others)
        others = self._others.rows(*write_others(characters, starts, self._kinds))
        n_new = len(self._others) - n_known
        self._alphabet_of_others = np.append(self._alphabet_of_others, np.full(n_new, NO_ALPHABET, np.int32))
        rows, counts = np.unique(others[self._alphabet_of_others[others] == NO_ALPHABET], return_counts=True)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            self._alphabet_of_others[row] = self._find_alphabet(self._others.bytes_of(row), count)
        alphabets = self._alphabet_of_others[others]
        alphabets[np.diff(starts) > MAX_CHARACTERS + 1] = NO_ALPHABET
        return alphabets

    def _find_alphabet(self, others: bytes, n_pieces: int) -> int:
        """Return the alphabet of what kernels.outlines.write_others writes, if that many more pieces make it count."""
        counts = {number: min(n, MANY) for number, n in Counter(np.frombuffer(others[1:], np.uint16).tolist()).items()}
        key = f"{others[0]} {sorted(counts.items())}"  # a string: the garbage collector need not look at it
        alphabet = self._alphabet_of_key.get(key, NO_ALPHABET)
        if alphabet != NO_ALPHABET or self._tests is None or UNUSUAL in counts:
            return alphabet
        self._n_pieces[key] += n_pieces
        if self._n_pieces[key] < MIN_PIECES or len(self._alphabets) == UNUSUAL:
            return NO_ALPHABET
        characters = {self._characters[number]: count for number, count in counts.items()}
        if "0" in characters:
            characters |= dict.fromkeys(DIGITS, MANY)
        tests = self._tests.that_count(characters, letters=bool(others[0]))
        self._alphabets.append(_Alphabet(partial(self._tests.passed_by, tests=tests), {}))
        self._alphabet_of_key[key] = len(self._alphabets) - 1
        return len(self._alphabets) - 1

    def _find_classes(self, characters: NDArray[np.uint16], alphabets: NDArray[np.int32]) -> None:
        """Find the classes of characters in the alphabets of their pieces."""
        n_rows, n_columns = self._classes.shape
        while n_rows < len(self._alphabets):
            n_rows *= 2
        while n_columns < min(len(self._characters), UNUSUAL + 1):
            n_columns *= 2
        if (n_rows, n_columns) != self._classes.shape:
            classes = np.zeros((n_rows, n_columns), np.uint16)
            classes[: self._classes.shape[0], : self._classes.shape[1]] = self._classes
            self._classes = classes
        chosen = (alphabets != NO_ALPHABET) & (characters != LINE_BREAK)
        places = alphabets[chosen].astype(np.int64) * n_columns + characters[chosen]
        for place in np.unique(places[self._classes.ravel()[places] == 0]).tolist():
            row, number = divmod(place, n_columns)
            alphabet = self._alphabets[row]
            passed = alphabet.tests_passed_by(self._characters[number])
            self._classes[row, number] = alphabet.class_of_tests.setdefault(passed, number)

    def _remember(self, ends: list[list[int]]) -> None:
        """Keep the splits of new outlines by the ends of their tokens."""
        ends = [those if len(those) <= MAX_TOKENS else [] for those in ends]
        lengths = np.array([len(those) for those in ends], np.int64)
        self._split_starts = np.append(self._split_starts, self._split_starts[-1] + np.cumsum(lengths))
        self._split_ends = np.append(self._split_ends, np.array([end for those in ends for end in those], np.int64))


class _Alphabet(NamedTuple):
    """Some characters in classes that the patterns cannot tell apart."""

    tests_passed_by: Callable[[str], int]
    """Returns, of the tests that count, those that a character passes, as bits."""
    class_of_tests: dict[int, int]
    """The first character that has passed just these tests, which stands for all that do."""
