"""Parquet files, Arrow files and Arrow streams. Only some of their columns are read."""

from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import pyarrow as pa

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.sources._columns import check_type, texts_of_columns
from spacy_w2v.sources._parts import Stretch
from spacy_w2v.sources._source import TextBatch

ROWS_PER_READ = 256

ARROW_FILE_MARK = b"ARROW1"


class Table(NamedTuple):
    """An open table file."""

    name: str
    schema: pa.Schema
    n_rows: int | None
    """The number of rows, or None if it is unknown before reading."""
    reader: Any  # Any: a ParquetFile, RecordBatchFileReader or RecordBatchStreamReader
    n_items: int
    """The number of row groups or record batches; 1 for a stream, which cannot be cut."""

    def check(self, fields: Sequence[str]) -> None:
        """Raise CorpusError if the table has rows, and the type of a field cannot contain documents."""
        for field in fields if self.n_rows != 0 else ():
            if field in self.schema.names and not self._is_null(field):
                check_type(self.schema.field(field).type, name=field, where=self.name)

    def batches(self, fields: Sequence[str], stretch: Stretch | None = None) -> Iterator[TextBatch]:
        """Yield the documents of some columns.

        Args:
            fields: The columns.
            stretch: The row groups or record batches to read. If None, all of them.

        Raises:
            CorpusError: The type of a column cannot contain documents.
        """
        stretch = stretch or Stretch(0, self.n_items)
        n_rows = self.n_rows and self._n_rows_of(stretch)
        n_read = 0
        for part in self._parts(fields, stretch):
            columns = [part.column(field) for field in fields]
            columns = [pa.nulls(len(part)) if column.null_count == len(part) else column for column in columns]
            try:
                batch = texts_of_columns(columns, names=fields)
            except CorpusError as error:
                first_row = n_read + self._n_rows_of(Stretch(0, stretch.first))
                raise CorpusError(
                    f"{error} It is in {self.name}, in the rows {first_row} to {first_row + len(part)}."
                ) from None
            n_read += len(part)
            yield batch._replace(fraction=n_read / n_rows if n_rows else None)

    def _n_rows_of(self, stretch: Stretch) -> int:
        """Return the number of rows of a stretch."""
        import pyarrow.parquet as pq

        if isinstance(self.reader, pq.ParquetFile):
            return sum(self.reader.metadata.row_group(i).num_rows for i in range(*stretch))
        return sum(self.reader.get_batch(i).num_rows for i in range(*stretch))

    def _parts(self, fields: Sequence[str], stretch: Stretch) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        if isinstance(self.reader, pq.ParquetFile):
            # use_threads would decode whole row groups in advance, with no benefit for one column.
            groups = list(range(*stretch))
            yield from self.reader.iter_batches(
                ROWS_PER_READ, row_groups=groups, columns=list(fields), use_threads=False
            )
        elif isinstance(self.reader, pa.ipc.RecordBatchFileReader):
            yield from map(self.reader.get_batch, range(*stretch))
        else:
            yield from self.reader

    def _is_null(self, field: str) -> bool:
        """Return whether the metadata of a Parquet file shows that a column has only nulls."""
        import pyarrow.parquet as pq

        if not isinstance(self.reader, pq.ParquetFile):
            return False
        metadata = self.reader.metadata
        paths = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
        if field not in paths:  # a nested column
            return False
        groups = [metadata.row_group(i).column(paths.index(field)) for i in range(metadata.num_row_groups)]
        return all(
            group.is_stats_set and group.statistics.has_null_count and group.statistics.null_count == group.num_values
            for group in groups
        )


def open_parquet(stream: IO[bytes], *, name: str) -> Table:
    """Open a Parquet file.

    Args:
        stream: The file.
        name: Its name, for errors.

    Raises:
        CorpusError: The file is not a Parquet file.
    """
    import pyarrow.parquet as pq

    try:
        reader = pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{name} must be a Parquet file, but is not: {first_line(error)}") from None
    return Table(name, reader.schema_arrow, reader.metadata.num_rows, reader, reader.metadata.num_row_groups)


def open_arrow(stream: IO[bytes], *, name: str) -> Table:
    """Open an Arrow file or Arrow stream.

    Args:
        stream: The file.
        name: Its name, for errors.

    Raises:
        CorpusError: The file is not an Arrow file.
    """
    is_file = stream.read(len(ARROW_FILE_MARK)) == ARROW_FILE_MARK
    stream.seek(0)
    try:
        reader = pa.ipc.open_file(stream) if is_file else pa.ipc.open_stream(stream)
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{name} must be an Arrow file, but is not: {first_line(error)}") from None
    return Table(name, reader.schema, None, reader, reader.num_record_batches if is_file else 1)
