"""word2vec's binary format: records of a word, a space, and the bytes of its vector; read and written."""

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
"""Between which all numbers of word vectors are, if they are not 0. Bytes of letters are often others."""


def read_binary(
    content: Content, rest: bytes, *, n_words: int, d: int, n_bytes_before: int
) -> tuple[list[str], Vectors, int]:
    """Return the words of a binary file and their vectors, n × d, and how many records were left out.

    A line break follows each vector, as word2vec writes it, or none, as gensim does. rest: what was read of it already,
    after the first line of n_bytes_before bytes. Raises StorageError with the word and the reason.
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
                f"{'a line break' if line_breaks else 'the next word'}. It is damaged, or no binary file of word2vec."
            )
        if not (block := content.read(block_bytes)) and n_read == 0:
            raise _cut(content, n_words, d)
        rest += block
    if rest.strip(b"\n") or content.read(1):
        raise StorageError(
            f"{content.name} must end with the last of the {n_words:,} words that its first line announces, but goes "
            "on. A word may have a space in it, which this format cannot hold, or the file is damaged."
        )
    return table.result()


def _cut(content: Content, n_words: int, d: int) -> StorageError:
    return StorageError(
        f"{content.name} must have {n_words:,} words of {d:,} dimensions as its first line says, but is too short. It "
        "is cut, or neither in word2vec's text format nor in its binary format."
    )


def _check_records(words: list[bytes], rows: Vectors, *, first: int, name: str) -> None:
    """Raise StorageError for numbers that are not finite, or that are the rest of a word with a space in it."""
    finite = np.logical_and.reduce(np.isfinite(rows), axis=1)
    sizes = np.abs(rows)
    odd = ~finite | ((rows != 0) & ((sizes < PLAUSIBLE[0]) | (sizes > PLAUSIBLE[1]))).any(axis=1)
    for place in np.flatnonzero(odd).tolist():
        word = words[place].decode("utf-8", errors="backslashreplace")
        text, space, _ = rows[place].tobytes().partition(b" ")
        if space and all(byte > 32 and byte != 127 for byte in text):
            both = f"{word} {text.decode('utf-8', errors='backslashreplace')}"
            raise StorageError(
                f"Words in word2vec's binary format must have no spaces, but word {first + place + 1:,} of {name} "
                f"seems to be {both!r}. Save it in another format."
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
            f"{rule} in UTF-8, but is: {word[:60]!r}. It was cut when it was written, the word before has a space in "
            "it, or the file is damaged."
        ) from None
    if not text or any(char < " " or char == "\x7f" for char in text):
        raise StorageError(
            f"{rule} a word, but is: {text[:60]!r}. The word before has a space in it, or the file is damaged."
        )
    return text


def records_of(names: list[str], rows: Vectors) -> bytes:
    """Return each word, a space, and its numbers as float32, little-endian."""
    content, n_bytes = np.ascontiguousarray(rows, "<f4").tobytes(), 4 * rows.shape[1]
    starts = range(0, len(content), n_bytes)
    return b"".join(
        chain.from_iterable(
            (name.encode(), b" ", content[start : start + n_bytes]) for name, start in zip(names, starts, strict=True)
        )
    )
