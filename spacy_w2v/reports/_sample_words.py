"""Words whose neighbours a report shows: frequent ones, some in the middle, and rare ones."""

from collections.abc import Collection, Sequence

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.model._card import MIN_RANK
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._words import words_of_rows

N_WORDS = 5
"""Words of each kind."""

ENGLISH_WORDS = ("french", "king", "city", "war", "computer")
"""Frequent words that are shown of English vectors."""

NAMES_OF_BANDS = ("Frequent words", "Words in the middle", "Rare words")

FIRST_OF_MIDDLE, FIRST_OF_RARE = 0.15, 0.9
"""Where the other two kinds begin, as shares of the vocabulary, most frequent words first."""


def words_of_bands(
    vectors: WordVectors, *, lang: str | None, without: Sequence[int] = ()
) -> tuple[list[int], list[int], list[int]]:
    """Return places of frequent words, of words in the middle, and of rare words. No word is in two of them.

    Args:
        vectors: The vectors.
        lang: Their language; None if unknown.
        without: Places of words that are shown in any case.
    """
    known = [vectors.index[word] for word in ENGLISH_WORDS if word in vectors] if lang == "en" else []
    places = one_word_per_row(vectors)
    firsts = (MIN_RANK, *(max(MIN_RANK, int(share * len(places))) for share in (FIRST_OF_MIDDLE, FIRST_OF_RARE)))
    frequent = [place for place in known if place not in without]
    frequent = frequent or _letters_only(vectors, places[firsts[0] :], without=without)
    middle = _letters_only(vectors, places[firsts[1] :], without=[*without, *frequent])
    return frequent, middle, _letters_only(vectors, places[firsts[2] :], without=[*without, *frequent, *middle])


def _letters_only(vectors: WordVectors, places: Offsets, *, without: Collection[int] = ()) -> list[int]:
    """Return the first places of words that have letters only."""
    found: list[int] = []
    for place in places.tolist():
        if len(found) == N_WORDS:
            break
        if place not in without and vectors.words[place].isalpha():
            found.append(place)
    return found


def one_word_per_row(vectors: WordVectors) -> Offsets:
    """Return the words, int64, one for each row, most frequent first: see `words_of_rows`."""
    return np.arange(len(vectors)) if vectors.in_order else words_of_rows(vectors, n_words=len(vectors))
