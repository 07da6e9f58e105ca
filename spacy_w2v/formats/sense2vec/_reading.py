"""Reading directories of sense2vec, which nothing in them can make run code."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id
from srsly import msgpack
from srsly.msgpack.exceptions import UnpackException

from spacy_w2v._arrays import Counts
from spacy_w2v._atomic import parse_json, read_bounded
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.sense2vec._layout import CONFIG_FILE, COUNTS_FILE, ROWS_FILE, STRINGS_FILE, VECTORS_FILE
from spacy_w2v.model._arrays import read_matrix
from spacy_w2v.model._word_vectors import WordVectors

MAX_BYTES = 2**32
"""The largest file of keys or counts that is read. Those of 3 million keys have some 100 MB."""

MAX_COUNT = 2**62


def read_sense2vec(path: Path, name: str) -> WordVectors:
    """Read the keys, vectors and counts of a directory of sense2vec. The cache of neighbours is not read.

    Args:
        path: The directory.
        name: The name in messages.

    Returns:
        The keys, the most frequent first, and their vectors, which are memory-mapped.

    Raises:
        StorageError: A file is missing or damaged.
    """
    matrix = read_matrix(path / VECTORS_FILE)
    config = parse_json(read_bounded(path / CONFIG_FILE), name=str(path / CONFIG_FILE))
    if not isinstance(config, dict):
        raise StorageError(f"{path / CONFIG_FILE} must be a JSON object, but is not. It is damaged.")
    row_of_id = _read_rows(path / ROWS_FILE, n_rows=len(matrix))
    found = {text: row for text in _read_strings(path) if (row := row_of_id.get(get_string_id(text))) is not None}
    if not found:
        raise StorageError(
            f"{path} must have the names of its {len(row_of_id):,} keys in {STRINGS_FILE}, but has none of them. It is "
            "damaged, or the directory of a component, which sense2vec saves without names. Name the directory that "
            "the component was loaded from."
        )
    rows = np.fromiter(found.values(), np.int64, len(found))
    counts = _read_counts(path / COUNTS_FILE, list(found))
    order = np.lexsort((rows, -counts)) if counts is not None else np.argsort(rows, kind="stable")
    keys = list(found)
    return WordVectors(
        name,
        [keys[place] for place in order.tolist()],
        rows[order],
        matrix,
        counts=None if counts is None else counts[order],
        attr="KEY",
    )


def _read_rows(path: Path, *, n_rows: int) -> dict[int, int]:
    """Return the row of each key by its hash, as far as it has one.

    Raises:
        StorageError: The file is anything else. srsly's own reader would unpickle what a file tells it to.
    """
    content = read_bounded(path, max_bytes=MAX_BYTES)
    try:
        pairs = msgpack.unpackb(content, object_pairs_hook=list)  # without srsly's reader of arrays
    except (UnpackException, ValueError, TypeError, RecursionError) as error:
        raise StorageError(f"{path} must be a map in msgpack's format, but is damaged: {error}") from None
    is_map = isinstance(pairs, list) and all(
        isinstance(pair, tuple) and len(pair) == 2 and all(type(number) is int for number in pair) for pair in pairs
    )
    if not is_map or any(row >= n_rows for _, row in pairs):
        raise StorageError(f"{path} must have a row below {n_rows:,} for each key, but has not. It is damaged.")
    return {key: row for key, row in pairs if row >= 0}


def _read_strings(path: Path) -> list[str]:
    """Return the names in strings.json; none if there is no such file. Raises StorageError if it is damaged."""
    file = path / STRINGS_FILE
    if not file.is_file():
        return []
    strings = parse_json(read_bounded(file, max_bytes=MAX_BYTES), name=str(file))
    if not isinstance(strings, list) or not all(isinstance(text, str) and _is_unicode(text) for text in strings):
        raise StorageError(f"{file} must be a list of strings in valid Unicode, but is not. It is damaged.")
    return strings


def _is_unicode(text: str) -> bool:
    """Return whether a string can be written as UTF-8. JSON may have halves of characters."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _read_counts(path: Path, keys: list[str]) -> Counts | None:
    """Return the count of each key, 0 for one without; None if there are no counts. Raises StorageError."""
    if not path.is_file():
        return None
    values = parse_json(read_bounded(path, max_bytes=MAX_BYTES), name=str(path))
    is_list = isinstance(values, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and type(pair[0]) is int
        and (pair[1] is None or (type(pair[1]) is int and 0 <= pair[1] <= MAX_COUNT))
        for pair in values
    )
    if not is_list:
        raise StorageError(f"{path} must be a list of keys and their counts, but is not. It is damaged.")
    count_of = dict(values)
    counts: NDArray[np.int64] = np.fromiter((count_of.get(get_string_id(key)) or 0 for key in keys), np.int64)
    return counts if counts.any() else None
