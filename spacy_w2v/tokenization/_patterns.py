r"""Tells which characters regular expressions can tell apart, so that texts they cannot tell apart share their matches.

A regular expression sees a character through its tests alone: literals, sets such as [a-z], classes such as \d. Two
texts of the same length whose characters pass the same tests, place by place, are matched alike. A part of an
expression that needs a character which a text lacks cannot match in it, and its tests do not count.
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
WITHOUT_TEXT = ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING")
BORDERS_OF_WORDS = ("AT_BOUNDARY", "AT_NON_BOUNDARY")
FLAGS_OF_TESTS = re.IGNORECASE | re.ASCII
KINDS_OF_TEXT = re.ASCII | re.LOCALE | re.UNICODE
LAST_ASCII = 0x7F
MANY = 3
"""Characters are counted up to this: three points make all the difference for addresses."""


class NotUnderstoodError(ValueError):
    """An expression has a part that is not understood here."""


class Part(NamedTuple):
    """A part of an expression: what it needs in order to match, and the tests that it makes."""

    kind: str
    """"test": a character that passes it; "all" or "any" of the parts; "maybe": nothing."""
    parts: "tuple[Part, ...]" = ()
    test: int = 0
    """Number of the test, for the kind "test"."""
    needs: tuple[tuple[str, int], ...] = ()
    """Characters without which it cannot match, and how many of each at least."""


ANYTHING = Part("all")
NOTHING = Part("any")


class CharacterTest(NamedTuple):
    """A set of characters, as an expression has it."""

    flags: int
    """FLAGS_OF_TESTS that are set."""
    negated: bool = False
    ranges: tuple[tuple[int, int], ...] = ()
    """First and last code point of each range."""
    categories: tuple[str, ...] = ()
    r"""Classes such as \d."""

    def pattern(self) -> re.Pattern[str]:
        """Return an expression that matches one character that passes."""
        ranges = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in self.ranges)
        return re.compile(f"[{'^' * self.negated}{ranges}{''.join(self.categories)}]", self.flags)

    def only_character(self) -> str | None:
        """Return the character that alone passes, if it is one of ASCII without cases, or None."""
        if self.negated or self.categories or len(self.ranges) != 1:
            return None
        first, last = self.ranges[0]
        is_one = first == last <= LAST_ASCII and not chr(first).isalpha()
        return chr(first) if is_one else None

    def is_passed_by_a_letter(self) -> bool:
        """Return whether some letter (str.isalpha) may pass; only False is certain."""
        if self.negated or any(category not in (r"\d", r"\s") for category in self.categories):
            return True
        if self.flags & re.IGNORECASE and any(last > LAST_ASCII for _, last in self.ranges):
            return True  # the other case of U+0345, which is none, is a letter
        return any(chr(code).isalpha() for first, last in self.ranges for code in range(first, last + 1))


class CharacterTests:
    """All tests of some expressions. Raises NotUnderstoodError for expressions that are not understood."""

    def __init__(self, patterns: Iterable[re.Pattern[str] | None]) -> None:
        self._numbers: dict[CharacterTest, int] = {}
        self._trees = [self._tree(pattern) for pattern in patterns]
        self._patterns = [test.pattern() for test in self._numbers]
        self._passed_by_letters = sum(1 << i for test, i in self._numbers.items() if test.is_passed_by_a_letter())

    def passed_by(self, characters: str) -> list[int]:
        """Return for each character the tests that it passes, as bits."""
        passed = [0] * len(characters)
        for i, pattern in enumerate(self._patterns):
            for match in pattern.finditer(characters):  # of one character each
                passed[match.start()] |= 1 << i
        return passed

    def that_count(self, characters: Mapping[str, int], *, letters: bool) -> int:
        """Return the tests, as bits, that can decide a match in a text of these characters, and of letters or none.

        characters: how often each occurs, MANY for that or more.

        The text must not have line breaks.
        """
        passed = self._passed_by_letters if letters else 0
        for bits in self.passed_by("".join(characters)):
            passed |= bits
        counting = 0
        for tree in self._trees:
            counting |= _tests_of(tree, passed, characters) or 0
        return counting

    def _tree(self, pattern: re.Pattern[str] | None) -> Part:
        if not isinstance(pattern, re.Pattern) or not isinstance(pattern.pattern, str):
            raise NotUnderstoodError(f"{pattern!r} is no expression for strings")
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

    def _part(self, operation: str, argument: Any, flags: int) -> Part:  # Any: what it is depends on the operation
        match operation:
            case "LITERAL":
                return self._test(CharacterTest(flags & FLAGS_OF_TESTS, ranges=((argument, argument),)))
            case "NOT_LITERAL":
                return self._test(CharacterTest(flags & FLAGS_OF_TESTS, negated=True, ranges=((argument, argument),)))
            case "IN":
                return self._test(_test_of_set(argument, flags & FLAGS_OF_TESTS))
            case "ANY":
                return ANYTHING
            case "FAILURE":
                return NOTHING
            case "AT" if str(argument) in WITHOUT_TEXT:
                return ANYTHING
            case "AT" if str(argument) in BORDERS_OF_WORDS:
                return Part("maybe", (self._test(CharacterTest(flags & FLAGS_OF_TESTS, categories=(r"\w",))),))
            case "BRANCH":
                return self._any(tuple(self._all(branch, flags) for branch in argument[1]))
            case "SUBPATTERN":
                _, added, removed, inner = argument
                if added & KINDS_OF_TEXT:  # they exclude each other
                    flags &= ~KINDS_OF_TEXT
                return self._all(inner, (flags | added) & ~removed)
            case "ATOMIC_GROUP":
                return self._all(argument, flags)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, inner = argument
                repeated = self._all(inner, flags)
                if least == 0:
                    return Part("maybe", (repeated,))
                return repeated._replace(needs=tuple((character, least * n) for character, n in repeated.needs))
            case "ASSERT":  # what it needs may be what stands before or behind it anyway
                return self._all(argument[1], flags)._replace(needs=())
            case "ASSERT_NOT":
                return Part("maybe", (self._all(argument[1], flags),))
        raise NotUnderstoodError(f"{operation} {argument}")  # such as references to what a group has matched

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


def _parse(pattern: re.Pattern[str]) -> Any:  # Any: a tree of Python's own, without declared types
    """Return the tree that Python's compiler of expressions starts from."""
    parser = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
    return parser.parse(pattern.pattern, pattern.flags)


def _tests_of(part: Part, passed: int, characters: Mapping[str, int]) -> int | None:
    """Return the tests that a part makes, or None if it cannot match.

    passed: the tests that some character of the text passes; a part whose needs the text has not cannot match either.
    """
    for character, n in part.needs:
        if min(n, MANY) > characters.get(character, 0):
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
