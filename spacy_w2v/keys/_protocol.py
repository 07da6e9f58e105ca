"""The protocol of key functions: from a Doc to the keys of its tokens and phrases."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from spacy.tokens import Doc


class Key(NamedTuple):
    """The key of one token, or of a phrase of several tokens. A key function may also yield plain tuples."""

    start: int
    """The number of the first token in the Doc."""
    end: int
    """The number after that of the last token. A key of one token is a word, and a longer one a phrase."""
    text: str
    """The key in the vectors, such as "duck|NOUN"."""


class KeyFunction(Protocol):
    """Yields the keys of a Doc, in any order.

    A phrase covers tokens that have keys of their own: a phrase that turns out to be rare is split into them. Phrases
    must not overlap. A token without a key of its own is left out, unless it is part of a phrase. White space has no
    key.

    A function may have these as well:

    - `requires`: the annotation that it needs, in the terms of spaCy's factories: "token.lemma", "token.pos",
      "doc.ents", "doc.noun_chunks". Without it, all components of the pipeline run.
    - `optional`: those of `requires` that it does without where a language or pipeline lacks them.
    - `phrases(doc)`: the spans of its phrases, and `key_of(token_or_span)`: the key of any token or span, or None.
      They are what a pipeline shows of its texts. Without them, all keys of the Doc are made for each question.
    """

    def __call__(self, doc: "Doc") -> Iterable[tuple[int, int, str]]:
        """Return the keys of a Doc."""


def required_by(function: KeyFunction) -> Sequence[str] | None:
    """Return the annotation that a key function needs; None if it does not say."""
    found: Sequence[str] | None = getattr(function, "requires", None)
    return found


def optional_of(function: KeyFunction) -> Sequence[str]:
    """Return the annotation that a key function uses where there is any."""
    found: Sequence[str] = getattr(function, "optional", ())
    return found


def indispensable_for(function: KeyFunction) -> set[str]:
    """Return the annotation without which a key function makes no keys, as far as it says so."""
    return set(required_by(function) or ()) - set(optional_of(function))
