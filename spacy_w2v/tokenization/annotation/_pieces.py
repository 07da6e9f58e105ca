"""Pieces of texts for a pipeline: long texts are cut, and short ones are annotated together."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from spacy_w2v.sources._source import GIVEN_TOKENS

MAX_CHARACTERS = 100_000
"""The maximum length of a piece. For parsing, spaCy needs up to a gigabyte for 100,000 characters."""

GROUP_CHARACTERS = 32_000
"""The approximate length of the pieces that are annotated together: some 6,000 tokens, which take a second."""

SENTENCE_ENDS = (". ", "! ", "? ", "。", "！", "？", "।", "۔")

Tokens = list[str | None]


class Piece(NamedTuple):
    """A text, or a part of a long one."""

    value: Any  # Any: a string, sentences of tokens, or the bytes of Docs
    size: int
    """Its length in characters."""
    is_first: bool
    """Whether a text begins with it."""


def groups_of_pieces(texts: pa.Array, max_characters: int) -> Iterator[list[Piece]]:
    """Yield the pieces of texts, in groups of about GROUP_CHARACTERS characters, but at least one piece.

    Long texts are cut, if possible at a line break, else at the end of a sentence, or at a space.

    Args:
        texts: The texts: strings, lists of tokens, or Docs.
        max_characters: The maximum length of a piece.
    """
    group: list[Piece] = []
    size = 0
    for piece in _pieces(texts, min(MAX_CHARACTERS, max_characters)):
        if group and size + piece.size > GROUP_CHARACTERS:
            yield group
            group, size = [], 0
        group.append(piece)
        size += piece.size
    if group:
        yield group


def _pieces(texts: pa.Array, limit: int) -> Iterator[Piece]:
    parts_of, size_of = PARTS.get(texts.type, (_uncut, len))
    for text in texts:  # one at a time, because a batch may have megabytes
        for number, part in enumerate(parts_of(text.as_py(), limit)):
            yield Piece(part, size_of(part), number == 0)


def _uncut(docs: bytes, _: int) -> list[bytes]:
    return [docs]


def _parts_of_text(text: str, limit: int) -> list[str]:
    """Return the parts of a text, of at most `limit` characters each."""
    start = 0
    parts = []
    while len(text) - start > limit:
        end = _place_to_cut(text, start + limit // 2, start + limit)
        parts.append(text[start:end])
        start = end
    return [*parts, text[start:]]


def _place_to_cut(text: str, start: int, end: int) -> int:
    """Return where to cut a text: after the last line break between two places, or what else is possible."""
    for marks in (("\n", "\r"), SENTENCE_ENDS, (" ", "\t")):
        places = [found + len(mark) for mark in marks if (found := text.rfind(mark, start, end)) >= 0]
        if places:
            return max(places)
    return end


def _size_of_sentences(sentences: list[Tokens]) -> int:
    return sum(map(_size_of_tokens, sentences))


def _size_of_tokens(tokens: Tokens) -> int:
    return sum(1 + len(token or "") for token in tokens)


def _parts_of_document(sentences: list[Tokens], limit: int) -> list[list[Tokens]]:
    """Return the parts of a document of tokens, cut between sentences, or else between tokens."""
    if _size_of_sentences(sentences) <= limit:
        return [sentences]
    short = [
        tokens for sentence in sentences for tokens in _filled(sentence, limit, lambda token: 1 + len(token or ""))
    ]
    return _filled(short, limit, _size_of_tokens)


def _filled(items: list[Any], limit: int, size_of: Callable[[Any], int]) -> list[list[Any]]:  # Any: items of any type
    """Return consecutive items in lists of at most a total size, but at least one item."""
    parts: list[list[Any]] = [[]]
    size = 0
    for item in items:
        more = size_of(item)
        if parts[-1] and size + more > limit:
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += more
    return parts


PARTS: dict[pa.DataType, tuple[Callable[[Any, int], list[Any]], Callable[[Any], int]]] = {  # Any: values of each type
    pa.large_string(): (_parts_of_text, len),
    GIVEN_TOKENS: (_parts_of_document, _size_of_sentences),
}
"""For each type of texts, the functions that cut one into parts, and that return the length of a part."""
