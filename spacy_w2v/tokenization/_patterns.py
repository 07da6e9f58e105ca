r"""Determines which characters regular expressions distinguish. Texts that they cannot distinguish match alike.

A regular expression examines a character only by tests: literals, sets such as [a-z], classes such as \d. It matches
two texts of the same length alike if the characters at each position pass the same tests. A part of an expression that
needs a certain character cannot match a text without it, so the tests of this part are irrelevant for such a text.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
ANCHORS = ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING")
WORD_BOUNDARIES = ("AT_BOUNDARY", "AT_NON_BOUNDARY")
TEST_FLAGS = re.IGNORECASE | re.ASCII
CHARACTER_SET_FLAGS = re.ASCII | re.LOCALE | re.UNICODE
LAST_ASCII = 0x7F
MAX_COUNT = 3
"""The maximum count of a character that is distinguished. IP addresses differ from other texts by three points."""


class NotUnderstoodError(ValueError):
    """A regular expression has a part that this module cannot analyse."""


class Part(NamedTuple):
    """A part of a regular expression: its tests, and the characters that it needs in order to match."""

    kind: str
    """"test": a character must pass the test. "all" or "any": all or any of the parts must match. "maybe": optional."""
    parts: "tuple[Part, ...]" = ()
    test: int = 0
    """The number of the test, if the kind is "test"."""
    needs: tuple[tuple[str, int], ...] = ()
    """The characters that it needs in order to match, and the minimum number of each."""


ANYTHING = Part("all")
NOTHING = Part("any")


class CharacterTest(NamedTuple):
    """A set of characters in a regular expression."""

    flags: int
    """The flags of TEST_FLAGS that are set."""
    negated: bool = False
    ranges: tuple[tuple[int, int], ...] = ()
    """First and last code point of each range."""
    categories: tuple[str, ...] = ()
    r"""Classes such as \d."""

    def pattern(self) -> re.Pattern[str]:
        """Return a regular expression that matches one character that passes the test."""
        ranges = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in self.ranges)
        return re.compile(f"[{'^' * self.negated}{ranges}{''.join(self.categories)}]", self.flags)

    def only_character(self) -> str | None:
        """Return the character if a single ASCII character without case passes the test, or None."""
        if self.negated or self.categories or len(self.ranges) != 1:
            return None
        first, last = self.ranges[0]
        is_one = first == last <= LAST_ASCII and not chr(first).isalpha()
        return chr(first) if is_one else None

    def is_passed_by_a_letter(self) -> bool:
        """Return False only if no letter (str.isalpha) passes the test."""
        if self.negated or any(category not in (r"\d", r"\s") for category in self.categories):
            return True
        if self.flags & re.IGNORECASE and any(last > LAST_ASCII for _, last in self.ranges):
            return True  # U+0345 is not a letter, but its other case is a letter
        return any(chr(code).isalpha() for first, last in self.ranges for code in range(first, last + 1))


class CharacterTests:
    """All tests of several regular expressions."""

    def __init__(self, patterns: Iterable[re.Pattern[str] | None]) -> None:
        """Analyse expressions.

        Args:
            patterns: The expressions. None stands for a function, which cannot be analysed.

        Raises:
            NotUnderstoodError: An expression cannot be analysed.
        """
        self._numbers: dict[CharacterTest, int] = {}
        self._trees = [self._tree(pattern) for pattern in patterns]
        self._patterns = [test.pattern() for test in self._numbers]
        self._passed_by_letters = sum(1 << i for test, i in self._numbers.items() if test.is_passed_by_a_letter())

    def passed_by(self, characters: str) -> list[int]:
        """Return the tests that each character passes, as bits."""
        passed = [0] * len(characters)
        for i, pattern in enumerate(self._patterns):
            for match in pattern.finditer(characters):  # each match is one character
                passed[match.start()] |= 1 << i
        return passed

    def relevant_to(self, characters: Mapping[str, int], *, letters: bool) -> int:
        """Return the tests, as bits, that can affect a match in a text without line breaks.

        Args:
            characters: The count of each character other than letters in the text, up to MAX_COUNT.
            letters: Whether the text contains letters.
        """
        passed = self._passed_by_letters if letters else 0
        for bits in self.passed_by("".join(characters)):
            passed |= bits
        relevant = 0
        for tree in self._trees:
            relevant |= _tests_of(tree, passed, characters) or 0
        return relevant

    def _tree(self, pattern: re.Pattern[str] | None) -> Part:
        if not isinstance(pattern, re.Pattern) or not isinstance(pattern.pattern, str):
            raise NotUnderstoodError(f"{pattern!r} is not a regular expression for strings")
        return self._all(_parse(pattern), pattern.flags)

    def _all(self, items: Iterable[tuple[Any, Any]], flags: int) -> Part:
        parts = tuple(self._part(str(operation), argument, flags) for operation, argument in items)
        needs: Counter[str] = Counter()
        for part in parts:
            needs.update(dict(part.needs))
        return Part("all", parts, needs=tuple(needs.items()))

    def _any(self, parts: tuple[Part, ...]) -> Part:
        needs = Counter(dict(parts[0].needs))
        for part in parts[1:]:
            needs &= Counter(dict(part.needs))
        return Part("any", parts, needs=tuple(needs.items()))

    def _part(self, operation: str, argument: Any, flags: int) -> Part:  # Any: the type depends on the operation
        """Return the part for an operation of a parsed expression.

        Args:
            operation: The name of the operation in Python's parser.
            argument: Its argument.
            flags: The flags of `re` for this part.

        Raises:
            NotUnderstoodError: The operation is not supported.
        """
        match operation:
            case "LITERAL":
                return self._test(CharacterTest(flags & TEST_FLAGS, ranges=((argument, argument),)))
            case "NOT_LITERAL":
                return self._test(CharacterTest(flags & TEST_FLAGS, negated=True, ranges=((argument, argument),)))
            case "IN":
                return self._test(_test_of_set(argument, flags & TEST_FLAGS))
            case "ANY":
                return ANYTHING
            case "FAILURE":
                return NOTHING
            case "AT" if str(argument) in ANCHORS:
                return ANYTHING
            case "AT" if str(argument) in WORD_BOUNDARIES:
                return Part("maybe", (self._test(CharacterTest(flags & TEST_FLAGS, categories=(r"\w",))),))
            case "BRANCH":
                return self._any(tuple(self._all(branch, flags) for branch in argument[1]))
            case "SUBPATTERN":
                _, added, removed, inner = argument
                if added & CHARACTER_SET_FLAGS:  # these flags exclude each other
                    flags &= ~CHARACTER_SET_FLAGS
                return self._all(inner, (flags | added) & ~removed)
            case "ATOMIC_GROUP":
                return self._all(argument, flags)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, inner = argument
                repeated = self._all(inner, flags)
                if least == 0:
                    return Part("maybe", (repeated,))
                return repeated._replace(needs=tuple((character, least * n) for character, n in repeated.needs))
            case "ASSERT":  # parts before or after it may match the same characters
                return self._all(argument[1], flags)._replace(needs=())
            case "ASSERT_NOT":
                return Part("maybe", (self._all(argument[1], flags),))
        raise NotUnderstoodError(f"{operation} {argument}")  # for example a reference to a group

    def _test(self, test: CharacterTest) -> Part:
        needed = test.only_character()
        return Part(
            "test",
            test=self._numbers.setdefault(test, len(self._numbers)),
            needs=() if needed is None else ((needed, 1),),
        )


def _test_of_set(items: list[tuple[Any, Any]], flags: int) -> CharacterTest:
    negated, ranges, categories = False, [], []
    for operation, argument in items:
        match str(operation):
            case "NEGATE":
                negated = True
            case "LITERAL":
                ranges.append((argument, argument))
            case "RANGE":
                ranges.append(tuple(argument))
            case "CATEGORY" if str(argument) in CATEGORIES:
                categories.append(CATEGORIES[str(argument)])
            case other:
                raise NotUnderstoodError(f"{other} {argument} in a set")
    return CharacterTest(flags, negated, tuple(ranges), tuple(categories))


def _parse(pattern: re.Pattern[str]) -> Any:  # Any: Python's tree has no declared types
    """Return the syntax tree of Python's parser of regular expressions."""
    parser = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
    return parser.parse(pattern.pattern, pattern.flags)


def _tests_of(part: Part, passed: int, characters: Mapping[str, int]) -> int | None:
    """Return the tests of a part, as bits, or None if the part cannot match.

    Args:
        part: The part.
        passed: The tests, as bits, that at least one character of the text passes.
        characters: The count of each character in the text, up to MAX_COUNT.
    """
    for character, n in part.needs:
        if min(n, MAX_COUNT) > characters.get(character, 0):
            return None
    if part.kind == "test":
        bit = 1 << part.test
        return bit if passed & bit else None
    tests = 0
    can_match = part.kind != "any"
    for inner in part.parts:
        inner_tests = _tests_of(inner, passed, characters)
        if inner_tests is not None:
            tests |= inner_tests
            can_match = True
        elif part.kind == "all":
            return None
    return tests if can_match else None
