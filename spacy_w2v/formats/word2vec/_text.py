"""Reading and writing text formats, whose lines are a word and its numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.kernels._vector_files import POWERS, read_lines
from spacy_w2v.formats.word2vec._contents import BLOCK_BYTES, Content

GROWTH = 1.125
"""Factor by which a matrix grows if a file has more rows than estimated."""

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(rb"[+-]?[\d.,]*\d[\d.,eE+-]*|[+-]|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_BLANK = re.compile(rb"[ \t]")
_NOT_IN_WORDS = re.compile(rb"[ \t\r\0]")


class Layout(NamedTuple):
    """The layout of the lines of a file."""

    separator: bytes
    """A space or a tab."""
    d: int
    """Number of dimensions."""
    n_words: int | None
    """Number of words in the header; None without a header."""
    first_line: int
    """Number of the first line after the header, from 1."""


def is_number(text: bytes) -> bool:
    """Return whether a text is a decimal number, nan or infinity."""
    return _NUMBER.fullmatch(text) is not None


def split_line(line: bytes, separator: bytes) -> list[bytes]:
    """Split a line. Separators and a carriage return at its end are ignored."""
    return line.removesuffix(b"\n").removesuffix(b"\r").rstrip(separator).split(separator)


@dataclass
class Table:
    """Words and vectors while a file is being read."""

    name: str
    """Name of the file."""
    vectors: Vectors
    """The vectors, with room for more."""
    words: dict[str, None] = field(default_factory=dict)
    n_read: int = 0
    """Words read so far, including duplicates."""

    def add(self, words: list[str], rows: Vectors) -> None:
        """Add words and their vectors, except duplicates."""
        n_before = len(self.words)
        fresh = np.ones(len(words), bool)
        for place, word in enumerate(words):
            if word in self.words:
                fresh[place] = False
            else:
                self.words[word] = None
        n_now = len(self.words)
        if n_now > len(self.vectors):
            self._resize(max(n_now, int(GROWTH * len(self.vectors))))
        self.vectors[n_before:n_now] = rows if n_now - n_before == len(words) else rows[fresh]
        self.n_read += len(words)

    def result(self) -> tuple[list[str], Vectors, int]:
        """Return the words, their vectors, and the number of skipped duplicates."""
        self._resize(len(self.words))
        return list(self.words), self.vectors, self.n_read - len(self.words)

    def _resize(self, n_rows: int) -> None:
        self.vectors.resize((n_rows, self.vectors.shape[1]), refcheck=False)  # in place if the system can do it


def read_text(content: Content, rest: bytes, layout: Layout) -> tuple[list[str], Vectors, int]:
    """Read a text file.

    Args:
        content: The file.
        rest: What has already been read after the header.
        layout: The layout of its lines.

    Returns:
        The words, their vectors (n × d), and the number of skipped duplicates.

    Raises:
        StorageError: A line is invalid. The error names its number.
    """
    n_rows = layout.n_words or 0
    if content.n_bytes is None or layout.n_words is None:
        lines = rest.count(b"\n") or 1
        n_rows = lines if content.n_bytes is None else int(content.n_bytes / max(1, len(rest)) * lines * 1.01) + 1
    table = Table(content.name, np.empty((n_rows, layout.d), np.float32))
    for words, rows in _blocks(content, rest, layout):
        first = layout.first_line + table.n_read
        if layout.n_words is not None and table.n_read + len(words) > layout.n_words:
            raise StorageError(
                f"{content.name} must have {layout.n_words:,} words as its first line says, but has more. It is "
                "damaged, or its first line is wrong."
            )
        texts = []
        for number, word in enumerate(words, start=first):
            if _NOT_IN_WORDS.search(word):
                _check_spaces(word, layout, where=f"Line {number} of {content.name}")
            texts.append(_decoded(word, number, content.name))
        table.add(texts, rows)
    if layout.n_words is not None and table.n_read != layout.n_words:
        raise StorageError(
            f"{content.name} must have {layout.n_words:,} words as its first line says, but has {table.n_read:,}. It "
            "is truncated, or its first line is wrong."
        )
    return table.result()


def _blocks(content: Content, rest: bytes, layout: Layout) -> Iterator[tuple[list[bytes], Vectors]]:
    """Yield the words and vectors of blocks of lines until the file ends."""
    n_lines = min(BLOCK_BYTES, len(rest)) // (2 * layout.d + 2) + 1
    rows: Vectors = np.empty((n_lines, layout.d), np.float32)
    places: NDArray[np.int64] = np.empty((n_lines, 2), np.int64)
    taken: NDArray[np.int64] = np.empty(2, np.int64)
    number = layout.first_line
    data, start = rest, 0
    while True:
        view = np.frombuffer(data, np.uint8)[start:]
        n_read = read_lines(view, layout.separator[0], POWERS, places, rows, taken)
        words = [data[start + first : start + stop] for first, stop in places[:n_read].tolist()]
        start += int(taken[0])
        number += n_read
        if taken[1]:
            line = words.pop()
            if not line.strip():
                yield words, rows[: len(words)]
                return _check_blank(content, data[start:], number - 1, layout)
            word, row = _read_exactly(line, layout, where=f"Line {number - 1} of {content.name}")
            words.append(word)
            rows[len(words) - 1] = row
        if words:
            yield words, rows[: len(words)]
        elif not (block := content.read()) and content.n_bytes is None and data[start:].strip(b" \t\n"):
            data, start = data[start:] + b"\n", 0  # decompression has checked the end of the file
        elif not block:
            return _check_blank(content, data[start:], number, layout)
        elif len(data) - start > BLOCK_BYTES:
            raise StorageError(
                f"Line {number} of {content.name} must be at most {BLOCK_BYTES:,} bytes long. It is not text."
            )
        else:
            data, start = data[start:] + block, 0


def _check_blank(content: Content, rest: bytes, number: int, layout: Layout) -> None:
    """Raise StorageError if anything but white space is left.

    Args:
        content: The file.
        rest: What has already been read.
        number: Number of the line that begins there, or of the line before.
        layout: The layout of lines.
    """
    if b"\n" not in rest and rest.strip():
        raise StorageError(
            f"Line {number} of {content.name}, the last, must end in a line break, but does not. It may be truncated. "
            f"If it is complete, add a line break: echo >> {content.name}"
        )
    while rest:
        if rest.strip():
            rule = f"Line {number} of {content.name} must be a word and {_numbers(layout.d)}"
            raise StorageError(f"{rule}, but is empty.")
        rest = content.read()


def _read_exactly(line: bytes, layout: Layout, *, where: str) -> tuple[bytes, Vectors]:
    """Read one line whose numbers the kernel does not read, such as long ones.

    Args:
        line: The line.
        layout: Its layout.
        where: Line and file, for errors.

    Raises:
        StorageError: The line is invalid.
    """
    rule = f"{where} must be a word and {_numbers(layout.d)}, but"
    fields = split_line(line, layout.separator)
    if len(fields) <= layout.d:
        other = " It has both spaces and tabs as separators." if b"\t" in line and b" " in line else ""
        raise StorageError(f"{rule} has only {_numbers(len(fields) - 1)} or no word.{other}")
    numbers = fields[-layout.d :]
    plain = not b"".join(numbers).translate(None, b"0123456789+-.eE")
    try:
        # without other characters, NumPy parses the same numbers
        exact = np.array(numbers if plain and all(numbers) else [_checked(text) for text in numbers], np.float64)
    except ValueError:
        wrong = next(text for text in numbers if not is_number(text))
        hint = " Replace decimal commas with points." if b"," in wrong else ""
        raise StorageError(f"{rule} has {_quoted(wrong)} instead of a number.{hint}") from None
    with np.errstate(over="ignore"):
        row: Vectors = exact.astype(np.float32)
    if not np.isfinite(row).all():
        wrong = numbers[int(np.flatnonzero(~np.isfinite(row))[0])]
        raise StorageError(f"{rule} has {_quoted(wrong)}, which is not a finite float32 number.")
    word = layout.separator.join(fields[: -layout.d])
    if not word:
        raise StorageError(f"{rule} has no word.")
    return word, row


def _checked(number: bytes) -> bytes:
    if not is_number(number):
        raise ValueError
    return number


def _check_spaces(word: bytes, layout: Layout, *, where: str) -> None:
    """Raise StorageError unless the text before the numbers of a line is a word, which may contain single spaces.

    Args:
        word: The text.
        layout: The layout of the line.
        where: Line and file, for errors.
    """
    rule = f"{where} must be a word and {_numbers(layout.d)}, but"
    parts = _BLANK.split(word)
    if b"\r" in word or b"\0" in word:
        raise StorageError(f"{rule} has {_quoted(word)} as its word. It is not text, or has other line breaks.")
    if not all(parts):
        raise StorageError(f"{rule} has several separators in a row, or no word: {_quoted(word)}.")
    if b"\t" in word and layout.separator == b"\t":
        raise StorageError(f"{rule} has several words before its numbers: {_quoted(word)}.")
    if b"\t" in word:
        raise StorageError(f"{rule} has both spaces and tabs as separators: {_quoted(word)}. Use only one of them.")
    # with tabs as separators, "Windows 7" is certainly a word
    if _LIKE_A_NUMBER.fullmatch(parts[-1]) and not (layout.separator == b"\t" and parts[-1].isdigit()):
        raise StorageError(
            f"{rule} has more, or its word ends in a number: {_quoted(word)}. If that is a word, separate numbers by "
            "tabs."
        )


def _decoded(word: bytes, number: int, name: str) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        raise StorageError(
            f"Line {number} of {name} must be encoded in UTF-8, but has the word {_quoted(word)}. If the file is in "
            "another encoding, convert it: iconv -f LATIN1 -t UTF-8. Otherwise remove the line."
        ) from None


def _quoted(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", errors="backslashreplace"))


def encode_lines(names: list[str], rows: Vectors) -> bytes:
    """Encode words and vectors as lines, with the shortest decimal numbers that are read back unchanged."""
    lines = pc.binary_join_element_wise(pa.array(names, pa.string()), decimal_rows(rows, separator=" "), " ")
    return "".join(chain.from_iterable((line, "\n") for line in lines.to_pylist())).encode()


def decimal_rows(rows: Vectors, *, separator: str) -> pa.Array:
    """Return each row as a text: the shortest decimal numbers that are read back unchanged."""
    numbers = pc.cast(pa.array(rows.ravel()), pa.string())
    ends = pa.array(np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1]))
    return pc.binary_join(pa.ListArray.from_arrays(ends, numbers), separator)


def _numbers(n: int) -> str:
    return "1 number" if n == 1 else f"{n} numbers"
