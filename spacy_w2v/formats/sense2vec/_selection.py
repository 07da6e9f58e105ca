"""The keys that a directory of sense2vec can hold: words with a sense, the most frequent first."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Counts, Offsets
from spacy_w2v.formats._names import names_without_spaces
from spacy_w2v.formats.sense2vec._words import check_senses
from spacy_w2v.keys._sense_names import split_sense


class Selection(NamedTuple):
    """Some of the words of vectors."""

    places: Offsets
    """int64; their places among the words."""
    names: list[str]
    """Their names for sense2vec, which have an underscore for each space."""
    senses: list[str]
    """All their senses, sorted."""


def select_senses(words: Sequence[str], *, counts: Counts | None = None, max_vectors: int | None = None) -> Selection:
    """Return the words that have a sense, such as "duck|NOUN". Words of a table may also be texts, such as "duck".

    Args:
        words: The words.
        counts: The number of tokens of each of them, if it is known.
        max_vectors: The number of words to keep, the most frequent ones; None for all.

    Raises:
        ConfigError: No word has a sense, or hardly any.
    """
    found = [(place, split[1]) for place, split in enumerate(map(split_sense, words)) if split is not None]
    check_senses(words, n_with=len(found))
    places = np.array([place for place, _ in found], np.int64)
    if counts is not None:
        places = places[np.argsort(-np.asarray(counts)[places], kind="stable")]
    places = places[:max_vectors]
    sense_of = dict(found)
    names = names_without_spaces([words[place] for place in places.tolist()], "underscore")
    return Selection(places, names, sorted({sense_of[place] for place in places.tolist()}))
