"""The rows of spaCy's vectors table by their names: each row once, under its last key, without the forms of words."""

from typing import Any

import numpy as np

from spacy_w2v.formats.spacy._frequencies import find_frequencies
from spacy_w2v.model._word_vectors import WordVectors


def named_rows(vocab: Any, name: str) -> WordVectors:  # Any: spaCy's Vocab has no types
    """Return the names of the rows of a vocab's table with their vectors.

    In a table of senses, they are keys such as "duck|NOUN", but not the form "duck". The memory of the vectors is
    shared, or they are copied from the GPU.

    Args:
        vocab: The vocab.
        name: Name in messages.
    """
    table, strings = vocab.vectors, vocab.strings
    names = {row: key for key, row in table.key2row.items() if row >= 0 and key in strings}
    rows = np.array(sorted(names), np.int64)
    frequencies = find_frequencies(vocab)
    return WordVectors(
        name,
        [strings[names[row]] for row in rows.tolist()],
        rows,
        table.data if isinstance(table.data, np.ndarray) else table.data.get(),
        counts=None if frequencies is None else frequencies.counts[rows],
        lang=vocab.lang,
    )
