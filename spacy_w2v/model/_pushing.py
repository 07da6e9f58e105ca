"""How a model is pushed to the Hub: what users choose, and the function that does it.

A model is pushed with a card, which shows all that is known of it. What makes cards stands above this room, so the
package provides the function when it is imported, and the method of a model calls it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors


class PushOptions(NamedTuple):
    """What users choose when they push vectors; see `Word2Vec.push_to_hub`."""

    revision: str | None = None
    private: bool = False
    message: str | None = None
    license: str | None = None
    pipeline: Path | None = None
    card: bool = True
    token: str | None = None


Push = Callable[["WordVectors", str, PushOptions], str]
"""Sends vectors to a repository, by its name, and returns the address of the commit."""

_provided: list[Push] = []


def provide_push(push: Push) -> None:
    """Provide the function that pushes vectors."""
    _provided[:] = [push]


def push_vectors(vectors: "WordVectors", repository: str, options: PushOptions) -> str:
    """Send vectors to a repository by the function that was provided, and return the address of the commit."""
    (push,) = _provided
    return push(vectors, repository, options)
