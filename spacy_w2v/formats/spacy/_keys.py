"""The keys of spaCy's vectors table, as arrays, which take a tenth of the memory of Python objects.

spaCy's own table takes some 130 bytes for each key in a dict, and another 250 for its string.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from spacy.strings import get_string_id

from spacy_w2v.keys._sense_names import have_senses, texts_of_keys
from spacy_w2v.model._lookup import cases_of
from spacy_w2v.model._senses import KEYED
from spacy_w2v.model._vocabulary import Vocabulary

WORDS_PER_BLOCK = 100_000


class TableKeys(NamedTuple):
    """The distinct keys of a table, in spaCy's order: the last key of a row is its name."""

    texts: pa.LargeStringArray
    ids: NDArray[np.uint64]
    """The id of each text in spaCy's string store, which is its hash."""
    rows: NDArray[np.int64]

    def take(self, places: NDArray[np.int64]) -> "TableKeys":
        """Return the keys at some positions, in that order."""
        return TableKeys(self.texts.take(pa.array(places)), self.ids[places], self.rows[places])

    def blocks(self) -> Iterator["TableKeys"]:
        """Yield the keys in blocks."""
        for start in range(0, len(self.ids), WORDS_PER_BLOCK):
            some = slice(start, start + WORDS_PER_BLOCK)
            yield TableKeys(self.texts[some], self.ids[some], self.rows[some])


def spacy_keys(vocabulary: Vocabulary, *, attr: str) -> TableKeys:
    """Return the keys of a vocabulary in spaCy's vectors table.

    spaCy looks up vectors by ORTH. For other attributes, each word therefore has several keys: its forms in the corpus
    and, for LOWER, also its upper case, title case and capitalized forms, which the corpus may lack. The word itself
    comes last, because spaCy takes the last key as the name of a row. With NORM, a form may belong to several words. It
    is the key of the one for which it is most frequent. With LEMMA and other keys, forms also have their upper case,
    title case and capitalized forms, unless these are forms themselves: "ducks" of "duck|NOUN" lets "DUCKS" be found.
    The text of a key with a sense is a key too, even if the corpus lacks it: "duck" of "duck|NOUN".

    Args:
        vocabulary: The vocabulary.
        attr: What its words are, as in `[w2v.tokens]`.
    """
    # Needed for ORTH as well: words differ from their forms if numbers or URLs are replaced by shapes.
    forms = vocabulary.forms.sort_by([("count", "descending"), ("word", "ascending")])
    parts = [
        _hashed(some["orth"].to_pylist(), some["word"].to_numpy())
        for some in (forms.slice(start, WORDS_PER_BLOCK) for start in range(0, len(forms), WORDS_PER_BLOCK))
    ]
    if attr in KEYED or have_senses(vocabulary.words):
        parts += _further_texts(parts, vocabulary.words)
    elif attr == "LOWER":
        parts += _case_variants(vocabulary.words)
    n_forms = sum(len(part.ids) for part in parts)
    parts += [_hashed(some, np.arange(start, start + len(some))) for start, some in _blocks_of(vocabulary.words)]
    return _each_once(_joined(parts), n_forms)


def _blocks_of(words: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield blocks of words, each with the position of its first word."""
    for start in range(0, len(words), WORDS_PER_BLOCK):
        yield start, words[start : start + WORDS_PER_BLOCK]


def _hashed(texts: list[str], rows: NDArray[np.integer]) -> TableKeys:
    ids = np.fromiter(map(get_string_id, texts), np.uint64, len(texts))
    return TableKeys(pa.array(texts, pa.large_string()), ids, rows.astype(np.int64))


def _case_variants(words: list[str]) -> Iterator[TableKeys]:
    """Yield variants of words in upper and title case whose lower case is the word again, in Python and in spaCy."""
    for start, some in _blocks_of(words):
        variants = [
            (variant, row)
            for row, word in enumerate(some, start)
            for variant in dict.fromkeys((word.upper(), word.title(), word.capitalize()))
            if variant != word and variant.lower() == word
        ]
        yield _hashed([variant for variant, _ in variants], np.array([row for _, row in variants], np.int64))


def _further_texts(forms: list[TableKeys], words: list[str]) -> Iterator[TableKeys]:
    """Yield texts besides the forms, for the row that `WordVectors.rows_of` finds for them.

    They are the texts of keys with a sense, and variants of all texts in upper and title case.

    Args:
        forms: The forms of all words, the most frequent first.
        words: The words, which are texts as well.
    """
    row_of: dict[str, int] = {}
    for part in forms:
        for text, row in zip(part.texts.to_pylist(), part.rows.tolist(), strict=True):
            row_of.setdefault(text, row)
    n_forms = len(row_of)
    for texts in (words, texts_of_keys(words)):
        for row, text in enumerate(texts):
            row_of.setdefault(text, row)
    texts = list(row_of)
    for start in range(0, len(texts), WORDS_PER_BLOCK):
        some = texts[start : start + WORDS_PER_BLOCK]
        found = [(text, row_of[text]) for text in some[max(0, n_forms - start) :]]
        found += [
            (variant, row_of[text])
            for text in some
            for variant in dict.fromkeys((text.upper(), text.title(), text.capitalize()))
            if variant not in row_of and text == next((case for case in cases_of(variant)[1:] if case in row_of), None)
        ]
        yield _hashed([text for text, _ in found], np.array([row for _, row in found], np.int64))


def _joined(parts: list[TableKeys]) -> TableKeys:
    texts = pa.chunked_array([part.texts for part in parts], pa.large_string()).combine_chunks()
    ids, rows = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "rows"))
    return TableKeys(texts, ids, rows)


def _each_once(keys: TableKeys, n_forms: int) -> TableKeys:
    """Remove duplicate keys. The first one is kept, but a word is moved to the end if its text is no form of another.

    Args:
        keys: The keys: first forms and variants, then words, which are distinct.
        n_forms: How many of them are forms and variants.
    """
    _, first, inverse = np.unique(keys.ids, return_index=True, return_inverse=True)  # the first of equal keys
    is_own = keys.rows[first[inverse[n_forms:]]] == keys.rows[n_forms:]
    own = n_forms + np.flatnonzero(is_own)
    others = first[first < n_forms]
    others = np.sort(others[~np.isin(keys.ids[others], keys.ids[own])])
    return keys.take(np.concatenate((others, own)))
