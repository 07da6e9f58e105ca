"""Word vectors with subwords from files of fastText and floret."""

from pathlib import Path

import numpy as np

from spacy_w2v.formats.fasttext._floret import is_floret, read_floret
from spacy_w2v.formats.fasttext._reading import is_fasttext, read_fasttext
from spacy_w2v.formats.word2vec._contents import open_content
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.subwords._table import SubwordTable

HEAD_BYTES = 4096
"""Bytes by which files of fastText and floret are recognized."""


def word_vectors_of_subwords(path: Path, name: str) -> WordVectors | None:
    """Return the vectors of a file of fastText (.bin) or floret (.floret), or None if it is neither.

    Args:
        path: The file, which may be compressed.
        name: Name in messages.

    Raises:
        StorageError: The file is damaged.
    """
    with open_content(path) as content:
        head = content.read(HEAD_BYTES)
    if is_fasttext(head):
        words, counts, matrix, table = read_fasttext(path)
        return WordVectors(name, words, np.arange(len(words)), matrix, counts=counts, trained_subwords=table)
    return without_words(read_floret(path), name) if is_floret(head) else None


def without_words(table: SubwordTable, name: str) -> WordVectors:
    """Return the vectors of a table of floret, which composes those of all strings, but has no list of words."""
    matrix = np.empty((0, table.vector_size), np.float32)
    return WordVectors(name, [], np.zeros(0, np.int64), matrix, trained_subwords=table)
