"""The keys of a document's tokens and phrases, by the function whose keys the vectors have."""

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import DEP, ENT_IOB, ENT_TYPE, HEAD, LEMMA, MORPH, ORTH, POS, SENT_START, TAG
from spacy.tokens import Doc, Span

from spacy_w2v.keys._protocol import KeyFunction, indispensable_for
from spacy_w2v.keys._requirements import is_annotated

ANNOTATION = (ORTH, LEMMA, POS, TAG, MORPH, DEP, HEAD, SENT_START, ENT_TYPE, ENT_IOB)
"""What keys may be made of. When it changes, so do the keys of a document."""


class Phrase(NamedTuple):
    """A phrase of a document."""

    start: int
    end: int
    key: str


class DocumentKeys(NamedTuple):
    """The keys of one document."""

    of_tokens: list[str | None]
    """The key of each token; None for a token without one, such as white space."""
    phrases: list[Phrase]
    """The phrases of several tokens, in order."""


class _Known(NamedTuple):
    """What was read of a document."""

    annotation: NDArray[np.uint64]
    """The annotation of each token at that time."""
    keys: DocumentKeys | None

    def is_of(self, doc: Doc, start: int, annotation: NDArray[np.uint64]) -> bool:
        """Return whether a document has as many tokens as then, and some of its tokens have the same annotation."""
        then = self.annotation[start : start + len(annotation)]
        return len(self.annotation) == len(doc) and np.array_equal(then, annotation)


class DocumentKeyReader:
    """Reads the keys of documents, and keeps them as long as a document lives and its annotation stays as it is."""

    def __init__(self, function: KeyFunction) -> None:
        """Read keys by a function."""
        self.function = function
        self._known: WeakKeyDictionary[Doc, _Known] = WeakKeyDictionary()

    def read(self, tokens: Doc | Span) -> DocumentKeys | None:
        """Return the keys of a document, or None if it lacks annotation that the function needs.

        Args:
            tokens: The document, or a span of it, in which changes of the annotation are looked for. The time depends
                on its length.
        """
        doc, start = (tokens, 0) if isinstance(tokens, Doc) else (tokens.doc, tokens.start)
        known = self._known.get(doc)
        if known is not None and known.is_of(doc, start, _annotation_of(tokens)):
            return known.keys
        keys = None if self.missing(doc) else _keys_of(doc, self.function)
        self._known[doc] = _Known(_annotation_of(doc), keys)
        return keys

    def forget(self, doc: Doc) -> None:
        """Read the keys of a document again, in case they depend on extension attributes that have changed."""
        self._known.pop(doc, None)

    def missing(self, doc: Doc) -> list[str]:
        """Return the annotation that a document lacks, as `missing_in` does."""
        return missing_in(doc, self.function)


def missing_in(doc: Doc, function: KeyFunction) -> list[str]:
    """Return the annotation that a document lacks, such as "token.pos"; none for a document without tokens."""
    if not len(doc):
        return []
    return [each for each in sorted(indispensable_for(function)) if not is_annotated(doc, [each])]


def _annotation_of(tokens: Doc | Span) -> NDArray[np.uint64]:
    """Return what keys may be made of, with a row for each token."""
    array: NDArray[np.uint64] = tokens.to_array(ANNOTATION)
    return array.reshape(len(tokens), len(ANNOTATION))


def _keys_of(doc: Doc, function: KeyFunction) -> DocumentKeys:
    of_tokens: list[str | None] = [None] * len(doc)
    phrases = []
    for start, end, key in function(doc):
        if end - start == 1:
            of_tokens[start] = key
        else:
            phrases.append(Phrase(start, end, key))
    return DocumentKeys(of_tokens, sorted(phrases))


def inside(phrases: Sequence[Phrase], tokens: Doc | Span) -> list[Phrase]:
    """Return the phrases that lie within a document or span."""
    if isinstance(tokens, Doc):
        return list(phrases)
    return [phrase for phrase in phrases if tokens.start <= phrase.start and phrase.end <= tokens.end]
