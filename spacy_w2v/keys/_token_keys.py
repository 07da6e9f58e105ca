"""Keys of tokens, made once for each combination of their attributes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

MOST_CACHED = 500_000
"""The number of keys that are remembered, some 100 MB. When there are more, they are forgotten."""


class TokenKeys(ABC):
    """A key function whose keys of tokens depend on a few of their attributes."""

    attributes: ClassVar[tuple[str, ...]]
    """The attributes that a token's own key depends on, by their names in spaCy; at least two."""
    requires: Sequence[str]
    """The annotation that the function needs."""

    def __init__(self) -> None:
        """Initialize a function without remembered keys."""
        self._keys: dict[tuple[int, ...], str | None] = {}

    def __call__(self, doc: "Doc") -> Iterator[tuple[int, int, str]]:
        """Yield the key of each token."""
        for place, key in enumerate(self.own_keys(doc)):
            if key is not None:
                yield place, place + 1, key

    def own_keys(self, doc: "Doc") -> list[str | None]:
        """Return the key of each token of a Doc; None for white space."""
        if len(self._keys) > MOST_CACHED:
            self._keys.clear()
        known = self._keys
        keys = []
        for place, row in enumerate(map(tuple, doc.to_array(list(self.attributes)).tolist())):
            if row not in known:
                known[row] = self.own_key(doc[place])
            keys.append(known[row])
        return keys

    @abstractmethod
    def own_key(self, token: "Token") -> str | None:
        """Return the key of a token, which may depend on `attributes` alone; None for white space."""

    def phrases(self, doc: "Doc") -> "list[Span]":
        """Return no phrases: each token has a key of its own."""
        return []

    def key_of(self, place: "Token | Span") -> str | None:
        """Return the key of a token, or of a span of one token; None for longer spans and for white space."""
        if not hasattr(place, "start"):
            return self.own_key(place)
        return self.own_key(place[0]) if len(place) == 1 else None

    def __getstate__(self) -> dict[str, Any]:  # Any: attributes of all types
        """Return the settings alone: the keys that are remembered can be made again."""
        return {**vars(self), "_keys": {}}
