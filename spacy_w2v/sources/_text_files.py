"""Plain text, a line a document, from files or standard input: read in blocks, so that no line is too long."""

import codecs
import sys
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._local_files import UTF8_BOM, check_mark
from spacy_w2v.sources._source import BATCH_BYTES, TextBatch, empty_texts, take_documents

# Where a block without a line break is cut: behind a space, tab, vertical tab, form feed, or a full stop of Chinese.
BLANKS = (b" ", b"\t", b"\v", b"\f", "\u3000".encode(), "。".encode())
NEWLINE = b"\n"
MAX_WAITING = 8 << 20
"""Bytes without white space that are held until some comes."""


def read_text(
    file: IO[bytes], *, name: str, encoding: str = "utf-8", encoding_errors: str = "strict"
) -> Iterator[TextBatch]:
    r"""Read a file's lines ("\n" or "\r\n") as documents; `fraction` stays None.

    A line that is longer than a block of 2 MiB, such as a corpus on one line, is cut at white space between two
    documents, and where there is none in 8 MiB, behind any character: memory does not grow with its length. Raises
    CorpusError with the position for bytes that are not valid in the encoding.
    """
    if not _can_be_cut(encoding):
        file, encoding = cast(IO[bytes], codecs.EncodedFile(file, "utf-8", encoding, encoding_errors)), "utf-8"
    parts: list[bytes] = []  # what is left of the blocks before, without a place to cut
    n_waiting = 0
    position = 0
    line = 1
    ends_line = True
    while True:
        try:
            block = file.read(BATCH_BYTES)
        except UnicodeDecodeError as error:
            raise CorpusError(f"Text must be valid {error.encoding}, but {name} is not: {error}") from None
        if position == 0 and not parts:
            check_mark(block, name=name, encoding=encoding)
            if block.startswith(UTF8_BOM):
                block = block[len(UTF8_BOM) :]
                position = len(UTF8_BOM)
        if not (block or n_waiting):
            if not ends_line:  # the last line was cut at its very end
                yield TextBatch(empty_texts(), 1, 0, 0, None)
            return
        end = n_waiting + len(block) if not block else _last_cut(block, n_waiting)
        if end == 0:  # a short line that goes on
            parts.append(block)
            n_waiting += len(block)
            continue
        data = b"".join([*parts, block])
        try:
            texts = _lines(data[:end], encoding, encoding_errors)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"Text must be valid {encoding}, but {name} has the byte 0x{data[error.start]:02x} at position "
                f"{position + error.start}, in line {line + data.count(NEWLINE, 0, error.start)}. Mend the file, name "
                'its encoding, or set encoding_errors = "replace".'
            ) from None
        ends_line = not block or data[end - 1 : end] == NEWLINE
        n_ended = max(len(texts) - (not ends_line), 0)
        yield TextBatch(texts, n_ended, 0, 0, None)
        position += end
        line += n_ended
        parts, n_waiting = ([data[end:]], len(data) - end) if end < len(data) else ([], 0)
        if not block:
            return


def _lines(data: bytes, encoding: str, encoding_errors: str) -> pa.LargeStringArray:
    """Return the lines of some bytes, without an empty one at the end. Raises UnicodeDecodeError."""
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data))
    if codecs.lookup(encoding).name != "utf-8" or not _is_valid(whole):
        whole = pa.array([data.decode(encoding, encoding_errors)], pa.large_string())
    lines = pc.split_pattern(whole, "\n").flatten()
    return lines[:-1] if len(lines) and pc.binary_length(lines[-1]).as_py() == 0 else lines


def _can_be_cut(encoding: str) -> bool:
    """Return whether text in an encoding has single bytes as line breaks, and can be cut between characters.

    In UTF-16 and the like it has not; in GBK and the like, bytes do not tell where a character begins.
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


def _last_cut(block: bytes, n_waiting: int) -> int:
    """Return where to cut what waits and a block behind it, in bytes from the start of all; 0 to read on.

    That is behind the last full line, else behind the last word of a line that is longer than a block, else, where
    there is no white space in MAX_WAITING bytes, before the last character that has begun.
    """
    end = block.rfind(NEWLINE) + 1
    if end:
        return n_waiting + end
    if n_waiting + len(block) < BATCH_BYTES:  # a short line without a line break is the last one
        return 0
    end = max((place + len(blank) for blank in BLANKS if (place := block.rfind(blank)) >= 0), default=0)
    if end:
        return n_waiting + end
    if n_waiting + len(block) < MAX_WAITING:
        return 0
    end = len(block)
    while end and len(block) - end < 4 and block[end - 1] & 0xC0 == 0x80:
        end -= 1
    return n_waiting + max(end - 1, 0)


class StandardInput:
    """The lines of standard input, each a document. It can be read once, and is never found in the cache again."""

    def __init__(self, *, encoding: str = "utf-8", encoding_errors: str = "strict", max_documents: int | None = None):
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.max_documents = max_documents

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input"

    def fingerprint(self) -> None:
        """Return None: what will come is not known. Raises CorpusError if a terminal is waiting."""
        if sys.stdin.isatty():
            raise CorpusError("Standard input must be a file or a pipe, was: a terminal. Pipe the texts in.")

    def batches(self) -> Iterator[TextBatch]:
        """Read to the end of the input."""
        file = cast(BinaryIO, sys.stdin.buffer)
        batches = read_text(file, name=self.name, encoding=self.encoding, encoding_errors=self.encoding_errors)
        return take_documents(batches, self.max_documents)


def make_standard_input_v1(
    encoding: str = "utf-8", encoding_errors: str = "strict", max_documents: int | None = None
) -> StandardInput:
    """Make the reader "spacy_w2v.StandardInput.v1"; each line is a document."""
    return StandardInput(encoding=encoding, encoding_errors=encoding_errors, max_documents=max_documents)
