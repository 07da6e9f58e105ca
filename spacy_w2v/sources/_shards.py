"""Local files of one format. Only some of their columns are read."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO

import pyarrow as pa

from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.errors._wording import did_you_mean, first_line
from spacy_w2v.sources._csv_files import CsvFile
from spacy_w2v.sources._docbin_files import read_docbin
from spacy_w2v.sources._json_files import fields_of, has_field, read_json
from spacy_w2v.sources._local_files import OpenFile, compression_of, open_files, read_blocks
from spacy_w2v.sources._parts import Stretch
from spacy_w2v.sources._source import TextBatch
from spacy_w2v.sources._table_files import Table, open_arrow, open_parquet
from spacy_w2v.sources._text_files import read_lines_of, read_text

TABLES = {"parquet": open_parquet, "arrow": open_arrow}


class Shards:
    """The files of a source, which are read in order."""

    def __init__(
        self,
        files: Sequence[str],
        *,
        format: str,
        fields: Sequence[str],
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        stretch: Stretch | None = None,
    ):
        """Initialize a source for files.

        Args:
            files: The paths of the files.
            format: "text", "json", "csv", "spacy", "parquet" or "arrow".
            fields: The columns to read.
            encoding: The encoding of text, JSON and CSV files.
            encoding_errors: "strict", "replace" or "ignore", for bytes that are invalid in the encoding.
            stretch: What to read of a single file: the row groups of Parquet, the record batches of Arrow, or the lines
                of text that begin within these bytes. If None, everything.
        """
        self.files = list(files)
        self.format = format
        self.fields = fields
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.stretch = stretch
        self._has_texts = False

    def of(self, files: Sequence[str], stretch: Stretch | None = None) -> "Shards":
        """Return the same source for some of the files, or for a stretch of one."""
        return Shards(
            files,
            format=self.format,
            fields=self.fields,
            encoding=self.encoding,
            encoding_errors=self.encoding_errors,
            stretch=stretch,
        )

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents of the files in order.

        The columns of all tables and CSV files are checked first, so that a long run does not fail at its last file.

        Raises:
            CorpusError: A file cannot be read.
        """
        files = self.check()
        self._has_texts = False
        total = sum(os.path.getsize(file) for file in files)
        done = 0
        for file in files:
            size = os.path.getsize(file)
            for opened in open_files(file):
                for batch in self._read_checked(opened):
                    self._has_texts |= len(batch.texts) > 0
                    within = min(opened.position(), size) if batch.fraction is None else batch.fraction * size
                    fraction = (done + within) / total
                    yield batch._replace(fraction=fraction or None)
            done += size

    def check(self) -> list[str]:
        """Check the columns of text files, tables and CSV files. Return the files that are not empty.

        Raises:
            CorpusError: A file lacks a column, or all files are empty.
        """
        files = self._files_with_content()
        if self.format == "text":
            check_fields(self.fields, {"text"}, what=f"the dataset ({files[0] if files else ''}: text)")
        elif self.format in TABLES or self.format == "csv":
            for file in files:
                self._check_columns(file)
        return files

    def _files_with_content(self) -> list[str]:
        """Return the files that are not empty.

        Raises:
            CorpusError: All files are empty, and their format has a header.
        """
        files = [file for file in self.files if os.path.getsize(file)]
        empty = [file for file in self.files if not os.path.getsize(file)]
        if empty and self.format not in ("text", "json"):
            if not files:
                raise CorpusError(
                    f"data_files must contain {self.format} data, but all are empty: {', '.join(empty[:3])}"
                )
            _warn(f"Left out {len(empty)} of {len(self.files)} files because they are empty: {', '.join(empty[:3])}")
        return files

    def _check_columns(self, file: str) -> None:
        """Raise CorpusError if a file with rows lacks a column."""
        for opened in open_files(file):
            hint = ""
            with _reporting_damage(opened.name):
                if self.format == "csv":
                    csv_file = self._open_csv(opened)
                    columns, hint = csv_file.header, csv_file.other_separator()
                else:
                    table = self._open_table(opened)
                    columns = table.schema.names
                    table.check(self.fields)
                    if table.n_rows == 0:
                        continue
            if columns:
                what = "the dataset" if len(self.files) == 1 else f"every file, but {opened.name} has other columns"
                check_fields(self.fields, columns, what=f"{what} ({', '.join(columns)})", hint=hint)

    def _read_checked(self, opened: OpenFile) -> Iterator[TextBatch]:
        with _reporting_damage(opened.name):
            yield from self._read(opened)

    def _read(self, opened: OpenFile) -> Iterator[TextBatch]:
        name = opened.name
        if self.format == "text":
            if self.stretch is None:
                read = partial(read_text, opened.stream)
            else:
                read = partial(read_lines_of, self.stretch, opened.stream)
            yield from read(name=name, encoding=self.encoding, encoding_errors=self.encoding_errors)
        elif self.format == "json":
            yield from self._read_json(opened)
        elif self.format == "csv":
            table = self._open_csv(opened)
            yield from table.batches(self.fields) if table.header else ()
        elif self.format == "spacy":
            yield from read_docbin(opened.stream.read(), name=name)
        else:
            shard = self._open_table(opened)
            yield from shard.batches(self.fields, self.stretch) if shard.n_rows != 0 else ()

    def _read_json(self, opened: OpenFile) -> Iterator[TextBatch]:
        is_first = True
        for batch, records in read_json(
            self._blocks(opened), name=opened.name, fields=self.fields, encoding_errors=self.encoding_errors
        ):
            if is_first and batch.n_null == len(records.starts) and not any(has_field(records, f) for f in self.fields):
                found = fields_of(records)
                if not self._has_texts:
                    check_fields(self.fields, found, what=f"the dataset ({', '.join(found)})")
                rule = f"{opened.name} must have the field {', '.join(self.fields)}, but seems to have only"
                _warn(f"{rule}: {', '.join(found)}. Its rows are left out as null.")
            is_first = False
            yield batch

    def _blocks(self, opened: OpenFile) -> Iterator[bytes]:
        return read_blocks(
            opened.stream, name=opened.name, encoding=self.encoding, encoding_errors=self.encoding_errors
        )

    def _open_csv(self, opened: OpenFile) -> CsvFile:
        from spacy_w2v.sources._dataset_names import extension_of

        separator = "\t" if extension_of(opened.name) == "tsv" else ","
        return CsvFile(self._blocks(opened), name=opened.name, separator=separator)

    def _open_table(self, opened: OpenFile) -> Table:
        stream: IO[bytes] | pa.NativeFile = opened.stream
        if compression_of(opened.name) is None and os.path.isfile(opened.name):
            stream = pa.OSFile(opened.name)  # reads without the GIL
        return TABLES[self.format](stream, name=opened.name)


def check_fields(fields: Sequence[str], columns: Sequence[str] | set[str], *, what: str, hint: str = "") -> None:
    """Raise CorpusError unless each field is the name of exactly one column.

    Args:
        fields: The fields.
        columns: The names of all columns.
        what: The object with the columns, for the message.
        hint: The likely cause, for the message. If empty, a similar name is suggested.
    """
    for field in fields:
        if field not in columns:
            hint = hint or did_you_mean(field, list(columns))
            raise CorpusError(f"text_field must be a column of {what}, was: {field}. {hint}".rstrip())
        if (n := list(columns).count(field)) > 1:
            raise CorpusError(
                f"text_field must be one column of {what}, but {n} have the name: {field}. Rename all but one."
            )


def _warn(text: str) -> None:
    warnings.warn(text, CorpusWarning, stacklevel=2)


@contextmanager
def _reporting_damage(name: str) -> Iterator[None]:
    """Raise CorpusError, with the name of the file, in place of any error of a library for a damaged file."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:  # gzip, lzma, zstandard, zip and Arrow have no common class
        raise CorpusError(f"The files must be readable, but {name} is not: {first_line(error)}") from error
