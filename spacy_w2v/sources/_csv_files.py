"""CSV and TSV files with a header. Only some of their columns are read."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._columns import texts_of_columns
from spacy_w2v.sources._records import Records, whole_records
from spacy_w2v.sources._source import TextBatch

FIRST_LINE = re.compile(rb"[\r\n]*[^\r\n]+[\r\n]")


def _header_first(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Split the first block after the header: the first line that is not empty."""
    blocks = iter(blocks)
    for block in blocks:
        line = FIRST_LINE.match(block)
        if line is None:
            yield block
            continue
        yield block[: line.end()]
        yield block[line.end() :]
        break
    yield from blocks


OTHER_SEPARATORS = ";\t|,"
"""Separators that programs use by mistake. Excel writes semicolons in locales with decimal commas."""


class CsvFile:
    r"""The rows of a CSV file (separator ",") or TSV file (separator "\t").

    A quoted field may contain separators and line breaks. In a TSV file, quotes that do not enclose a field within a
    line are ordinary characters, unless the line has too few columns.
    """

    def __init__(self, blocks: Iterable[bytes], *, name: str, separator: str):
        """Read the header.

        Args:
            blocks: The file, in blocks of UTF-8.
            name: The name of the file, for errors.
            separator: The character between fields.

        Raises:
            CorpusError: The header is not valid UTF-8.
        """
        from spacy_w2v.sources.kernels._records import start_of_file

        self.name = name
        self.separator = separator
        self._state = start_of_file()
        self._last = b""
        self._rows = self._read(blocks)
        first = next(self._rows, None)
        self.header: list[str] = []
        """The names of the columns, or [] for an empty file."""
        if first is not None:
            start, end = int(first.starts[0]), int(first.ends[0])
            try:
                text = first.data[start:end].decode()
            except UnicodeDecodeError as error:
                raise CorpusError(f"Text must be valid utf-8, but the header of {name} is not: {error}") from None
            self.header = next(csv.reader(text.splitlines(keepends=True), delimiter=separator))
            self._first = first._replace(starts=first.starts[1:], ends=first.ends[1:])

    def other_separator(self) -> str:
        """Return an error message if the header seems to have another separator, or ""."""
        if len(self.header) != 1:
            return ""
        found = next((mark for mark in OTHER_SEPARATORS if mark != self.separator and mark in self.header[0]), None)
        if found is None:
            return ""
        right = "tabs in a .tsv file" if self.separator == "\t" else "commas in a .csv file"
        remedy = {"\t": "Rename it to .tsv.", ",": "Rename it to .csv."}.get(found, "Convert the file.")
        return f"Columns must be separated by {right}, but {self.name} seems to use {found!r}. {remedy}"

    def batches(self, fields: Sequence[str]) -> Iterator[TextBatch]:
        """Yield the documents of some columns. A field is null only if its row is too short.

        Raises:
            CorpusError: The file is not valid CSV, or not valid UTF-8.
        """
        columns = [self.header.index(field) for field in fields]
        for records in chain([self._first], self._rows):
            arrays = [self._column(records, column) for column in columns]
            try:
                yield texts_of_columns(arrays, names=fields)
            except CorpusError as error:
                raise CorpusError(self._invalid(records, error)) from None

    def _read(self, blocks: Iterable[bytes]) -> Iterator[Records]:
        from spacy_w2v.sources.kernels._records import NONE, OPEN_QUOTE, RECORD, STARTED

        rule = 'must be valid CSV, but a field begins with a quote (") that is not closed, or closed before other text'
        faults = {OPEN_QUOTE: f"{rule}: see"}
        # The last line may lack a line break.
        with_end = chain(_header_first(blocks), [b"\n"], self._line_of_separators())
        for records in whole_records(with_end, self._scan, self._state, name=self.name, faults=faults):
            n_rows = len(records.starts)
            if self._last and records.data[records.starts[-1] : records.ends[-1]] == self._last:
                n_rows -= 1
            yield records._replace(starts=records.starts[:n_rows], ends=records.ends[:n_rows])
        if self._state[RECORD] != NONE:
            raise CorpusError(f"{self.name} {rule}: see the row that begins in line {self._state[STARTED]}.")

    def _line_of_separators(self) -> Iterator[bytes]:
        """Yield a row of separators if the scan needs another row to decide whether the last one has ended."""
        from spacy_w2v.sources.kernels._records import PENDING

        if self._state[PENDING] >= 0:
            self._last = self.separator.encode() * (self._n_columns - 1) or b'""'
            yield self._last + b"\n"

    def _scan(
        self,
        data: NDArray[np.uint8],
        offset: int,
        state: NDArray[np.int64],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> int:
        """Call `scan_rows` with the separator and the number of columns."""
        from spacy_w2v.sources.kernels._csv_rows import scan_rows

        return int(scan_rows(data, offset, state, starts, ends, ord(self.separator), self._n_columns))

    @property
    def _n_columns(self) -> int:
        """The number of columns of a TSV file, or 0 for a CSV file, in which quotes are never ordinary characters."""
        return len(self.header) if self.separator == "\t" and hasattr(self, "header") else 0

    def _column(self, records: Records, column: int) -> pa.LargeStringArray:
        from spacy_w2v.sources.kernels._csv_rows import copy_fields

        data = np.frombuffer(records.data, np.uint8)
        n_rows = records.starts.size
        out, offsets = np.empty(data.size, np.uint8), np.empty(n_rows + 1, np.int64)
        missing = np.zeros(n_rows, bool)
        separator, is_literal = ord(self.separator), self.separator == "\t"
        copy_fields(data, records.starts, records.ends, separator, is_literal, column, out, offsets, missing)
        present = pa.array(~missing).buffers()[1] if missing.any() else None
        return pa.Array.from_buffers(pa.large_string(), n_rows, [present, pa.py_buffer(offsets), pa.py_buffer(out)])

    def _invalid(self, records: Records, error: CorpusError) -> str:
        try:
            records.data.decode()
        except UnicodeDecodeError as found:
            return records.invalid_text(found.start, name=self.name)
        return str(error)
