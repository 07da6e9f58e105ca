"""Regular expressions match texts alike if their characters pass the same tests."""

import random
import re
from collections import Counter

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.tokenization._patterns import MAX_COUNT, CharacterTests, NotUnderstoodError

seeded = settings(derandomize=True, deadline=None, max_examples=150)

LANGUAGES = ["en", "de", "fr", "es", "hu", "ru", "tr", "fi"]
PATTERNS = [
    r"^(?:\(|\[|“|a(?=[0-9]))",
    r"(?<=[0-9])(?:km|m|%)$",
    r"(?<![a-f])[a-z]+(?!x)[^a-z.]",
    r"\b[\w.]+@\w+\.(?:com|org)\b",
    r"(?i:mr|é)\.|(?i)İ$".replace("(?i)", ""),
    r"(?:\d{1,3}\.){3}\d+",
    r"[^\W\d_]+[\s\S]?.$",
    r"(?P<x>a|b)*?c{2,}|\A\D\Z",
    r"(?<=(?u:\w))x|(?a:\w)\.|(?-i:K)(?i:k)\.",
]
CHARACTERS = "abcdefgmkx0123456789.,%()[]“”@_-'éÉİıſKAMRXZßя三½٣²\u0345ͅ"


def spans(pattern: re.Pattern[str], text: str):
    return [match.span() for match in pattern.finditer(text)], pattern.match(text) and pattern.match(text).span()


def characters_of(text: str) -> dict[str, int]:
    counts = Counter(character for character in text if not character.isalpha())
    return {character: min(n, MAX_COUNT) for character, n in counts.items()}


def check_equivalence(patterns: list[re.Pattern[str]], tests: CharacterTests, text: str, generator: random.Random):
    """Replace characters by others of the same class and alphabet, and expect the same matches."""
    letters = any(character.isalpha() for character in text)
    counting = tests.relevant_to(characters_of(text), letters=letters)
    members: dict[int, list[str]] = {}
    available = [c for c in dict.fromkeys(CHARACTERS + text) if (letters and c.isalpha()) or c in text]
    for character, passed in zip(available, tests.passed_by("".join(available)), strict=True):
        members.setdefault(passed & counting, []).append(character)
    other = "".join(generator.choice(members[passed & counting]) for passed in tests.passed_by(text))
    # A character other than a letter may be replaced by another one of the text, within the counts.
    changed = characters_of(other)
    if all(changed[character] <= characters_of(text).get(character, 0) for character in changed):
        for pattern in patterns:
            assert spans(pattern, text) == spans(pattern, other), (text, other, pattern.pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flags", [0, re.IGNORECASE, re.ASCII])
def test_texts_with_the_same_classes_match_alike(pattern, flags):
    patterns = [re.compile(pattern, flags)]
    tests = CharacterTests(patterns)

    @given(text=st.text(CHARACTERS, max_size=10), generator=st.randoms(use_true_random=False))
    @seeded
    def check(text, generator):
        check_equivalence(patterns, tests, text, generator)

    check()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_patterns_of_languages_are_analysed(language):
    tokenizer = spacy.blank(language).tokenizer
    functions = (
        *(tokenizer.prefix_search, tokenizer.suffix_search, tokenizer.infix_finditer),
        *(tokenizer.token_match, tokenizer.url_match),
    )
    patterns = [function.__self__ for function in functions if function is not None]
    tests = CharacterTests(patterns)

    @given(text=st.text(CHARACTERS + "/:https" * 2, max_size=14), generator=st.randoms(use_true_random=False))
    @seeded
    def check(text, generator):
        check_equivalence(patterns, tests, text, generator)

    check()


@pytest.mark.parametrize(
    ("pattern", "characters", "letters", "expected"),
    [
        ("[a-z],", {}, True, []),  # no comma, no match
        ("[a-z],", {",": 1}, True, ["a", ","]),
        ("[a-z],", {",": 1}, False, []),
        (r"(?:\.x){3}", {".": 2}, True, []),
        (r"(?:\.x){3}", {".": 3}, True, [".", "x"]),
        (r"(?:\.x){4}", {".": 3}, True, [".", "x"]),  # 3 means 3 or more
        (r"a\.|b!", {"!": 1}, True, ["!", "b"]),
        (r"(?<=\.)\.", {".": 1}, False, ["."]),  # the lookbehind may examine the same character
        (r"a(?!!)", {}, True, ["a"]),
    ],
)
def test_only_tests_of_parts_that_can_match_are_relevant(pattern, characters, letters, expected):
    tests = CharacterTests([re.compile(pattern)])
    counting = tests.relevant_to(characters, letters=letters)
    told_apart = [c for c, passed in zip("ab.,!xé", tests.passed_by("ab.,!xé"), strict=True) if passed & counting]
    assert sorted(told_apart) == sorted(expected) or (expected == ["a", ","] and set("ab") <= set(told_apart))


@pytest.mark.parametrize("pattern", [r"(a|b)\1", r"(?P<x>a)(?P=x)", r"(a)?(?(1)b|c)"])
def test_references_to_groups_are_not_supported(pattern):
    with pytest.raises(NotUnderstoodError):
        CharacterTests([re.compile(pattern)])


@pytest.mark.parametrize("pattern", [re.compile(b"a"), str.split, None])
def test_other_objects_are_not_supported(pattern):
    with pytest.raises(NotUnderstoodError, match="not a regular expression for strings"):
        CharacterTests([pattern])
