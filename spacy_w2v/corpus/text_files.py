"""Plain text, a line a document, from files or standard input: read in blocks, so that no line is too long."""

import codecs
import sys
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v.corpus.source import BATCH_BYTES, TextBatch, empty_texts, take_documents
from spacy_w2v.errors import CorpusError

# Where a block without a line break is cut: behind an ASCII space, tab, vertical tab or form feed.
BLANKS = (b" ", b"\t", b"\v", b"\f")
NEWLINE = b"\n"
UTF8_BOM = b"\xef\xbb\xbf"


def read_text(
    file: IO[bytes], *, name: str, encoding: str = "utf-8", encoding_errors: str = "strict"
) -> Iterator[TextBatch]:
    r"""Read a file's lines ("\n" or "\r\n") as documents; `fraction` stays None.

    A line that is longer than a block of 2 MiB, such as a corpus on one line, is cut at white space between two
    documents. Raises CorpusError with the position for bytes that are not valid in the encoding.
    """
    if "\n".encode(encoding) != NEWLINE:  # UTF-16 and the like, where the bytes of a line break are not one
        file, encoding = cast(IO[bytes], codecs.EncodedFile(file, "utf-8", encoding, encoding_errors)), "utf-8"
    rest = b""
    position = 0
    line = 1
    ends_line = True
    while True:
        try:
            block = file.read(BATCH_BYTES)
        except UnicodeDecodeError as error:
            raise CorpusError(f"Text must be valid {error.encoding}, but {name} is not: {error}") from None
        if position == 0 and not rest and block.startswith(UTF8_BOM):
            block = block[len(UTF8_BOM) :]
            position = len(UTF8_BOM)
        data = rest + block
        if not data:
            if not ends_line:  # the last line was cut at its very end
                yield TextBatch(empty_texts(), 1, 0, 0, None)
            return
        end = len(data) if not block else _last_cut(data)
        if end == 0:  # no white space in 2 MiB: read on
            rest = data
            continue
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
        rest = data[end:]
        if not block:
            return


def _lines(data: bytes, encoding: str, encoding_errors: str) -> pa.LargeStringArray:
    """Return the lines of some bytes, without an empty one at the end. Raises UnicodeDecodeError."""
    whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int64)), pa.py_buffer(data))
    if codecs.lookup(encoding).name != "utf-8" or not _is_valid(whole):
        whole = pa.array([data.decode(encoding, encoding_errors)], pa.large_string())
    lines = pc.split_pattern(whole, "\n").flatten()
    return lines[:-1] if len(lines) and pc.binary_length(lines[-1]).as_py() == 0 else lines


def _is_valid(texts: pa.LargeStringArray) -> bool:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _last_cut(data: bytes) -> int:
    """Return the end of the last full line, else of the last word, else 0."""
    end = data.rfind(NEWLINE) + 1
    if end or len(data) < BATCH_BYTES:  # a short line without a line break is the last one
        return end
    return max(data.rfind(blank) for blank in BLANKS) + 1


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
