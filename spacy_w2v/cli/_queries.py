"""Sums and differences of words, as users write them: king - man + woman."""

import re
from collections.abc import Container, Sequence
from typing import Literal, NamedTuple

from spacy_w2v.errors import ConfigError

SIGNS = ("+", "-", "−")
Sign = Literal["+", "-"]
_OPERATORS = re.compile(r"\s+([+−-])\s+")


class Query(NamedTuple):
    """Words to add and to subtract."""

    terms: list[tuple[Sign, str]]
    """The words in the order in which they are written, each with its sign."""

    @property
    def words(self) -> list[str]:
        """All words."""
        return [word for _, word in self.terms]

    @property
    def positive(self) -> list[str]:
        """The words that are added."""
        return [word for sign, word in self.terms if sign == "+"]

    @property
    def negative(self) -> list[str]:
        """The words that are subtracted."""
        return [word for sign, word in self.terms if sign == "-"]

    @property
    def text(self) -> str:
        """The query as users write it. The first word is always added."""
        (_, first), *others = self.terms
        return " ".join([first, *(f"{sign} {word}" for sign, word in others)])


def parse_arguments(arguments: Sequence[str], known: Container[str]) -> list[Query]:
    """Return the queries in the arguments of a command.

    A sign between two arguments joins them. Any other argument begins a query: a word, or a sum with spaces in quotes.

    Args:
        arguments: The arguments, as a shell has split them.
        known: Contains the words, some of which may look like sums.

    Raises:
        ConfigError: A sign has no word after it.
    """
    queries: list[Query] = []
    sign: str | None = None
    for argument in arguments:
        if sign is not None:
            _add(queries[-1], sign, parse_line(argument, known))
            sign = None
        elif argument in SIGNS and queries:
            sign = argument
        else:
            queries.append(parse_line(argument, known))
    if sign is not None:
        raise ConfigError(f"A word must follow {sign}, but nothing does. To look up the word {sign}, name it first.")
    return queries


def parse_line(line: str, known: Container[str]) -> Query:
    """Return the query in a line of text, whose signs have white space around them.

    Args:
        line: A word, or a sum such as "king - man + woman".
        known: Contains the words. A line that is a word is not divided.
    """
    if line in known:
        return Query([("+", line)])
    first, *rest = _OPERATORS.split(line)
    query = Query([("+", first)])
    for sign, word in zip(rest[::2], rest[1::2], strict=True):
        _add(query, sign, Query([("+", word)]))
    return query


def _add(query: Query, sign: str, other: Query) -> None:
    """Add a query to another, or subtract it."""
    turned: dict[Sign, Sign] = {"+": "+", "-": "-"} if sign == "+" else {"+": "-", "-": "+"}
    query.terms.extend((turned[each], word) for each, word in other.terms)
