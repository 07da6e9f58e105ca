"""Lines of a word and its numbers, read and written."""

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
"""How much larger a matrix gets whose rows are more than was guessed."""

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(rb"[+-]?[\d.,]*\d[\d.,eE+-]*|[+-]|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_BLANK = re.compile(rb"[ \t]")
_NOT_IN_WORDS = re.compile(rb"[ \t\r\0]")


class Layout(NamedTuple):
    """How the lines of a file are built."""

    separator: bytes
    """A space or a tab."""
    d: int
    """Numbers in a line."""
    n_words: int | None
    """Lines, by the header; None without a header."""
    first_line: int
    """The number of the first line after a header, from 1."""


def is_number(text: bytes) -> bool:
    """Return whether a text is a decimal number, not a number, or infinity."""
    return _NUMBER.fullmatch(text) is not None


def split_line(line: bytes, separator: bytes) -> list[bytes]:
    """Return the parts of a line, which may end in separators, and in a carriage return before its line break."""
    return line.removesuffix(b"\n").removesuffix(b"\r").rstrip(separator).split(separator)


@dataclass
class Table:
    """Words and vectors while they are gathered."""

    name: str
    """Of the file."""
    vectors: Vectors
    """As many rows as there is room for."""
    words: dict[str, None] = field(default_factory=dict)
    n_read: int = 0
    """Words that came, those that were there before too."""

    def add(self, words: list[str], rows: Vectors) -> None:
        """Take in words and their vectors, but those of words that are there already."""
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
        """Return the words, their vectors, and how many were left out."""
        self._resize(len(self.words))
        return list(self.words), self.vectors, self.n_read - len(self.words)

    def _resize(self, n_rows: int) -> None:
        self.vectors.resize((n_rows, self.vectors.shape[1]), refcheck=False)  # in place, where the system can


def read_text(content: Content, rest: bytes, layout: Layout) -> tuple[list[str], Vectors, int]:
    """Return the words of a text file and their vectors, n × d, and how many lines were left out.

    rest: what was read of it already, after a header. Raises StorageError with the line and the reason.
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
                "damaged, or that line is wrong."
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
            "is cut, or that line is wrong."
        )
    return table.result()


def _blocks(content: Content, rest: bytes, layout: Layout) -> Iterator[tuple[list[bytes], Vectors]]:
    """Yield the words of some lines, and their rows, until the file ends."""
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
            word, row = _read_by_hand(line, layout, where=f"Line {number - 1} of {content.name}")
            words.append(word)
            rows[len(words) - 1] = row
        if words:
            yield words, rows[: len(words)]
        elif not (block := content.read()) and content.n_bytes is None and data[start:].strip(b" \t\n"):
            data, start = data[start:] + b"\n", 0  # what compressed it vouches for its end
        elif not block:
            return _check_blank(content, data[start:], number, layout)
        elif len(data) - start > BLOCK_BYTES:
            raise StorageError(
                f"Line {number} of {content.name} must be at most {BLOCK_BYTES:,} bytes long. It is not text."
            )
        else:
            data, start = data[start:] + block, 0


def _check_blank(content: Content, rest: bytes, number: int, layout: Layout) -> None:
    """Raise StorageError unless all that is left is white space. number: of the line that begins there, or before."""
    if b"\n" not in rest and rest.strip():
        raise StorageError(
            f"Line {number} of {content.name}, the last, must end in a line break: without one, it may "
            f"be cut. If it is whole, add one: echo >> {content.name}"
        )
    while rest:
        if rest.strip():
            rule = f"Line {number} of {content.name} must be a word and {_numbers(layout.d)}"
            raise StorageError(f"{rule}, but is empty.")
        rest = content.read()


def _read_by_hand(line: bytes, layout: Layout, *, where: str) -> tuple[bytes, Vectors]:
    """Return the word and the numbers of a line with any decimals. Raises StorageError with what is wrong in it."""
    rule = f"{where} must be a word and {_numbers(layout.d)}, but"
    fields = split_line(line, layout.separator)
    if len(fields) <= layout.d:
        other = " It is separated by spaces and tabs." if b"\t" in line and b" " in line else ""
        raise StorageError(f"{rule} has only {_numbers(len(fields) - 1)} or no word.{other}")
    numbers = fields[-layout.d :]
    plain = not b"".join(numbers).translate(None, b"0123456789+-.eE")
    try:
        # without other characters, Python's numbers are ours
        exact = np.array(numbers if plain and all(numbers) else [_checked(text) for text in numbers], np.float64)
    except ValueError:
        wrong = next(text for text in numbers if not is_number(text))
        hint = " Put points in place of decimal commas." if b"," in wrong else ""
        raise StorageError(f"{rule} has {_quoted(wrong)} in place of one.{hint}") from None
    with np.errstate(over="ignore"):
        row: Vectors = exact.astype(np.float32)
    if not np.isfinite(row).all():
        wrong = numbers[int(np.flatnonzero(~np.isfinite(row))[0])]
        raise StorageError(f"{rule} has {_quoted(wrong)}, which is not a finite number of 32 bits.")
    word = layout.separator.join(fields[: -layout.d])
    if not word:
        raise StorageError(f"{rule} has no word.")
    return word, row


def _checked(number: bytes) -> bytes:
    if not is_number(number):
        raise ValueError
    return number


def _check_spaces(word: bytes, layout: Layout, *, where: str) -> None:
    """Raise StorageError if what stands before the numbers of a line is not a word with single spaces in it."""
    rule = f"{where} must be a word and {_numbers(layout.d)}, but"
    parts = _BLANK.split(word)
    if b"\r" in word or b"\0" in word:
        raise StorageError(f"{rule} has {_quoted(word)} for a word. It is not text, or has other line breaks.")
    if not all(parts):
        raise StorageError(f"{rule} has more than one separator in a row, or no word: {_quoted(word)}.")
    if b"\t" in word:
        raise StorageError(f"{rule} is separated by spaces and by tabs: {_quoted(word)}. Use one of them.")
    # "Windows 7" is a word where tabs leave no doubt
    if _LIKE_A_NUMBER.fullmatch(parts[-1]) and not (layout.separator == b"\t" and parts[-1].isdigit()):
        raise StorageError(
            f"{rule} has more, or its word ends in a number: {_quoted(word)}. If that is a word, put "
            "tabs before numbers."
        )


def _decoded(word: bytes, number: int, name: str) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        raise StorageError(
            f"Line {number} of {name} must be in the encoding UTF-8, but has the word {_quoted(word)}. If the file is "
            "in another, convert it: iconv -f LATIN1 -t UTF-8; else take out the line."
        ) from None


def _quoted(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", errors="backslashreplace"))


def lines_of(names: list[str], rows: Vectors) -> bytes:
    """Return a line for each word, with the shortest numbers that are read back as the same."""
    numbers = pc.cast(pa.array(rows.ravel()), pa.string())
    ends = pa.array(np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1]))
    of_rows = pc.binary_join(pa.ListArray.from_arrays(ends, numbers), " ")
    lines = pc.binary_join_element_wise(pa.array(names, pa.string()), of_rows, " ")
    return "".join(chain.from_iterable((line, "\n") for line in lines.to_pylist())).encode()


def _numbers(n: int) -> str:
    return "1 number" if n == 1 else f"{n} numbers"
