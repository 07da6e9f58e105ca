"""Files of words and their vectors: word2vec's text and binary formats, GloVe's and fastText's (.vec).

What does not parse by one of these layouts, with the numbers of words and dimensions that its first line announces, is
refused: a file that is cut, or of another layout, must not become vectors that are wrong.
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
"""Read to distinguish text from binary."""

_HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?\n")
_OF_TEXT = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]*")


class VectorTable(NamedTuple):
    """Words and their vectors."""

    words: list[str]
    """n, all different."""
    vectors: Vectors
    """n × d."""
    n_repeated: int
    """Lines or records left out since their word was there before."""


def read_vector_file(path: Path) -> VectorTable:
    """Return the words and vectors of a file in one of the layouts; it may be compressed.

    Of a word that is there twice the first is taken. Raises StorageError, with the line or word and the reason, for
    anything else.
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
        _check_header(content, n_words, d, n_bytes_read=header.end())
        if _is_text(rest, d):
            return VectorTable(*read_text(content, rest, _layout(content, rest, n_words=n_words, d=d, first_line=2)))
        return VectorTable(*read_binary(content, rest, n_words=n_words, d=d, n_bytes_before=header.end()))


def _check_header(content: Content, n_words: int, d: int, *, n_bytes_read: int) -> None:
    """Raise StorageError for numbers of words and dimensions that the file cannot have."""
    if n_words < 1 or not 1 <= d <= MAX_DIMENSIONS:
        raise StorageError(
            f"The first line of {content.name} must be the numbers of words and of dimensions (at most "
            f"{MAX_DIMENSIONS:,}), but is: {n_words} {d}."
        )
    least = n_words * (2 * d + 2)  # a letter, d digits, each after a space, and a line break; binary takes more
    if content.n_bytes is not None and content.n_bytes - n_bytes_read < least - 1:
        raise StorageError(
            f"{content.name} must have {n_words:,} words of {d:,} dimensions as its first line says, at least "
            f"{least:,} bytes, but has {content.n_bytes:,}. It is cut or damaged."
        )


def _is_text(rest: bytes, d: int) -> bool:
    """Return whether numbers are in words after the first line, where the binary format has bytes of any value."""
    line = rest.partition(b"\n")[0].rstrip()
    if all(map(is_number, re.split(rb"[ \t]", line)[-d:])):
        return True
    if not _OF_TEXT.fullmatch(rest[:HEAD_BYTES]):
        return False
    numbers = rest.partition(b" ")[2][: min(4 * d, HEAD_BYTES)]
    try:
        numbers.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(numbers) - 4  # cut within a character
    return True


def _layout(content: Content, rest: bytes, *, n_words: int | None, d: int | None, first_line: int) -> Layout:
    """Return how the lines are built, as the first of them shows, and the header if there is one."""
    line = rest[:BLOCK_BYTES].partition(b"\n")[0].rstrip(b" \t\r")
    # the last separator is one of numbers, while words may have spaces
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
        return " Put spaces in place of its commas or semicolons."
    return "" if _OF_TEXT.fullmatch(line) else " It is not text."
