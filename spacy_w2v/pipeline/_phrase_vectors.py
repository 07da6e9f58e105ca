"""The vectors of spans that are phrases, by spaCy's hooks, on top of the hooks of other components."""

from collections.abc import Callable, Mapping
from typing import Any

from thinc.api import get_array_module

from spacy_w2v._arrays import Vectors
from spacy_w2v.formats.spacy._phrase_keys import row_of
from spacy_w2v.model._lookup import NO_ROW

Hook = Callable[..., Any]  # Any: what spaCy's hooks return

BELOW = ("vector", "has_vector")
"""The hooks that are asked about spans that are not phrases."""


class PhraseVectors:
    """Gives each span that is a phrase the vector of the phrase. Its methods are spaCy's hooks.

    It belongs to one document. It has no reference to a vocab, so that a pickled document with hooks is small.
    """

    def __init__(self, *, attr: str, max_words: int, below: Mapping[str, Hook]) -> None:
        """Create the hooks.

        Args:
            attr: The attribute by which words are compared.
            max_words: The number of words of the longest phrase.
            below: The hooks for spans that are not phrases, by their names; without one, spaCy's own methods count.
        """
        self.attr = attr
        self.max_words = max_words
        self.below = dict(below)

    def vector(self, span: Any) -> Vectors:  # Any: spaCy's classes have no types
        """Return the vector of a span."""
        row = self._row(span)
        if row != NO_ROW:
            of_phrase: Vectors = span.vocab.vectors.data[row]
            return of_phrase
        if "vector" in self.below:
            below: Vectors = self.below["vector"](span)
            return below
        if not len(span):
            table = span.vocab.vectors
            zeros: Vectors = get_array_module(table.data).zeros((span.vocab.vectors_length,), dtype="f")
            return zeros
        mean: Vectors = sum(token.vector for token in span) / len(span)  # as Span.vector does
        return mean

    def has_vector(self, span: Any) -> bool:
        """Return whether a span is a phrase, or any of its tokens has a vector."""
        if self._row(span) != NO_ROW:
            return True
        if "has_vector" in self.below:
            return bool(self.below["has_vector"](span))
        return any(token.has_vector for token in span)

    def _row(self, span: Any) -> int:
        return row_of(span, self.attr) if 1 < len(span) <= self.max_words else NO_ROW


def phrases_of(doc: Any) -> PhraseVectors | None:
    """Return the object whose hooks a document has for its phrases, or None."""
    owner = getattr(doc.user_span_hooks.get("vector"), "__self__", None)
    return owner if isinstance(owner, PhraseVectors) else None


def hook_phrases(doc: Any, *, attr: str, max_words: int) -> None:
    """Let the spans of a document that are phrases have their vectors. See `PhraseVectors` for the arguments."""
    before = phrases_of(doc)
    below = before.below if before is not None else {name: doc.user_span_hooks.get(name) for name in BELOW}
    given = {name: hook for name, hook in below.items() if hook is not None}
    phrases = PhraseVectors(attr=attr, max_words=max_words, below=given)
    doc.user_span_hooks.update(vector=phrases.vector, has_vector=phrases.has_vector)


def hook_spans(doc: Any, hooks: Mapping[str, Any]) -> None:
    """Set hooks for the spans of a document, except for those that are phrases.

    Args:
        doc: The document.
        hooks: The hooks, by their names.
    """
    phrases = phrases_of(doc)
    if phrases is None:
        doc.user_span_hooks.update(hooks)
        return
    phrases.below = {name: hook for name, hook in hooks.items() if name in BELOW}
    doc.user_span_hooks.update({name: hook for name, hook in hooks.items() if name not in BELOW})
