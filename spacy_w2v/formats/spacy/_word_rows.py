"""The rows of spaCy's table for the tokens of a text, and what stands for words that the table lacks."""

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
"""A word has one edit for every four letters: "cat" is not "car" misspelled, but "kingdmo" is "kingdom" with two."""

SUBSTITUTES_KEPT = 100_000
"""Unknown words that are remembered before all are forgotten: some ten megabytes."""


class WordRows:
    """Finds the rows of words in one table.

    A word that is not a key takes the row of its lower, title or upper case, the first that is one; then, if max_edits
    is above 0, that of the word spelled most like it, of the same first letter: the most frequent among equals, as rows
    go from frequent to rare.
    """

    def __init__(self, table: Any, strings: Any, *, max_edits: int) -> None:  # Any: spaCy's classes have no types
        if getattr(table, "mode", None) != "default":
            raise ConfigError(
                "The component needs a table with a row for each word, such as spacy w2v train makes, "
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
        """Return whether these are the words of a table as it is now: what stood for a word may be a key since."""
        return table is self.table and self.n_rows == len(table.data) and self.n_keys == len(table.key2row)

    def find(self, keys: NDArray[np.uint64]) -> Offsets:
        """Return the row of each word, by its id among the strings; NO_ROW for a word without one."""
        ids = keys.tolist()
        # As Vectors.find, in half the time.
        rows = np.fromiter(map(self.table.key2row.get, ids, repeat(NO_ROW)), np.int64, len(ids))
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            rows[i] = self._substitute(ids[i])
        return rows

    def _substitute(self, key: int) -> int:
        row = self._substitutes.get(key)
        if row is None:
            if len(self._substitutes) >= SUBSTITUTES_KEPT:
                self._substitutes.clear()
            word = self._strings[key]
            row = self._substitutes[key] = self._row_of_case(word)
            if row == NO_ROW and self._max_edits:
                row = self._substitutes[key] = self._row_of_spelling(word.lower())
        return row

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row of each word, or of its lower, title or upper case; NO_ROW if there is none."""
        return np.fromiter(map(self._row_of_case, words), np.int64, len(words))

    def vectors_at(self, rows: Offsets) -> Vectors:
        """Return some rows of the table, as float32."""
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
        """Return the rows of all words, in lower case, by first letter and length."""
        spellings: dict[tuple[str, int], dict[str, int]] = {}
        for key, row in self.table.key2row.items():
            word = self._strings[key].lower() if key in self._strings else ""
            if word.isalpha():
                alike = spellings.setdefault((word[0], len(word)), {})
                alike[word] = min(row, alike.get(word, row))
        return spellings
