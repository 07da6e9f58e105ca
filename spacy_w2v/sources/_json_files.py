"""JSON: objects, one or more per line or over several lines, or arrays of objects; only some fields are read."""

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
"""Longer gaps between objects, in bytes, are filled one by one."""

STRINGS = pa.string()
LISTS = pa.list_(pa.string())


def read_json(
    blocks: Iterable[bytes], *, name: str, fields: Sequence[str], encoding_errors: str = "strict"
) -> Iterator[tuple[TextBatch, Records]]:
    r"""Read the documents of objects; `fraction` stays None.

    If an object lacks a field, its value is null. If it has a field twice, the last one counts.

    Args:
        blocks: The file, in blocks of UTF-8.
        name: The name of the file, for errors.
        fields: The fields that are read.
        encoding_errors: "strict", "replace" or "ignore", for lone surrogates such as "\ud800".

    Yields:
        Documents, with the records that they come from.

    Raises:
        CorpusError: A line is not JSON, has brackets nested deeper than 500, or is not valid UTF-8.
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
        TOO_DEEP: f"must be JSON with brackets nested at most {MAX_DEPTH} deep, but has deeper ones",
        NOT_AN_OBJECT: "must consist of JSON objects, but has something else",
        BROKEN_STRING: "must be valid JSON, but a string has no end",
        BROKEN_OBJECT: "must be valid JSON, but an object has no end, or lacks a comma",
    }
    state = start_of_file()
    reader = _ObjectReader(name, fields, encoding_errors)
    for records in whole_records(blocks, scan_json, state, name=name, faults=faults):
        yield reader.read(records), records
    if state[RECORD] != NONE:
        raise CorpusError(f"{name} must be valid JSON, but the object that begins in line {state[STARTED]} is cut off.")


def has_field(records: Records, field: str) -> bool:
    """Return whether some of the objects have a field themselves, not only objects within them."""
    rows = (records.data[start:end] for start, end in zip(records.starts, records.ends, strict=True))
    try:
        return any(field in json.loads(row.decode(errors="replace"), strict=False) for row in rows)
    except ValueError:  # reading the objects raises the right error
        return True


def fields_of(records: Records) -> list[str]:
    """Return the names of the fields of the first object."""
    return list(json.loads(records.data[records.starts[0] : records.ends[0]], strict=False))


class _ObjectReader:
    """Reads fields of objects: by Arrow if all of them have one type, or else one by one."""

    def __init__(self, name: str, fields: Sequence[str], encoding_errors: str):
        self.name = name
        self.fields = fields
        self.values = ValueReader(f"field '{', '.join(fields)}' of {name}", surrogates=encoding_errors)

    def read(self, records: Records) -> TextBatch:
        columns = self._columns(records, STRINGS)
        if columns is None and len(self.fields) == 1 and self.values.kind != "text":
            columns = self._columns(records, LISTS)
        if columns is not None:
            try:
                batch = texts_of_columns(columns, names=self.fields)
            except CorpusError:  # some bytes are not valid; their line is found below
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
        """Return the fields, or None if they are of other types, or if Arrow cannot read them."""
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
    """Return the objects with blanks between them, in place of the commas and brackets of arrays."""
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
