"""The annotation that keys need, in the terms of spaCy's factories, and whether a Doc has it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc

NOUN_CHUNKS = "doc.noun_chunks"

SAME: dict[str, tuple[str, ...]] = {
    NOUN_CHUNKS: ("token.dep", "token.head", "token.pos"),
    "doc.sents": ("token.is_sent_start",),
    "token.sent_start": ("token.is_sent_start",),
    "token.is_sent_end": ("token.is_sent_start",),
    "token.ent_type": ("doc.ents",),
    "token.ent_iob": ("doc.ents",),
}
"""What makes up some annotation, or is another name of it."""

ATTRIBUTES = {
    "token.pos": "POS",
    "token.tag": "TAG",
    "token.lemma": "LEMMA",
    "token.morph": "MORPH",
    "token.dep": "DEP",
    "token.head": "HEAD",
    "token.is_sent_start": "SENT_START",
    "doc.ents": "ENT_IOB",
}
"""The attribute by which a Doc knows whether it has some annotation."""


OF_EVERY_TEXT = frozenset({"token.pos", "token.tag", "token.lemma", "token.dep"})
"""Annotation that some token of any longer text has. Entities, for example, a text need not have."""


def lacking_in(docs: "Sequence[Doc]", requires: Iterable[str]) -> list[str]:
    """Return the annotation that keys need, which texts of some length have, but none of these Docs has."""
    wanted = sorted(expanded(requires) & OF_EVERY_TEXT)
    return [name for name in wanted if not any(_has(doc, name) for doc in docs)]


def expanded(requires: Iterable[str]) -> set[str]:
    """Return annotation in terms of what components assign: `doc.noun_chunks` is made of the parse, for example."""
    names = [name.removesuffix("_") for name in requires]  # token.lemma_ is the text of token.lemma
    return {part for name in names for part in SAME.get(name, (name,))}


def is_annotated(doc: "Doc", requires: Iterable[str] | None) -> bool:
    """Return whether a Doc has all annotation that a key function needs.

    Args:
        doc: The Doc.
        requires: The annotation. If None, which it is remains unknown, and nothing is lacking.
    """
    return all(_has(doc, name) for name in expanded(requires or ()))


def _has(doc: "Doc", name: str) -> bool:
    if name in ATTRIBUTES:
        return bool(doc.has_annotation(ATTRIBUTES[name]))
    owner, _, attribute = name.partition(".")
    if attribute.startswith("_."):
        return owner != "doc" or (doc.has_extension(attribute[2:]) and doc._.get(attribute[2:]) is not None)
    return owner != "doc" or bool(getattr(doc, attribute, True))
