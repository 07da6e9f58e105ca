"""spaCy's vectors table in the mode floret, made of the rows of subwords.

spaCy composes the vector of every string from it, without this package. The table has no list of words. The words of
the vocabulary are therefore kept beside it, in `nlp.vocab.lookups`, with their counts: for lists of neighbours, for
scores, and for the weights of words in documents. spaCy needs neither.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.vectors import BaseVectors, Vectors
from thinc.util import to_numpy

from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.formats._matrices import write_matrix
from spacy_w2v.formats.spacy._floret_words import store_words
from spacy_w2v.model._composition import subwords_of_mode

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.subwords._table import SubwordTable


SETTINGS = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow", "attr")
"""The settings of spaCy's table that decide which rows make a vector."""


def without_subwords(vectors: "WordVectors") -> "WordVectors":
    """Return vectors of the same words only, for a table of words."""
    return replace(vectors, trained_subwords=None)


def floret_table(subwords: "SubwordTable", *, strings: Any, attr: str, name: str) -> Vectors:
    """Return spaCy's table of the rows of all buckets. Those that were never trained are zero.

    Args:
        subwords: The trained rows.
        strings: The string store of the vocab.
        attr: The token attribute that words are: spaCy looks up a token by it.
        name: The name of the table.
    """
    data = np.concatenate([np.zeros((0, subwords.vector_size), np.float32), *subwords.blocks_of_all_buckets()])
    return Vectors(strings=strings, data=data, name=name, **_settings_of(subwords.settings, attr))


def _settings_of(settings: SubwordSettings, attr: str) -> dict[str, Any]:  # Any: arguments of spaCy's Vectors
    """Return the settings of subwords as arguments of spaCy's table."""
    return {
        "mode": "floret",
        "minn": settings.min_n,
        "maxn": settings.max_n,
        "hash_count": settings.hashes,
        "hash_seed": settings.hash_seed,
        "bow": settings.bow,
        "eow": settings.eow,
        "attr": attr,
    }


def is_floret_of(table: Any, subwords: "SubwordTable", *, attr: str | None) -> bool:  # Any: a table of any class
    """Return whether a table of spaCy has just these rows of subwords."""
    if not isinstance(table, Vectors) or table.mode != "floret":
        return False
    expected = Vectors(data=np.zeros((1, 1), np.float32), **_settings_of(subwords.settings, attr or "ORTH"))
    same_settings = all(getattr(table, name) == getattr(expected, name) for name in SETTINGS)
    if not same_settings or table.shape != (subwords.settings.buckets, subwords.vector_size):
        return False
    data, start = to_numpy(table.data), 0
    for block in subwords.blocks_of_all_buckets():
        if not np.array_equal(data[start : start + len(block)], block):
            return False
        start += len(block)
    return True


class FloretTableOnDisk(BaseVectors):  # type: ignore[misc]  # spaCy's classes have no types
    """A table in the mode floret that can only be saved, without having all of its rows in memory."""

    mode = "floret"

    def __init__(self, subwords: "SubwordTable", *, attr: str, name: str) -> None:
        """Create the table; see `floret_table`."""
        self.subwords = subwords
        self.name = name
        self._settings = _settings_of(subwords.settings, attr)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and dimensions."""
        return self.subwords.settings.buckets, self.subwords.vector_size

    @property
    def vectors_length(self) -> int:
        """Number of dimensions."""
        return self.subwords.vector_size

    @property
    def n_keys(self) -> int:
        """-1, as in spaCy: all strings have a vector."""
        return -1

    def to_disk(self, path: Path, *, exclude: Collection[str] = ()) -> None:
        """Write rows, settings and strings to the directory of a vocab.

        Args:
            path: The directory.
            exclude: Ignored.
        """
        strings = self.strings  # spaCy sets those of the vocab
        first = np.zeros((1, self.vectors_length), np.float32)
        Vectors(strings=strings, data=first, **self._settings).to_disk(path)
        write_matrix(path / "vectors", self.subwords.blocks_of_all_buckets(), shape=self.shape, dtype="float32")


def store_words_of_model(nlp: "Language", vectors: "WordVectors") -> None:
    """Store the words of a model and their counts in a pipeline with its table in the mode floret."""
    subwords = subwords_of_mode(vectors, "floret")
    assert vectors.model is not None, "these vectors belong to a model"
    assert subwords is not None, "the table has subwords"
    for word in vectors.words:
        nlp.vocab.strings.add(word)
    store_words(nlp.vocab, vectors, subwords, n_tokens=vectors.model.record.corpus.n_tokens)
