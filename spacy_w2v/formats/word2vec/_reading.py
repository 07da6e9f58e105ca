"""Reading of vectors files: the text and binary formats of word2vec, and those of GloVe and fastText (.vec).

A file must match one of these formats exactly, including the numbers of words and dimensions in its first line.
Otherwise, a truncated file or one in another format could be read as wrong vectors.
"""

import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.word2vec._binary import read_binary
from spacy_w2v.formats.word2vec._contents import BLOCK_BYTES, Content, check_kind, open_content
from spacy_w2v.formats.word2vec._text import Layout, is_number, read_text, split_line

BOM = b"\xef\xbb\xbf"
MAX_DIMENSIONS = 1_000_000
HEAD_BYTES = 4096
"""Bytes that are inspected to tell text from binary."""

_HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?\n")
_OF_TEXT = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]*")


class VectorTable(NamedTuple):
    """Words and their vectors."""

    words: list[str]
    """The words (n), which are distinct."""
    vectors: Vectors
    """Their vectors (n × d)."""
    n_repeated: int
    """Skipped lines or records, whose word occurred before."""


def read_vector_file(path: Path) -> VectorTable:
    """Read a vectors file, which may be compressed. If a word occurs twice, its first vector is used.

    Args:
        path: The file.

    Raises:
        StorageError: The file is damaged or in another format. The error names the line or word.
    """
    with open_content(path) as content:
        head = content.read().removeprefix(BOM)
        check_kind(head, name=content.name)
        if not head.strip():
            raise StorageError(f"{path} must have a line for each word, but has none.")
        header = _HEADER.match(head)
        if header is None:
            return VectorTable(*read_text(content, head, _layout(content, head, n_words=None, d=None, first_line=1)))
        n_words, d, rest = int(header[1]), int(header[2]), head[header.end() :]
        check_header(content, n_words, d, n_bytes_read=header.end())
        if _is_text(rest, d):
            return VectorTable(*read_text(content, rest, _layout(content, rest, n_words=n_words, d=d, first_line=2)))
        return VectorTable(*read_binary(content, rest, n_words=n_words, d=d, n_bytes_before=header.end()))


def check_header(content: Content, n_words: int, d: int, *, n_bytes_read: int) -> None:
    """Raise StorageError if the file cannot have the numbers of words and dimensions in its first line."""
    if n_words < 1 or not 1 <= d <= MAX_DIMENSIONS:
        raise StorageError(
            f"The first line of {content.name} must be the numbers of words and of dimensions (at most "
            f"{MAX_DIMENSIONS:,}), but is: {n_words} {d}."
        )
    least = n_words * (
        2 * d + 2
    )  # a letter, d times a space and a digit, and a line break; the binary format needs more
    if content.n_bytes is not None and content.n_bytes - n_bytes_read < least - 1:
        raise StorageError(
            f"{content.name} must have {n_words:,} words of {d:,} dimensions as its first line says, at least "
            f"{least:,} bytes, but has {content.n_bytes:,}. It is truncated or damaged."
        )


def _is_text(rest: bytes, d: int) -> bool:
    """Return whether a file with a header is in the text format. The binary format has bytes of any value."""
    line = rest.partition(b"\n")[0].rstrip()
    if all(map(is_number, re.split(rb"[ \t]", line)[-d:])):
        return True
    if not _OF_TEXT.fullmatch(rest[:HEAD_BYTES]):
        return False
    numbers = rest.partition(b" ")[2][: min(4 * d, HEAD_BYTES)]
    try:
        numbers.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(numbers) - 4  # truncated within a character
    return True


def _layout(content: Content, rest: bytes, *, n_words: int | None, d: int | None, first_line: int) -> Layout:
    """Determine the layout of lines from the first line.

    Args:
        content: The file.
        rest: What has been read after the header.
        n_words: Number of words in the header; None without a header.
        d: Number of dimensions in the header; None without a header.
        first_line: Number of the first line after the header.

    Raises:
        StorageError: The line is not a word with numbers.
    """
    line = rest[:BLOCK_BYTES].partition(b"\n")[0].rstrip(b" \t\r")
    # the last separator is between numbers; words may contain spaces
    separator = b"\t" if line.rfind(b"\t") > line.rfind(b" ") else b" "
    if d is None:
        fields = split_line(line, separator)
        d = min(sum(1 for _ in takewhile(is_number, reversed(fields))), len(fields) - 1)
    if d < 1:
        raise StorageError(
            f"Line {first_line} of {content.name} must be a word and its numbers, separated by spaces or tabs, but is: "
            f"{_excerpt(line)}.{_hint(line)}"
        )
    return Layout(separator=separator, d=d, n_words=n_words, first_line=first_line)


def _excerpt(line: bytes) -> str:
    text = line[:60].decode("utf-8", errors="backslashreplace")
    return repr(text) if len(line) <= 60 else f"{text!r}…"


def _hint(line: bytes) -> str:
    if line.startswith((b"{", b"[")):
        return " It looks like JSON."
    if b"," in line or b";" in line:
        return " Replace its commas or semicolons with spaces."
    return "" if _OF_TEXT.fullmatch(line) else " It is not text."
