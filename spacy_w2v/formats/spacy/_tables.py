"""The rows in the table of a spaCy pipeline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.util import to_numpy


def has_rows_of_words(table: Any) -> bool:
    """Return whether a table is of spaCy's own kind with a row for each word: not floret, nor of a class of others."""
    from spacy.vectors import Vectors

    return isinstance(table, Vectors) and table.mode == "default"


def rows_by_frequency(table: Any) -> NDArray[np.int64]:  # Any: spaCy's Vectors has no types
    """Return the rows that words have, those of the most frequent words first, as far as the table tells.

    That is the order of the rows. But where several were equal, `spacy init vectors` has left one of them, and sorted
    all by their numbers (`Vocab.deduplicate_vectors`): then it is the order of the keys, still that of the file.
    """
    rows = np.fromiter((row for row in table.key2row.values() if row >= 0), np.int64)
    first = to_numpy(table.data[:, 0])
    if not np.all(first[:-1] <= first[1:]):
        return np.unique(rows)
    used, places = np.unique(rows, return_index=True)
    return used[np.argsort(places)]
