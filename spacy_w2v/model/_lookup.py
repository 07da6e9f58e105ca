"""Looking up words: one or several, and in other cases."""

from collections.abc import Callable, Iterable

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import ConfigError

NO_ROW = -1
"""The row of a word that has no vector."""


def cases_of(word: str) -> tuple[str, str, str, str]:
    """Return a word and its lower, title and upper case, in the order in which they are looked up."""
    return word, word.lower(), word.title(), word.upper()


def forms_of(word: str) -> tuple[str, ...]:
    """Return the texts that a word may have among words of any origin, in the order in which they are looked up.

    They are those of `cases_of`. A phrase may also have underscores between its words, as in gensim: "new_york".
    """
    cases = cases_of(word)
    return cases if " " not in word else (*cases, *(form.replace(" ", "_") for form in cases))


def places_of(word: str | Iterable[str], place_of: Callable[[str], int]) -> int | Offsets:
    """Return the place of a word, or int64[n] for a list of n words.

    Args:
        word: A word, or several.
        place_of: Returns the place of a word, or raises UnknownWordError.

    Raises:
        ConfigError: It is neither a word nor a list.
    """
    if isinstance(word, str):
        return place_of(word)
    return np.array([place_of(each) for each in list_of(word)], np.int64)


def list_of(words: Iterable[str]) -> list[str]:
    """Return several words as a list. Raises ConfigError for anything that is not iterable."""
    if not isinstance(words, Iterable):
        raise ConfigError(f"A word must be a string, or a list of strings for several words, was: {words!r:.60}")
    return list(words)
