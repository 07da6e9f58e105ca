"""Lookup of tokens in spaCy's vectors table, with substitutes for words that are not in it."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.matcher.levenshtein import levenshtein
from spacy.strings import get_string_id

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._table_data import gather
from spacy_w2v.model._lookup import NO_ROW, cases_of

LETTERS_PER_EDIT = 4
"""Letters of a word per allowed edit. Three letters allow none, so "cat" does not match "car"; eight allow two."""

MAX_CACHED_SUBSTITUTES = 100_000
"""Size of the cache of unknown words, some ten megabytes. A full cache is cleared."""


class WordRows:
    """Looks up words in one vectors table.

    A word that is not a key takes the row of its lower, title or upper case, whichever is found first. If none is found
    and max_edits is above 0, it takes the row of the word with the smallest edit distance and the same first letter.
    Among several, the lowest row is taken, which is the most frequent word.
    """

    def __init__(self, table: Any, strings: Any, *, max_edits: int) -> None:  # Any: spaCy's classes have no types
        if getattr(table, "mode", None) != "default":
            raise ConfigError(
                "The component needs a vectors table with a row for each word, as spacy w2v train writes it, "
                f"but the pipeline has: {type(table).__name__}, mode {getattr(table, 'mode', None)}."
            )
        self.table = table
        self.n_rows = len(table.data)
        self.n_keys = len(table.key2row)
        self._strings = strings
        self._max_edits = max_edits
        self._substitutes: dict[int, int] = {}
        self._spellings: dict[tuple[str, int], dict[str, int]] | None = None

    def is_of(self, table: Any) -> bool:
        """Return whether this belongs to a table as it is now. An unknown word may have become a key since."""
        return table is self.table and self.n_rows == len(table.data) and self.n_keys == len(table.key2row)

    def find(self, keys: NDArray[np.uint64]) -> Offsets:
        """Return the row of each word, given its id in the string store, or NO_ROW."""
        ids = keys.tolist()
        # takes half the time of Vectors.find
        rows = np.fromiter(map(self.table.key2row.get, ids, repeat(NO_ROW)), np.int64, len(ids))
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            rows[i] = self._substitute(ids[i])
        return rows

    def _substitute(self, key: int) -> int:
        row = self._substitutes.get(key)
        if row is None:
            if len(self._substitutes) >= MAX_CACHED_SUBSTITUTES:
                self._substitutes.clear()
            word = self._strings[key]
            row = self._substitutes[key] = self._row_of_case(word)
            if row == NO_ROW and self._max_edits:
                row = self._substitutes[key] = self._row_of_spelling(word.lower())
        return row

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row of each word or of its lower, title or upper case, or NO_ROW."""
        return np.fromiter(map(self._row_of_case, words), np.int64, len(words))

    def vectors_at(self, rows: Offsets) -> Vectors:
        """Return rows of the table, as float32."""
        return gather(self.table.data, rows).astype(np.float32, copy=False)

    def _row_of_case(self, word: str) -> int:
        rows = (self.table.key2row.get(get_string_id(form)) for form in cases_of(word))
        return next((row for row in rows if row is not None), NO_ROW)

    def _row_of_spelling(self, word: str) -> int:
        max_edits = min(self._max_edits, len(word) // LETTERS_PER_EDIT)
        if not max_edits or not word.isalpha():
            return NO_ROW
        if self._spellings is None:
            self._spellings = self._read_spellings()
        nearest = (max_edits + 1, 0)
        for length in range(len(word) - max_edits, len(word) + max_edits + 1):
            for known, row in self._spellings.get((word[0], length), {}).items():
                nearest = min(nearest, (levenshtein(word, known, max_edits), row))
        return nearest[1] if nearest[0] <= max_edits else NO_ROW

    def _read_spellings(self) -> dict[tuple[str, int], dict[str, int]]:
        """Return the rows of all words, in lower case, grouped by first letter and length."""
        spellings: dict[tuple[str, int], dict[str, int]] = {}
        for key, row in self.table.key2row.items():
            word = self._strings[key].lower() if key in self._strings else ""
            if word.isalpha():
                alike = spellings.setdefault((word[0], len(word)), {})
                alike[word] = min(row, alike.get(word, row))
        return spellings
