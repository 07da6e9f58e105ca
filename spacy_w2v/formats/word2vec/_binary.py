"""Reading and writing word2vec's binary format, whose records are a word, a space, and the bytes of its vector."""

from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.kernels._vector_files import read_records
from spacy_w2v.formats.word2vec._contents import BLOCK_BYTES, Content
from spacy_w2v.formats.word2vec._text import Table

MAX_WORD_BYTES = 1 << 16

PLAUSIBLE = (1e-15, 1e9)
"""Range of nonzero numbers in word vectors. Bytes of letters often decode to numbers outside it."""


def read_binary(
    content: Content, rest: bytes, *, n_words: int, d: int, n_bytes_before: int
) -> tuple[list[str], Vectors, int]:
    """Read a binary file. Vectors may be followed by line breaks, as in word2vec's files, or not, as in gensim's.

    Args:
        content: The file.
        rest: What has already been read after the first line.
        n_words: Number of words in the first line.
        d: Number of dimensions in the first line.
        n_bytes_before: Length of the first line.

    Returns:
        The words, their vectors (n × d), and the number of skipped duplicates.

    Raises:
        StorageError: The file is damaged or in another format. The error names the word.
    """
    least = n_words * (4 * d + 2)
    if content.n_bytes is not None and content.n_bytes - n_bytes_before < least:
        raise _cut(content, n_words, d)
    room = n_words if content.n_bytes is not None else min(n_words, len(rest) // (4 * d + 2) + 1)
    table = Table(content.name, np.empty((room, d), np.float32))
    block_bytes = max(BLOCK_BYTES, 4 * d + MAX_WORD_BYTES)
    while len(rest) < block_bytes and (block := content.read(block_bytes)):
        rest += block
    line_breaks = int(rest[rest.find(b" ") + 1 + 4 * d :][:1] == b"\n")
    n_rows = min(n_words, len(rest) // (4 * d + 2) + 1)
    rows: Vectors = np.empty((n_rows, d), "<f4")
    places: NDArray[np.int64] = np.empty((n_rows, 2), np.int64)
    taken: NDArray[np.int64] = np.empty(1, np.int64)
    while table.n_read < n_words:
        n_left = n_words - table.n_read
        n_read = read_records(
            np.frombuffer(rest, np.uint8), line_breaks, places[:n_left], rows[:n_left].view(np.uint8), taken
        )
        words = [rest[first:stop] for first, stop in places[:n_read].tolist()]
        _check_records(words, rows[:n_read], first=table.n_read, name=content.name)
        table.add(
            [_decoded(word, number, content.name) for word, number in zip(words, count(table.n_read + 1))],
            rows[:n_read],
        )
        rest = rest[int(taken[0]) :]
        if n_read == 0 and len(rest) > block_bytes:
            raise StorageError(
                f"Word {table.n_read + 1:,} of {content.name} must end in a space, and its vector in "
                f"{'a line break' if line_breaks else 'the next word'}. The file is damaged, or not in word2vec's "
                "binary format."
            )
        if not (block := content.read(block_bytes)) and n_read == 0:
            raise _cut(content, n_words, d)
        rest += block
    if rest.strip(b"\n") or content.read(1):
        raise StorageError(
            f"{content.name} must end after the {n_words:,} words that its first line announces, but has more. A word "
            "may contain a space, which this format does not allow, or the file is damaged."
        )
    return table.result()


def _cut(content: Content, n_words: int, d: int) -> StorageError:
    return StorageError(
        f"{content.name} must have {n_words:,} words of {d:,} dimensions as its first line says, but is too short. It "
        "is truncated, or in neither word2vec's text format nor its binary format."
    )


def _check_records(words: list[bytes], rows: Vectors, *, first: int, name: str) -> None:
    """Raise StorageError for numbers that are not finite, or that are bytes of a word with a space in it.

    Args:
        words: The words.
        rows: Their vectors.
        first: Number of the first word in the file, from 0.
        name: Name of the file.
    """
    finite = np.logical_and.reduce(np.isfinite(rows), axis=1)
    sizes = np.abs(rows)
    odd = ~finite | ((rows != 0) & ((sizes < PLAUSIBLE[0]) | (sizes > PLAUSIBLE[1]))).any(axis=1)
    for place in np.flatnonzero(odd).tolist():
        word = words[place].decode("utf-8", errors="backslashreplace")
        text, space, _ = rows[place].tobytes().partition(b" ")
        if space and all(byte > 32 and byte != 127 for byte in text):
            both = f"{word} {text.decode('utf-8', errors='backslashreplace')}"
            raise StorageError(
                f"Words must not contain spaces in word2vec's binary format, but word {first + place + 1:,} of {name} "
                f"seems to be {both!r}. Save the vectors in another format."
            )
        if not finite[place]:
            raise StorageError(
                f"Vectors must be finite numbers, but that of word {first + place + 1:,}, {word!r}, in {name} is not."
            )


def _decoded(word: bytes, number: int, name: str) -> str:
    rule = f"Word {number:,} of {name} must be"
    try:
        text = word.decode("utf-8")
    except UnicodeDecodeError:
        raise StorageError(
            f"{rule} valid UTF-8, but is: {word[:60]!r}. It was truncated when it was written, the word before "
            "contains a space, or the file is damaged."
        ) from None
    if not text or any(char < " " or char == "\x7f" for char in text):
        raise StorageError(
            f"{rule} a word, but is: {text[:60]!r}. The word before contains a space, or the file is damaged."
        )
    return text


def encode_records(names: list[str], rows: Vectors) -> bytes:
    """Encode words and vectors: each word, a space, and its numbers as little-endian float32."""
    content, n_bytes = np.ascontiguousarray(rows, "<f4").tobytes(), 4 * rows.shape[1]
    starts = range(0, len(content), n_bytes)
    return b"".join(
        chain.from_iterable(
            (name.encode(), b" ", content[start : start + n_bytes]) for name, start in zip(names, starts, strict=True)
        )
    )
