"""Questions to any key function: the phrases of a Doc, and the key of a token or span."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spacy_w2v.keys._protocol import KeyFunction

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token


def phrases_in(function: KeyFunction, doc: "Doc") -> "list[Span]":
    """Return the phrases of a Doc in their order, each of several tokens."""
    phrases: Callable[[Doc], list[Span]] | None = getattr(function, "phrases", None)
    if callable(phrases):
        return phrases(doc)
    return [doc[start:end] for start, end, _ in sorted(function(doc)) if end - start > 1]


def key_of(function: KeyFunction, place: "Token | Span") -> str | None:
    """Return the key of a token or span; None if it has none, such as white space."""
    of_place: Callable[[Any], str | None] | None = getattr(function, "key_of", None)  # Any: spaCy has no types
    if callable(of_place):
        return of_place(place)
    start, end = (place.start, place.end) if hasattr(place, "start") else (place.i, place.i + 1)
    return next((key for first, after, key in function(place.doc) if (first, after) == (start, end)), None)
