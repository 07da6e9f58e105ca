"""The keys of spaCy's table: the texts that find a vector, as arrays, since Python's objects take ten times the memory.

spaCy's own table has a dict of some 130 bytes for each key, and its strings another 250.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from spacy.strings import get_string_id

from spacy_w2v.model._vocabulary import Vocabulary

WORDS_AT_A_TIME = 100_000


class TableKeys(NamedTuple):
    """The keys of a table, each once, in the order in which spaCy keeps them: the last key of a row names it."""

    texts: pa.LargeStringArray
    ids: NDArray[np.uint64]
    """The hash of each text among spaCy's strings."""
    rows: NDArray[np.int64]

    def take(self, places: NDArray[np.int64]) -> "TableKeys":
        """Return some of them, in another order."""
        return TableKeys(self.texts.take(pa.array(places)), self.ids[places], self.rows[places])

    def blocks(self) -> Iterator["TableKeys"]:
        """Yield some at a time."""
        for start in range(0, len(self.ids), WORDS_AT_A_TIME):
            some = slice(start, start + WORDS_AT_A_TIME)
            yield TableKeys(self.texts[some], self.ids[some], self.rows[some])


def spacy_keys(vocabulary: Vocabulary, *, attr: str) -> TableKeys:
    """Return the texts that find a vector in spaCy's table.

    spaCy looks vectors up by ORTH, so for other attributes each word has several keys: the forms that the corpus has,
    and for LOWER also the word in upper case, in title case and capitalised, so that a form which the corpus happens
    to lack is found too. The word itself comes last, for spaCy names a row by its last key. A form that stands for
    several words (with NORM) goes to the one it stands for most often.
    """
    # Also for ORTH, where words differ from their forms if numbers or URLs are shapes.
    forms = vocabulary.forms.sort_by([("count", "descending"), ("word", "ascending")])
    parts = [
        _hashed(some["orth"].to_pylist(), some["word"].to_numpy())
        for some in (forms.slice(start, WORDS_AT_A_TIME) for start in range(0, len(forms), WORDS_AT_A_TIME))
    ]
    if attr == "LOWER":
        parts += _case_variants(vocabulary.words)
    n_forms = sum(len(part.ids) for part in parts)
    parts += [_hashed(some, np.arange(start, start + len(some))) for start, some in _blocks_of(vocabulary.words)]
    return _each_once(_joined(parts), n_forms)


def _blocks_of(words: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the place of the first of some words, and these words."""
    for start in range(0, len(words), WORDS_AT_A_TIME):
        yield start, words[start : start + WORDS_AT_A_TIME]


def _hashed(texts: list[str], rows: NDArray[np.integer]) -> TableKeys:
    ids = np.fromiter(map(get_string_id, texts), np.uint64, len(texts))
    return TableKeys(pa.array(texts, pa.large_string()), ids, rows.astype(np.int64))


def _case_variants(words: list[str]) -> Iterator[TableKeys]:
    """Yield the words in other cases that Python, and so spaCy, takes back to the word."""
    for start, some in _blocks_of(words):
        variants = [
            (variant, row)
            for row, word in enumerate(some, start)
            for variant in dict.fromkeys((word.upper(), word.title(), word.capitalize()))
            if variant != word and variant.lower() == word
        ]
        yield _hashed([variant for variant, _ in variants], np.array([row for _, row in variants], np.int64))


def _joined(parts: list[TableKeys]) -> TableKeys:
    texts = pa.chunked_array([part.texts for part in parts], pa.large_string()).combine_chunks()
    ids, rows = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "rows"))
    return TableKeys(texts, ids, rows)


def _each_once(keys: TableKeys, n_forms: int) -> TableKeys:
    """Return keys each once: the first of several, save that a word comes last if its text is not taken for another.

    n_forms: so many are forms and variants; the rest are words, which differ from each other.
    """
    _, first, inverse = np.unique(keys.ids, return_index=True, return_inverse=True)  # of equal keys the first
    is_own = keys.rows[first[inverse[n_forms:]]] == keys.rows[n_forms:]
    own = n_forms + np.flatnonzero(is_own)
    others = first[first < n_forms]
    others = np.sort(others[~np.isin(keys.ids[others], keys.ids[own])])
    return keys.take(np.concatenate((others, own)))
