"""JSON files: objects in lines (JSONL), over several lines, or in arrays. Only some of their fields are read."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._columns import BETWEEN_COLUMNS, ValueReader, is_missing, is_tokens, texts_of_columns
from spacy_w2v.sources._records import Records, whole_records
from spacy_w2v.sources._source import TextBatch

LONG_GAP = 8
"""The minimum length of a gap between objects, in bytes, that is filled separately."""

STRINGS = pa.string()
LISTS = pa.list_(pa.string())


def read_json(
    blocks: Iterable[bytes], *, name: str, fields: Sequence[str], encoding_errors: str = "strict"
) -> Iterator[tuple[TextBatch, Records]]:
    r"""Yield the documents of JSON objects. `fraction` is None.

    A missing field counts as null. If an object has a field twice, the last value is used.

    Args:
        blocks: The file, in blocks of UTF-8.
        name: The name of the file, for errors.
        fields: The fields to read.
        encoding_errors: "strict", "replace" or "ignore", for lone surrogates such as "\ud800".

    Yields:
        Batches of documents, with their records.

    Raises:
        CorpusError: An object is not valid JSON, has more than 500 levels of brackets, or is not valid UTF-8.
    """
    from spacy_w2v.sources.kernels._json_objects import MAX_DEPTH, scan_json
    from spacy_w2v.sources.kernels._records import (
        BROKEN_OBJECT,
        BROKEN_STRING,
        NONE,
        NOT_AN_OBJECT,
        RECORD,
        STARTED,
        TOO_DEEP,
        start_of_file,
    )

    faults = {
        TOO_DEEP: f"must be JSON with at most {MAX_DEPTH} levels of brackets, but has more",
        NOT_AN_OBJECT: "must consist of JSON objects, but contains other values",
        BROKEN_STRING: "must be valid JSON, but a string is not closed",
        BROKEN_OBJECT: "must be valid JSON, but an object is not closed, or a comma is missing",
    }
    state = start_of_file()
    reader = _ObjectReader(name, fields, encoding_errors)
    for records in whole_records(blocks, scan_json, state, name=name, faults=faults):
        yield reader.read(records), records
    if state[RECORD] != NONE:
        raise CorpusError(f"{name} must be valid JSON, but the object that begins in line {state[STARTED]} is cut off.")


def has_field(records: Records, field: str) -> bool:
    """Return whether any object has a field at its top level."""
    rows = (records.data[start:end] for start, end in zip(records.starts, records.ends, strict=True))
    try:
        return any(field in json.loads(row.decode(errors="replace"), strict=False) for row in rows)
    except ValueError:  # reading the objects will raise the appropriate error
        return True


def fields_of(records: Records) -> list[str]:
    """Return the names of the fields of the first object."""
    return list(json.loads(records.data[records.starts[0] : records.ends[0]], strict=False))


class _ObjectReader:
    """Reads fields of objects: with Arrow if all values have the same type, otherwise one by one."""

    def __init__(self, name: str, fields: Sequence[str], encoding_errors: str):
        """Initialize a reader.

        Args:
            name: The name of the file, for errors.
            fields: The fields to read.
            encoding_errors: "strict", "replace" or "ignore", for lone surrogates.
        """
        self.name = name
        self.fields = fields
        self.values = ValueReader(f"field '{', '.join(fields)}' of {name}", surrogates=encoding_errors)

    def read(self, records: Records) -> TextBatch:
        """Return the documents of some objects."""
        columns = self._columns(records, STRINGS)
        if columns is None and len(self.fields) == 1 and self.values.kind != "text":
            columns = self._columns(records, LISTS)
        if columns is not None:
            try:
                batch = texts_of_columns(columns, names=self.fields)
            except CorpusError:  # some bytes are invalid; the code below finds their line
                pass
            else:
                if len(batch.texts):
                    self.values.kind = "tokens" if is_tokens(columns[0].type) else "text"
                return batch
        values = [self._value(records, i) for i in range(len(records.starts))]
        try:
            return self.values.read(values)
        except UnicodeEncodeError as error:
            raise CorpusError(self._surrogate(records, values, error)) from None

    def _columns(self, records: Records, kind: pa.DataType) -> list[pa.ChunkedArray] | None:
        """Return the fields as columns, or None if they have another type, or Arrow cannot read them."""
        import pyarrow.json as pj

        data = _without_separators(records)
        try:
            table = pj.read_json(
                pa.BufferReader(data),
                read_options=pj.ReadOptions(block_size=data.size + 1, use_threads=False),
                parse_options=pj.ParseOptions(
                    explicit_schema=pa.schema([(field, kind) for field in self.fields]),
                    newlines_in_values=True,
                    unexpected_field_behavior="ignore",
                ),
            )
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        return [table[field] for field in self.fields] if len(table) == len(records.starts) else None

    def _value(self, records: Records, number: int) -> Any:  # Any: a value of JSON
        start, end = int(records.starts[number]), int(records.ends[number])
        try:
            row = json.loads(records.data[start:end].decode(), strict=False)
        except UnicodeDecodeError as error:
            raise CorpusError(records.invalid_text(start + error.start, name=self.name)) from None
        except ValueError as error:
            raise CorpusError(
                f"{self.name} must be valid JSON, but line {records.line_of(start)} is not: {error}."
            ) from None
        if len(self.fields) == 1:
            return row.get(self.fields[0])
        present = [value for field in self.fields if not is_missing(value := row.get(field))]
        texts = [value for value in present if isinstance(value, str)]
        return BETWEEN_COLUMNS.join(texts) if texts else next(iter(present), None)

    def _surrogate(self, records: Records, values: list[Any], error: UnicodeEncodeError) -> str:
        """Return the message for a lone surrogate.

        Args:
            records: The objects.
            values: The value of each object.
            error: The error for the first lone surrogate.
        """
        line = next(
            records.line_of(int(start))
            for start, value in zip(records.starts, values, strict=True)
            if not _is_encodable(value)
        )
        return (
            f"Text must be valid Unicode, but {self.name} has the lone surrogate "
            f"{error.object[error.start : error.end]!r} in line {line}. Correct the file, or set "
            'encoding_errors = "replace".'
        )


def _without_separators(records: Records) -> pa.Buffer:
    """Return the objects with spaces between them, in place of the commas and brackets of arrays."""
    data = np.frombuffer(records.data, np.uint8).copy()
    ends = records.ends[:-1]
    gaps = records.starts[1:] - ends
    for i in range(min(int(gaps.max(initial=0)), LONG_GAP)):
        data[ends[gaps > i] + i] = ord(" ")
    for record in np.flatnonzero(gaps > LONG_GAP).tolist():
        data[ends[record] : records.starts[record + 1]] = ord(" ")
    return pa.py_buffer(data[records.starts[0] : records.ends[-1]])


def _is_encodable(value: Any) -> bool:  # Any: a value of JSON
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
