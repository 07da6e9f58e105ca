"""Vectors that are composed of subwords for words without a row in spaCy's table, and kept."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import repeat
from typing import Any

import numpy as np

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.subwords._table import SubwordTable

MOST_WORDS = 100_000
"""40 MB of vectors of 100 dimensions. When there are more, all are dropped."""

UNSEEN = -2

Compose = Callable[[Sequence[str]], Vectors]
"""Returns the vectors of n strings, float32[n, d]: zero for a string of which no subword was trained."""


class ComposedRows:
    """Numbers the words that it has composed vectors for.

    A word whose vector is zero has no number: nothing is known of its subwords. White space has none either.
    """

    def __init__(
        self, compose: Compose, strings: Any, *, vector_size: int, key_of: Callable[[str], str] = str
    ) -> None:  # Any: spaCy's StringStore has no types
        """Begin with no vectors.

        Args:
            compose: Composes vectors.
            strings: The string store, which knows the texts of ids.
            vector_size: The number of dimensions.
            key_of: Returns what the vector of a text is composed of, such as its lower case.
        """
        self._compose = compose
        self._strings = strings
        self._key_of = key_of
        self._places: dict[int, int] = {}
        self.vectors: Vectors = np.empty((0, vector_size), np.float32)
        """float32; the vectors by number. There is room for more after them."""
        self.ids: list[int] = []
        """The id of the word of each number, in the string store."""

    def find(self, ids: list[int], texts: Sequence[str] | None = None) -> Offsets:
        """Return the number of each word, or NO_ROW. The numbers are valid until the next call.

        Args:
            ids: The ids of the words.
            texts: Their texts; None for those that the string store has.
        """
        if len(self._places) > MOST_WORDS:
            self._places.clear()
            self.ids.clear()
        found = np.fromiter(map(self._places.get, ids, repeat(UNSEEN)), np.int64, len(ids))
        if (found == UNSEEN).any():
            known = {} if texts is None else dict(zip(ids, texts, strict=True))
            new = [each for each in dict.fromkeys(ids) if each not in self._places]
            self._add(new, [known[each] if each in known else self._strings[each] for each in new])
            found = np.fromiter(map(self._places.__getitem__, ids), np.int64, len(ids))
        return found

    def _add(self, ids: list[int], texts: list[str]) -> None:
        vectors = self._compose([self._key_of(text) for text in texts])
        has_vector = vectors.any(axis=1) & np.array([not text.isspace() for text in texts], np.bool_)
        first, n_new = len(self.ids), int(np.count_nonzero(has_vector))
        if first + n_new > len(self.vectors):
            grown = np.zeros((max(first + n_new, 2 * first, 256), self.vectors.shape[1]), np.float32)
            grown[:first] = self.vectors[:first]
            self.vectors = grown
        self.vectors[first : first + n_new] = vectors[has_vector]
        places = np.full(len(ids), NO_ROW)
        places[has_vector] = np.arange(first, first + n_new)
        self.ids += [each for each, has in zip(ids, has_vector.tolist(), strict=True) if has]
        self._places.update(zip(ids, places.tolist(), strict=True))


def composer_of_table(table: Any) -> Compose:  # Any: spaCy's Vectors has no types
    """Return a function that composes vectors from a table in the mode floret.

    It is compiled if numba is installed. Otherwise spaCy composes them, to the same vectors, some thirty times slower.
    """
    if find_spec("numba") is not None:
        from spacy_w2v.formats.spacy._reading import subwords_of_table

        return subwords_of_table(table, "the pipeline").vectors

    from thinc.util import to_numpy

    def compose(strings: Sequence[str]) -> Vectors:
        for string in strings:
            table.strings.add(string)
        return np.asarray(to_numpy(table.get_batch(list(strings))), np.float32)

    return compose


def composer_of_subwords(subwords: SubwordTable) -> Compose:
    """Return a function that composes the vectors of words that are not in the vocabulary."""
    return subwords.vectors
