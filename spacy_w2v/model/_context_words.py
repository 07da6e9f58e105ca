"""The words of a model that a list of strings or tokens, a Doc or a Span consists of."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.keys._use import key_of
from spacy_w2v.model._senses import KEYED

if TYPE_CHECKING:
    from spacy_w2v.keys._protocol import KeyFunction
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.model._word_vectors import WordVectors


class ContextWords:
    """Finds the words of sentences. Tokens are replaced by the attribute that the words are, or by their keys.

    Of a model of keys, a Doc or Span is read as in training: a phrase with a vector is one word, and a token whose key
    has no vector has the commonest key of its text. Strings are keys or texts. White space is left out.
    """

    def __init__(self, model: "TrainedModel") -> None:
        self.model = model

    def of(self, given: Iterable[Any]) -> list[str]:  # Any: strings, or tokens of spaCy
        """Return a list of words, some of which may have no vector.

        Args:
            given: Strings or tokens.

        Raises:
            ConfigError: It is a text, or contains anything else. Or the model's config names a key function that may
                not run.
        """
        if isinstance(given, str):
            raise ConfigError(f"Words must be a list, was a text: {given!r}. Tokenize it first.")
        items = list(given)
        if self.model.attr in KEYED:
            if not all(isinstance(item, str) or hasattr(item, "is_space") for item in items):
                _refuse(items)
            return list(self._keys_of(items, self._phrases(given) if hasattr(given, "to_array") else {}))
        texts = [
            item if isinstance(item, str) else getattr(item, f"{self.model.attr.lower()}_", None) for item in items
        ]
        known = [text for text in texts if isinstance(text, str)]
        if len(known) < len(texts):
            _refuse(items)
        return known

    def _keys_of(self, items: list[Any], phrases: dict[int, tuple[int, str]]) -> Iterator[str]:
        """Yield the keys of strings or tokens.

        Args:
            items: The strings or tokens.
            phrases: The end and the key of each phrase, by the number of its first token.
        """
        end = 0
        for item in items:
            if isinstance(item, str):
                yield self._known_key(item, text=item)
            elif item.i in phrases:
                end, key = phrases[item.i]
                yield key
            elif item.i >= end:
                found = key_of(self._function, item)
                if found is not None:
                    yield self._known_key(found, text=item.text)

    def _known_key(self, key: str, *, text: str) -> str:
        """Return a key if it has a vector, otherwise the commonest key of a text; the given key if there is none."""
        return key if key in self.model else self._vectors.key_of_text(text) or key

    def _phrases(self, given: Any) -> dict[int, tuple[int, str]]:  # Any: a Doc or Span
        """Return the phrases of a Doc or Span that have a vector: the end and the key, by the first token."""
        doc = getattr(given, "doc", given)
        first, last = getattr(given, "start", 0), getattr(given, "end", len(doc))
        return {
            start: (end, key)
            for start, end, key in self._function(doc)
            if end - start > 1 and first <= start and end <= last and key in self.model
        }

    @cached_property
    def _function(self) -> "KeyFunction":
        function = key_function_of(self.model.record.tokens, trusted=self.model.trusts_config)
        assert function is not None, "the words of this model are keys"
        return function

    @cached_property
    def _vectors(self) -> "WordVectors":
        return self.model.word_vectors()


def _refuse(items: list[Any]) -> None:
    raise ConfigError(f"Words must be strings or spaCy tokens, were: {items[:10]}")
