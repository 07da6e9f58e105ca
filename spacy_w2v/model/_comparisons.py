"""Comparisons of words by their vectors, under gensim's names: similarity, n_similarity, doesnt_match."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import ConfigError

Floats = NDArray[np.floating[Any]]


class Comparisons(ABC):
    """What can be asked about words of anything that has their vectors.

    The formulas are those of gensim's `KeyedVectors`, in float64. Results differ from gensim's by its rounding to
    float32, some 1e-7.
    """

    @abstractmethod
    def __contains__(self, word: object) -> bool:
        """Return whether a word has a vector."""

    @abstractmethod
    def __getitem__(self, word: str | Iterable[str]) -> Floats:
        """Return the vector of a word, or a matrix with a row for each of several words."""

    @abstractmethod
    def composes(self, word: str) -> bool:
        """Return whether a word has a vector that is composed of subwords."""

    @abstractmethod
    def near_spellings(self, word: str) -> str:
        """Return a sentence that names words with a spelling near to a word without a vector."""

    def similarity(self, word: str, other: str) -> float:
        """Return the cosine similarity of two words.

        Args:
            word: A word.
            other: Another word.

        Returns:
            The cosine of the angle between the two vectors, in [-1, 1]; 0 if one of them is zero.

        Raises:
            UnknownWordError: A word has no vector. The text names near spellings.

        Example:
            >>> spacy_w2v.open_vectors("vectors").similarity("minister", "prime")
            0.89
        """
        return _cosine(*_float64(self[[word, other]]))

    def n_similarity(self, words: Iterable[str], others: Iterable[str]) -> float:
        """Return the cosine similarity of two sets of words: that of the means of their vectors.

        Args:
            words: Words. Those without a vector are ignored, as in gensim.
            others: Other words.

        Returns:
            A number in [-1, 1].

        Raises:
            UnknownWordError: None of the words, or none of the others, has a vector.
            ConfigError: An argument is a text instead of a list, or is empty.

        Example:
            >>> spacy_w2v.open_vectors("vectors").n_similarity(["prime", "minister"], ["john", "howard"])
            0.87
        """
        means = [
            _float64(self[self._known(given, name=name)]).mean(axis=0)
            for name, given in (("words", words), ("others", others))
        ]
        return _cosine(*means)

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Return the word that fits least with the others.

        It is the word whose vector has the smallest cosine similarity with the mean of all given vectors, each scaled
        to length 1.

        Args:
            words: Words. Those without a vector are ignored, as in gensim.

        Raises:
            UnknownWordError: None of the words has a vector.
            ConfigError: `words` is a text instead of a list, or is empty.

        Example:
            >>> spacy_w2v.open_vectors("vectors").doesnt_match(["prime", "minister", "howard", "cricket"])
            'cricket'
        """
        known = self._known(words, name="words")
        vectors = _float64(self[known])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        units = vectors / np.where(lengths > 0, lengths, 1)
        # gensim takes the last of the pairs (similarity, word), sorted from the largest to the smallest
        return min(zip(units @ units.mean(axis=0), known, strict=True))[1]

    def _known(self, words: Iterable[str], *, name: str) -> list[str]:
        """Return those of some words that have a vector. Raises errors as `n_similarity` does."""
        if isinstance(words, str):
            raise ConfigError(f"{name} must be a list of words, was the text: {words[:60]!r}")
        given = list(words)
        known = [word for word in given if word in self or self.composes(word)]
        if not given:
            raise ConfigError(f"{name} must have at least one word, but is empty. Pass a list of words.")
        return known or [given[0]]  # an unknown word, which raises an error where its vector is looked up


def _float64(vectors: Floats) -> NDArray[np.float64]:
    return np.asarray(vectors, np.float64)


def _cosine(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return the cosine of the angle between two vectors; 0 if one of them is zero."""
    length = np.linalg.norm(left) * np.linalg.norm(right)
    return float(left @ right / length) if length else 0.0
