"""Word vectors in the table of a spaCy pipeline: which rows there are, and of which words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import NAMES
from thinc.util import to_numpy

from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._frequencies import find_frequencies
from spacy_w2v.model._word_vectors import WordVectors


def has_rows_of_words(table: Any) -> bool:
    """Return whether a table is of spaCy's own kind with a row for each word: not floret, nor of another class."""
    from spacy.vectors import Vectors

    return isinstance(table, Vectors) and table.mode == "default"


def rows_by_frequency(table: Any) -> NDArray[np.int64]:  # Any: spaCy's Vectors has no types
    """Return the rows that words have, those of the most frequent words first, as far as the table shows.

    That is the order of the rows. But where several were equal, `spacy init vectors` has left one of them, and sorted
    all by their numbers (`Vocab.deduplicate_vectors`): then it is the order of the keys, still that of the file.
    """
    rows = np.fromiter((row for row in table.key2row.values() if row >= 0), np.int64)
    first = to_numpy(table.data[:, 0])
    if not np.all(first[:-1] <= first[1:]):
        return np.unique(rows)
    used, places = np.unique(rows, return_index=True)
    return used[np.argsort(places)]


def word_vectors_of_pipeline(nlp: Any, name: str, *, remedy: str = "") -> WordVectors:
    """Return the words of a pipeline's table with their vectors, whose memory is shared; those of a GPU are copied.

    Args:
        nlp: The pipeline. (Any: spaCy's stubs say less than we use.)
        name: What messages call it.
        remedy: What to do where it has no vectors, for the error.

    Returns:
        The words; their counts are known where the table is an export of ours.

    Raises:
        ConfigError: The table has no words.
    """
    table = nlp.vocab.vectors
    if not has_rows_of_words(table):
        raise ConfigError(
            f"Word vectors must be a table with a row for each word, but {name} has others (floret, or of a class of "
            "its own)."
        )
    strings = nlp.vocab.strings
    found = {strings[key]: row for key, row in table.key2row.items() if row >= 0 and key in strings}
    if not found:
        raise ConfigError(f"Word vectors must have words, but {name} has no vectors. {remedy}".rstrip())
    order = rows_by_frequency(table)
    places = np.zeros(len(table.data), np.int64)
    places[order] = np.arange(len(order))
    words = sorted(found, key=lambda word: places[found[word]])
    rows = np.array([found[word] for word in words], np.int64)
    frequencies = find_frequencies(nlp.vocab)
    return WordVectors(
        name,
        words,
        rows,
        table.data if isinstance(table.data, np.ndarray) else table.data.get(),
        counts=None if frequencies is None else frequencies.counts[rows],
        attr=NAMES[table.attr],
        lang=nlp.lang,
        nlp=nlp,
    )
