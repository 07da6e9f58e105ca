"""Names of senses: keys such as "duck|NOUN" and "New_York|GPE", made and split as sense2vec does by default."""

import re
from collections.abc import Iterable, Sequence

SEPARATOR = "|"

N_SAMPLED = 1000
"""The number of words, the most frequent ones, that show whether words have senses."""

_WHITE_SPACE = re.compile(r"\s")


def sense_key(word: str, sense: str) -> str:
    """Return the key of a word or a phrase with a sense: "New_York|GPE" for "New York" and "GPE"."""
    return f"{_WHITE_SPACE.sub('_', word)}{SEPARATOR}{sense}"


def split_sense(key: str) -> tuple[str, str] | None:
    """Return the word and the sense of a key: "New York" and "GPE" for "New_York|GPE"; None if it has no sense."""
    word, separator, sense = key.rpartition(SEPARATOR)
    return (word.replace("_", " "), sense) if separator and sense else None


def texts_of_keys(keys: Iterable[str]) -> list[str]:
    """Return the text of each key without its sense: "duck" for "duck|NOUN". A key without a sense stays as it is."""
    return [key if (split := split_sense(key)) is None else split[0] for key in keys]


def have_senses(words: Sequence[str]) -> bool:
    """Return whether words are keys with a sense, such as "duck|NOUN": most of the first thousand are, then."""
    some = words[:N_SAMPLED]
    return sum(split_sense(word) is not None for word in some) * 2 > len(some)
