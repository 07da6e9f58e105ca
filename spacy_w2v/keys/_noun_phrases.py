"""Noun phrases and entities of a Doc: the spans that get keys of their own."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

MODIFIERS = frozenset({"advmod", "amod", "compound"})
"""The dependencies of the words before its noun that a noun phrase keeps, as in sense2vec."""

GERMAN_MODIFIER = "nk"
"""The dependency of all words before a noun in German pipelines, whose labels are those of the TIGER corpus, ..."""

MODIFYING_POS = frozenset({"ADJ", "ADV", "NOUN", "PROPN"})
"""... and the parts of speech of those to keep."""


INSIDE = 1
"""The value of `token.ent_iob` for a token that continues an entity."""


def noun_phrases(doc: "Doc") -> "Iterator[Span]":
    """Yield the noun chunks of a Doc without determiners, numbers and possessors at their beginning.

    Yields none if the language has no noun chunks, or the Doc is not parsed.
    """
    if doc.noun_chunks_iterator is None or not doc.has_annotation("DEP"):
        return
    for chunk in doc.noun_chunks:
        # Right of its noun, a chunk may have modifiers in some languages; in English it ends with it.
        start, noun = chunk.start, chunk.root.i
        while start < noun and not _is_modifier(doc[start]):
            start += 1
        yield doc[start : chunk.end]


def without_overlaps(entities: "Iterable[Span]", chunks: "Iterable[Span]") -> "list[Span]":
    """Return the entities, and the noun phrases that overlap none of them, in the order of the text."""
    from spacy.util import filter_spans

    entities = list(entities)
    taken = {place for span in entities for place in range(span.start, span.end)}
    free = [span for span in chunks if taken.isdisjoint(range(span.start, span.end))]
    kept: list[Span] = filter_spans([*entities, *free])
    return kept


def without_space(span: "Span") -> "Span | None":
    """Return a span without white space at its ends; None if nothing is left."""
    from spacy.tokens import Span

    doc, start, end = span.doc, span.start, span.end
    while start < end and doc[start].is_space:
        start += 1
    while end > start and doc[end - 1].is_space:
        end -= 1
    if start == end:
        return None
    return span if (start, end) == (span.start, span.end) else Span(doc, start, end, label=span.label)


def entity_of(token: "Token") -> "Span | None":
    """Return the entity that a token is in, without white space at its ends; None if it is in none.

    This looks at the token's neighbours alone, since `doc.ents` goes through the whole Doc.
    """
    if token.ent_type == 0:
        return None
    doc, start, end = token.doc, token.i, token.i + 1
    while start > 0 and doc[start].ent_iob == INSIDE:
        start -= 1
    while end < len(doc) and doc[end].ent_iob == INSIDE:
        end += 1
    return without_space(doc[start:end])


def _is_modifier(token: "Token") -> bool:
    if token.dep_ == GERMAN_MODIFIER:
        return token.pos_ in MODIFYING_POS
    return token.dep_ in MODIFIERS
