"""Readers of evaluation sets: word pairs with human similarity ratings, and analogies."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._atomic import read_bounded
from spacy_w2v.errors import CorpusError, StorageError

MAX_BYTES = 1 << 26
"""Largest size of an evaluation set. Google's analogies have 600 kB."""

MAX_PARTS = 12
PAIRS_PER_PART = 5
"""What a column must be like to name the parts of a set, rather than words."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SEPARATORS = ("\t", ";", ",", " ")
"""Separators in the order in which they are tried. A space stands for any white space."""

Line = tuple[int, str]
"""The number of a line in its file, from 1, and its text."""


class WordPair(NamedTuple):
    """Two words and their human similarity rating."""

    first: str
    second: str
    rating: float
    part: str = ""
    """The part of the set that the pair is in, such as "similarity" or "N". Empty if the file has no column for it."""


class Section(NamedTuple):
    """Analogies of one kind."""

    name: str
    questions: list[tuple[str, ...]]
    """Each has four words: a is to b as c is to d."""

    @property
    def is_syntactic(self) -> bool:
        """Whether the name begins with "gram", as that of syntactic sections does in Google's set."""
        return self.name.startswith("gram")


def read_word_pairs(path: Path) -> list[WordPair]:
    """Return the word pairs in a file, at least one.

    A line has two words and a rating, separated by tabs, semicolons, commas or spaces. Other columns may follow, and
    the first line may hold the names of the columns. Lines that begin with # are ignored.

    A further column without numbers, with 2 to 12 different values in at least 5 times as many pairs, names the parts
    of the set: similarity and relatedness of WordSim-353 (Agirre et al. 2009), or parts of speech in SimLex-999. It may
    also stand before the words.

    Raises:
        CorpusError: The file has another layout, or it is not clear which columns to use.
    """
    lines = [line for line in _read_lines(path) if line[1].strip() and not line[1].startswith("#")]
    rows = _rows(lines, range(3, 1000))
    if not rows:
        what = f"line {lines[0][0]} is: {lines[0][1][:60]!r}" if lines else "it has none"
        raise CorpusError(
            f"{path} must have lines of two words and a rating, separated by tabs, semicolons, commas or spaces, with "
            f"the same number of columns in all lines, but {what}."
        )
    parts = _taken_parts(rows)
    first, second, rating = _columns(path, lines, rows)
    if len(rows) > 1 and not _is_number(rows[0][rating]):
        lines, rows, parts = lines[1:], rows[1:], parts[1:]
    for (number, _), row in zip(lines, rows, strict=True):
        if not (row[first] and row[second] and _is_number(row[rating])):
            raise CorpusError(
                f"Line {number} of {path} must have two words and a rating, but has: "
                f"{row[first]!r}, {row[second]!r}, {row[rating]!r}."
            )
    return [WordPair(row[first], row[second], float(row[rating]), part) for row, part in zip(rows, parts, strict=True)]


def read_analogies(path: Path) -> list[Section]:
    """Return the analogies in a file, at least one.

    A line has four words, separated by tabs, semicolons, commas or spaces. A line that begins with a colon names the
    section that follows. Lines that begin with # are ignored.

    Raises:
        CorpusError: The file has another layout.
    """
    lines = [line for line in _read_lines(path) if line[1].strip() and not line[1].startswith("#")]
    questions = [line for line in lines if not line[1].startswith(":")]
    if not questions:
        raise CorpusError(f"{path} must have lines of four words, but has none.")
    rows = _rows(questions, range(4, 5))
    if not rows:
        number, text = next((line for line in questions if len(line[1].split()) != 4), questions[0])
        raise CorpusError(f"Line {number} of {path} must have four words, but is: {text[:60]!r}")
    for (number, text), row in zip(questions, rows, strict=True):
        if not all(len(word.split()) == 1 for word in row):
            raise CorpusError(f"Line {number} of {path} must have four words without spaces, but is: {text[:60]!r}")
    sections = [Section(path.stem, [])]
    remaining = iter(rows)
    for _, text in lines:
        if text.startswith(":"):
            sections.append(Section(text.lstrip(": ").strip(), []))
        else:
            sections[-1].questions.append(tuple(next(remaining)))
    return [section for section in sections if section.questions]


def _read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a text file. Raises CorpusError for any other file."""
    if not path.is_file():
        raise CorpusError(f"An evaluation set must be an existing file, was: {path}")
    try:
        content = read_bounded(path, max_bytes=MAX_BYTES)
    except StorageError as error:
        raise CorpusError(f"An evaluation set must be a small text file: {error}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = " It seems to be UTF-16. Convert it." if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        raise CorpusError(f"{path} must be an evaluation set in UTF-8, but cannot be read: {error}.{utf16}") from None
    for number, line in enumerate(_LINE_BREAK.split(text), start=1):
        if _NO_TEXT.search(line):
            raise CorpusError(f"{path} must be an evaluation set, but is not text: line {number} is {line[:60]!r}")
        yield number, line


def _rows(lines: Sequence[Line], widths: range) -> list[list[str]]:
    """Return the columns of all lines, by the first separator that gives the same number of columns in all lines.

    Args:
        lines: The lines.
        widths: The allowed numbers of columns.

    Returns:
        The columns, or an empty list if no separator fits.
    """
    for separator in _SEPARATORS:
        try:
            rows = [_split(text, separator) for _, text in lines]
        except csv.Error:
            continue
        if rows and len(rows[0]) in widths and all(len(row) == len(rows[0]) for row in rows):
            return rows
    return []


def _split(text: str, separator: str) -> list[str]:
    if separator == " ":
        return text.split()
    if separator == "\t":
        return [field.strip() for field in text.rstrip("\t").split("\t")]
    return [
        field.strip() for field in next(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=True))
    ]


def _taken_parts(rows: list[list[str]]) -> list[str]:
    """Take the column that names parts of the set out of the rows, and return it. Its values are "" if there is none.

    It is the one with the fewest values of at least three columns that have no numbers. Of three, it is the last one if
    that can be it: the first words may be few, too.
    """
    body = rows[1:] or rows  # the first row may have the names of the columns
    columns = list(zip(*body, strict=True))
    n_values = {column: len(set(values)) for column, values in enumerate(columns) if not any(map(_is_number, values))}
    most = min(MAX_PARTS, len(body) // PAIRS_PER_PART)
    able = [column for column, n in n_values.items() if 2 <= n <= most]
    column = min(n_values, key=n_values.__getitem__, default=0)
    if len(n_values) < 3 or column not in able:
        return [""] * len(rows)
    if len(n_values) == 3 and (last := max(n_values)) in able:
        column = last
    return [row.pop(column) for row in rows]


def _columns(path: Path, lines: Sequence[Line], rows: Sequence[Sequence[str]]) -> tuple[int, int, int]:
    """Return the indices of the columns with the two words and the rating. Raises CorpusError if they are unclear."""
    body = rows[1:] or rows  # the first row may have the names of the columns
    width = len(rows[0])
    numbers = Counter(column for row in body for column in range(width) if _is_number(row[column]))
    numeric = [column for column in range(width) if numbers[column] == len(body)]
    if not numeric and numbers:
        rating = numbers.most_common(1)[0][0]
        number = next(
            line[0] for line, row in zip(lines[-len(body) :], body, strict=True) if not _is_number(row[rating])
        )
        raise CorpusError(f"Line {number} of {path} must have two words and a rating, which is a finite number.")
    words = [column for column in range(width) if column not in numeric]
    if width == 3 and 2 in numeric:
        return 0, 1, 2
    if len(words) >= 2 and (len(numeric) == 1 or (words[:2] == [0, 1] and 2 in numeric)):
        return words[0], words[1], 2 if 2 in numeric else numeric[0]
    raise CorpusError(
        f"{path} must have two words and a rating in each line, but it is not clear which of its {width} columns these "
        f"are: {len(numeric)} have numbers. Put the words into columns 1 and 2, and the rating into column 3."
    )


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
