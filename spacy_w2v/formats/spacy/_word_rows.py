"""Lookup of tokens in spaCy's vectors table, with substitutes for words that are not in it."""

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import LOWER
from spacy.matcher.levenshtein import levenshtein
from spacy.strings import get_string_id

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._composed_rows import Compose, ComposedRows, composer_of_table
from spacy_w2v.formats.spacy._named_rows import named_rows
from spacy_w2v.formats.spacy._table_data import gather
from spacy_w2v.model._lookup import NO_ROW, cases_of
from spacy_w2v.model._word_vectors import WordVectors

LETTERS_PER_EDIT = 4
"""Letters of a word per allowed edit. Three letters allow none, so "cat" does not match "car"; eight allow two."""

MAX_CACHED_SUBSTITUTES = 100_000
"""Size of the cache of unknown words, some ten megabytes. A full cache is cleared."""


class WordRows:
    """Looks up words in one vectors table.

    A word that is not a key takes the row of its lower, title or upper case, whichever is found first. If none is found
    and there are subwords, its vector is composed of them, and has a row after those of the table. In a table of the
    mode floret, all vectors are composed. Otherwise, if max_edits is above 0, the word takes the row of the word with
    the smallest edit distance and the same first letter. Among several, the lowest row is taken, which is the most
    frequent word.
    """

    def __init__(
        self,
        table: Any,
        strings: Any,
        *,
        max_edits: int,
        compose: Compose | None = None,
        key_of: Callable[[str], str] = str,
    ) -> None:
        """Look up words in a table.

        Args:
            table: The table. (Any: spaCy's classes have no types.)
            strings: The string store of its keys.
            max_edits: As in the settings of the component.
            compose: Composes the vectors of words that a table with a row for each word lacks.
            key_of: What these are composed of, as for `ComposedRows`.

        Raises:
            ConfigError: The table is of another class than spaCy's.
        """
        if getattr(table, "mode", None) not in ("default", "floret"):
            raise ConfigError(
                "The component needs a vectors table of spaCy's own class, as spacy w2v train writes it, "
                f"but the pipeline has: {type(table).__name__}, mode {getattr(table, 'mode', None)}."
            )
        self.table = table
        is_floret = table.mode == "floret"
        self.n_rows = 0 if is_floret else len(table.data)
        self.n_keys = len(table.key2row)
        self._n_buckets = len(table.data)
        compose = composer_of_table(table) if is_floret else compose
        self.composed = (
            None if compose is None else ComposedRows(compose, strings, vector_size=table.shape[1], key_of=key_of)
        )
        """The vectors that were composed; None without subwords."""
        self._strings = strings
        self._max_edits = max_edits
        self._substitutes: dict[int, int] = {}
        self._spellings: dict[tuple[str, int], dict[str, int]] | None = None
        self._names: WordVectors | None = None

    def is_of(self, table: Any) -> bool:
        """Return whether this belongs to a table as it is now. An unknown word may have become a key since."""
        return table is self.table and self._n_buckets == len(table.data) and self.n_keys == len(table.key2row)

    def find(self, keys: NDArray[np.uint64]) -> Offsets:
        """Return the row of each word, given its id in the string store, or NO_ROW."""
        ids = keys.tolist()
        if self.composed is not None:
            return self._find_or_compose(self.composed, ids, None)
        # takes half the time of Vectors.find
        rows = np.fromiter(map(self.table.key2row.get, ids, repeat(NO_ROW)), np.int64, len(ids))
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            rows[i] = self._substitute(ids[i])
        return rows

    def _find_or_compose(self, composed: ComposedRows, ids: list[int], texts: list[str] | None) -> Offsets:
        if not self.n_rows:
            return composed.find(ids, texts)
        rows = np.fromiter(map(self.table.key2row.get, ids, repeat(NO_ROW)), np.int64, len(ids))
        for i in np.flatnonzero(rows == NO_ROW).tolist():
            rows[i] = self.row_of_case(self._strings[ids[i]] if texts is None else texts[i])
        unknown = np.flatnonzero(rows == NO_ROW).tolist()
        numbers = composed.find([ids[i] for i in unknown], None if texts is None else [texts[i] for i in unknown])
        rows[unknown] = np.where(numbers == NO_ROW, NO_ROW, self.n_rows + numbers)
        return rows

    def _substitute(self, key: int) -> int:
        row = self._substitutes.get(key)
        if row is None:
            if len(self._substitutes) >= MAX_CACHED_SUBSTITUTES:
                self._substitutes.clear()
            word = self._strings[key]
            row = self._substitutes[key] = self.row_of_case(word)
            if row == NO_ROW and self._max_edits:
                row = self._substitutes[key] = self._row_of_spelling(word.lower())
        return row

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row of each word or of its lower, title or upper case, or of its composed vector, or NO_ROW."""
        if self.composed is not None:
            is_lower = self.table.mode == "floret" and self.table.attr == LOWER
            forms = [word.lower() for word in words] if is_lower else list(words)
            return self._find_or_compose(self.composed, list(map(get_string_id, forms)), forms)
        return np.fromiter(map(self.row_of_case, words), np.int64, len(words))

    def names(self, vocab: Any) -> WordVectors:
        """Return the names of the table's rows with their vectors. It takes a second for a million keys, once.

        Args:
            vocab: The vocab of the table. It is not kept.
        """
        if self._names is None:
            self._names = named_rows(vocab, "the pipeline")
        return self._names

    def name_of(self, row: int, vocab: Any) -> str | None:
        """Return the name of a row; None for NO_ROW, and for a vector that is composed or has no name."""
        if not 0 <= row < self.n_rows:
            return None
        names = self.names(vocab)
        place = int(names.word_of_row[row])
        return names.words[place] if place != NO_ROW else None

    def vectors_at(self, rows: Offsets) -> Vectors:
        """Return rows of the table or composed vectors, float32. NO_ROW gives any row."""
        if self.composed is None:
            return gather(self.table.data, rows).astype(np.float32, copy=False)
        if not self.n_rows:
            return self.composed.vectors[rows] if self.composed.ids else np.zeros((len(rows), self.table.shape[1]), "f")
        vectors = gather(self.table.data, np.where(rows < self.n_rows, rows, 0)).astype(np.float32, copy=False)
        is_composed = rows >= self.n_rows
        vectors[is_composed] = self.composed.vectors[rows[is_composed] - self.n_rows]
        return vectors

    def row_of_case(self, word: str) -> int:
        """Return the row of a word or of its lower, title or upper case in the table, or NO_ROW."""
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
