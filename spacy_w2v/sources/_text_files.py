"""Plain text with one document per line, from files or standard input. It is read in blocks: lines may be long."""

import codecs
import sys
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._local_files import UTF8_BOM, check_byte_order_mark
from spacy_w2v.sources._parts import Stretch
from spacy_w2v.sources._source import BATCH_BYTES, TextBatch, Texts, empty_texts, take_documents

# A block without a line break is cut after a space, tab, vertical tab, form feed, ideographic space or full stop.
BLANKS = (b" ", b"\t", b"\v", b"\f", "\u3000".encode(), "。".encode())
NEWLINE = b"\n"
MAX_PENDING_BYTES = 8 << 20
"""The maximum number of bytes without white space that are kept in memory before a cut."""


def read_text(
    file: IO[bytes], *, name: str, encoding: str = "utf-8", encoding_errors: str = "strict", position: int = 0
) -> Iterator[TextBatch]:
    r"""Yield the lines of a file, which end in "\n" or "\r\n", as documents. `fraction` is None.

    A line of more than 2 MiB, such as a corpus on a single line, is cut at white space. If there is no white space in
    8 MiB, it is cut after any character. So memory does not grow with the length of a line.

    Args:
        file: The file.
        name: The name of the file, for errors.
        encoding: The encoding of the text.
        encoding_errors: "strict", "replace" or "ignore", for bytes that are invalid in the encoding.
        position: The position of the first byte of `file` in the file on disk.

    Raises:
        CorpusError: Bytes are invalid in the encoding. The message has their position.
    """
    if not can_be_cut(encoding):
        file, encoding = cast(IO[bytes], codecs.EncodedFile(file, "utf-8", encoding, encoding_errors)), "utf-8"
    parts: list[bytes] = []  # the end of the previous blocks, which could not be cut
    n_pending = 0
    first = position
    line = 1
    ends_line = True
    while True:
        try:
            block = file.read(BATCH_BYTES)
        except UnicodeDecodeError as error:
            raise CorpusError(f"Text must be valid {error.encoding}, but {name} is not: {error}") from None
        if position == 0 and not parts:
            check_byte_order_mark(block, name=name, encoding=encoding)
            if block.startswith(UTF8_BOM):
                block = block[len(UTF8_BOM) :]
                position = len(UTF8_BOM)
        if not (block or n_pending):
            if not ends_line:  # the last line was cut exactly at its end
                yield TextBatch(empty_texts(), 1, 0, 0, None)
            return
        end = n_pending + len(block) if not block else _last_cut(block, n_pending)
        if end == 0:  # a short line that continues in the next block
            parts.append(block)
            n_pending += len(block)
            continue
        data = b"".join([*parts, block])
        try:
            texts = _lines(data[:end], encoding, encoding_errors)
        except UnicodeDecodeError as error:
            place = f"position {position + error.start}"
            if first == 0:
                place += f", in line {line + data.count(NEWLINE, 0, error.start)}"
            raise CorpusError(
                f"Text must be valid {encoding}, but {name} has the byte 0x{data[error.start]:02x} at {place}. "
                'Correct the file, name its encoding, or set encoding_errors = "replace".'
            ) from None
        ends_line = not block or data[end - 1 : end] == NEWLINE
        n_ended = max(len(texts) - (not ends_line), 0)
        yield TextBatch(texts, n_ended, 0, 0, None)
        position += end
        line += n_ended
        parts, n_pending = ([data[end:]], len(data) - end) if end < len(data) else ([], 0)
        if not block:
            return


def read_lines_of(
    stretch: Stretch, file: IO[bytes], *, name: str, encoding: str, encoding_errors: str
) -> Iterator[TextBatch]:
    """Yield the lines of a file that begin within a stretch of its bytes, with the fraction of it.

    Args:
        stretch: The stretch. `can_be_cut` must be true for the encoding.
        file: The file.
        name: As for `read_text`.
        encoding: As for `read_text`.
        encoding_errors: As for `read_text`.

    Raises:
        CorpusError: Bytes are invalid in the encoding.
    """
    first, end = (_start_of_line(file, place) for place in stretch)
    part = _Bytes(file, first, end)
    batches = read_text(part, name=name, encoding=encoding, encoding_errors=encoding_errors, position=first)  # type: ignore[arg-type]  # only read
    for batch in batches:
        yield batch._replace(fraction=(part.position - first) / (end - first))


def _start_of_line(file: IO[bytes], place: int) -> int:
    """Return the position of the first line that begins at or after a place in a file; at its end, the file's size."""
    if place == 0:
        return 0
    file.seek(place - 1)
    position = place - 1
    while block := file.read(BATCH_BYTES):
        found = block.find(NEWLINE)
        if found >= 0:
            return position + found + 1
        position += len(block)
    return position


class _Bytes:
    """The bytes of a file between two positions, to be read in blocks."""

    def __init__(self, file: IO[bytes], first: int, end: int):
        file.seek(first)
        self.file = file
        self.position = first
        self.end = end

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes, at most `n_bytes`."""
        block = self.file.read(min(n_bytes, self.end - self.position))
        self.position += len(block)
        return block


def _lines(data: bytes, encoding: str, encoding_errors: str) -> pa.LargeStringArray:
    """Return the lines of some bytes, without an empty line at the end.

    Args:
        data: The bytes.
        encoding: Their encoding.
        encoding_errors: "strict", "replace" or "ignore", for invalid bytes.

    Raises:
        UnicodeDecodeError: Bytes are invalid in the encoding.
    """
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data))
    if codecs.lookup(encoding).name != "utf-8" or not _is_valid(whole):
        whole = pa.array([data.decode(encoding, encoding_errors)], pa.large_string())
    lines = pc.split_pattern(whole, "\n").flatten()
    return lines[:-1] if len(lines) and pc.binary_length(lines[-1]).as_py() == 0 else lines


def can_be_cut(encoding: str) -> bool:
    """Return whether encoded text has line breaks of one byte, and can be cut between characters.

    UTF-16 and similar encodings have longer line breaks. In GBK and similar encodings, the bytes do not show where a
    character begins.
    """
    if codecs.lookup(encoding).name == "utf-8":
        return True
    return "\n".encode(encoding) == NEWLINE and len(bytes(range(256)).decode(encoding, "replace")) == 256


def _is_valid(texts: pa.LargeStringArray) -> bool:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _last_cut(block: bytes, n_pending: int) -> int:
    """Return where to cut the pending bytes and the next block.

    The cut is after the last complete line, or after the last word of a line that is longer than a block. If there is
    no white space in MAX_PENDING_BYTES bytes, the cut is before the last character that may be incomplete.

    Args:
        block: The next block.
        n_pending: The number of pending bytes before it.

    Returns:
        The number of bytes before the cut, from the start of the pending bytes, or 0 if more input is needed.
    """
    end = block.rfind(NEWLINE) + 1
    if end:
        return n_pending + end
    if n_pending + len(block) < BATCH_BYTES:  # a short line without a line break is the last one
        return 0
    end = max((place + len(blank) for blank in BLANKS if (place := block.rfind(blank)) >= 0), default=0)
    if end:
        return n_pending + end
    if n_pending + len(block) < MAX_PENDING_BYTES:
        return 0
    end = len(block)
    while end and len(block) - end < 4 and block[end - 1] & 0xC0 == 0x80:
        end -= 1
    return n_pending + max(end - 1, 0)


class StandardInput(Texts):
    """Standard input with one document per line. It can be read only once, and is not cached."""

    def __init__(self, *, encoding: str = "utf-8", encoding_errors: str = "strict", max_documents: int | None = None):
        """Initialize a source; see `standard_input` for the arguments."""
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.max_documents = max_documents

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return "standard input"

    def fingerprint(self) -> None:
        """Return None, because the content is unknown before reading.

        Raises:
            CorpusError: Standard input is a terminal.
        """
        if sys.stdin.isatty():
            raise CorpusError("Standard input must be a file or a pipe, was: a terminal. Pipe the texts to it.")

    def batches(self) -> Iterator[TextBatch]:
        """Yield the lines, to the end of the input."""
        file = cast(BinaryIO, sys.stdin.buffer)
        batches = read_text(file, name=self.name, encoding=self.encoding, encoding_errors=self.encoding_errors)
        return take_documents(batches, self.max_documents)


def standard_input(
    encoding: str = "utf-8", encoding_errors: str = "strict", max_documents: int | None = None
) -> StandardInput:
    """Read texts from standard input, one document per line.

    This is the reader "spacy_w2v.StandardInput.v1" of configs. Use it to pipe texts to a program, for example
    `zcat news.txt.gz | python train.py`. Standard input can be read only once, so it is encoded again in each run.

    Args:
        encoding: The encoding of the text.
        encoding_errors: What to do with bytes that are invalid in the encoding: "strict" raises an error, "replace"
            inserts U+FFFD, and "ignore" leaves them out.
        max_documents: The maximum number of lines to read. If None, all lines are read.

    Returns:
        A source of texts, for `spacy_w2v.train` and other functions that take texts. Reading it raises CorpusError if
        standard input is a terminal or has invalid bytes.

    Example:
        >>> texts = spacy_w2v.standard_input(max_documents=100_000)
        >>> texts.name
        'standard input'
    """
    return StandardInput(encoding=encoding, encoding_errors=encoding_errors, max_documents=max_documents)


make_standard_input_v1 = standard_input
