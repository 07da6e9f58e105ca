"""Files with a word and its numbers: word2vec's text and binary formats, and GloVe's, which has no first line."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.errors import StorageError
from spacy_w2v.types import Vectors

ROWS_AT_A_TIME = 10_000
"""Rows that are gathered before they become one array."""

_OF_NUMBERS = frozenset(b"0123456789+-.eEnaif \t\r\n")


def starts_as_text(path: Path) -> bool:
    """Tell whether a file has numbers in words, where word2vec's binary format has bytes of any value.

    The end of the first line is looked at, or of the second if the first is two whole numbers.
    """
    with _open(path) as file:
        head = file.readline(4096)
        if _is_header(head):
            head = file.read(4096)  # no line: a vector may begin with a line break
    end = head.split(b"\n")[0].rstrip().partition(b" ")[2][-16:]
    return not head or (set(end) <= _OF_NUMBERS and any(digit in end for digit in b"0123456789"))


def read_text_vectors(path: Path) -> tuple[list[str], Vectors]:
    """Return the words of a text file and their vectors, n × d.

    Each line has a word, which may have spaces in it, as some of GloVe's do, and d numbers. The first line may be the
    number of words and d, as in word2vec. Of a word that is there twice the first is taken. Raises StorageError.
    """
    words: dict[str, None] = {}
    blocks: list[Vectors] = []
    rows: list[Vectors] = []
    d = None
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and _is_header(line):
                d = int(line.split()[1])
                continue
            if not line.strip():
                continue
            d = d or len(line.split()) - 1
            parts = line.rstrip().rsplit(b" ", d)
            try:
                if len(parts) != d + 1:
                    raise ValueError(f"it has {len(parts) - 1}")
                row = np.array(parts[1:], np.float32)
            except ValueError as error:
                raise StorageError(f"Line {number} of {path} must be a word and {d} numbers: {error}") from None
            word = parts[0].decode("utf-8", errors="replace")
            if word in words:
                continue
            words[word] = None
            rows.append(row)
            if len(rows) == ROWS_AT_A_TIME:
                blocks.append(np.stack(rows))
                rows = []
    if rows:
        blocks.append(np.stack(rows))
    if not blocks:
        raise StorageError(f"{path} must have a line for each word, but has none.")
    return list(words), np.concatenate(blocks)


def read_binary_vectors(path: Path) -> tuple[list[str], Vectors]:
    """Return the words of a file in word2vec's binary format and their vectors, n × d. Raises StorageError."""
    from gensim.models import KeyedVectors

    try:
        keyed_vectors = KeyedVectors.load_word2vec_format(str(path), binary=True, unicode_errors="replace")
    except (OSError, EOFError, ValueError) as error:
        raise StorageError(
            f"{path} must be in word2vec's text or binary format, GloVe's, or saved by gensim, but is not: {error}"
        ) from error
    return list(keyed_vectors.index_to_key), keyed_vectors.vectors


def _open(path: Path) -> Any:  # Any: smart_open has no types
    """Open a file, decompressed by what its name ends in."""
    from gensim.utils import open as open_any

    return open_any(str(path), "rb")


def _is_header(line: bytes) -> bool:
    fields = line.split()
    return len(fields) == 2 and all(field.isdigit() for field in fields)
