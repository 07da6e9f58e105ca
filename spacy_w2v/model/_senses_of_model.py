"""The senses of the words of a trained model."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors


class SensesOfModel(ABC):
    """Looks up senses as `WordVectors` does, from which it takes them."""

    @abstractmethod
    def word_vectors(self) -> "WordVectors":
        """Return the words and their vectors."""

    @cached_property
    def _keys(self) -> "WordVectors":
        return self.word_vectors()

    def senses(self, word: str, *, ignore_case: bool = True) -> list[str]:
        """Return the keys of a word or phrase, such as "duck|NOUN" and "duck|VERB", the most frequent first.

        Args:
            word: The text, such as "duck" or "New York".
            ignore_case: Whether its lower, upper and title case are looked up too.

        Example:
            >>> spacy_w2v.load("vectors").senses("minister")
            []
        """
        return self._keys.senses(word, ignore_case=ignore_case)

    def best_sense(self, word: str, senses: Collection[str] | None = None, *, ignore_case: bool = True) -> str | None:
        """Return the most frequent key of a word or phrase, as sense2vec's `get_best_sense` does; None if it has none.

        Args:
            word: The text, such as "duck" or "New York".
            senses: The senses to choose from. None for all.
            ignore_case: Whether its lower, upper and title case are looked up too.

        Example:
            >>> spacy_w2v.load("vectors").best_sense("minister") is None
            True
        """
        return self._keys.best_sense(word, senses, ignore_case=ignore_case)

    def other_senses(self, key: str, *, ignore_case: bool = True) -> list[str]:
        """Return the keys of the same word with other senses, the most frequent first.

        Args:
            key: A key, such as "duck|NOUN". It need not have a vector.
            ignore_case: Whether the lower, upper and title case of its word are looked up too.

        Raises:
            ConfigError: The key has no sense.

        Example:
            >>> spacy_w2v.load("vectors").other_senses("minister|NOUN")
            []
        """
        return self._keys.other_senses(key, ignore_case=ignore_case)
