"""Texts from a Python program: lists, iterables, tables, datasets, paths of files."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spacy_w2v.config._arguments import names_of
from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._columns import ValueReader, is_doc, is_tokens, lone_surrogate, preview, texts_of_columns
from spacy_w2v.sources._docbin_values import annotated_batches, unpacked_docs
from spacy_w2v.sources._loaded_datasets import LoadedDataset
from spacy_w2v.sources._shards import check_fields
from spacy_w2v.sources._source import TextBatch, TextSource, coalesce

if TYPE_CHECKING:
    from spacy.tokens import DocBin

VALUES_PER_BATCH = 1000

ROW_ITERATORS = {
    "reader": "Pass csv.DictReader(file), and name the column with text_field.",
    "zip": "Pass only the texts: (text for text, label in pairs).",
}
"""Remedies for iterators of Python whose lists or tuples of strings are rows, not tokens."""


class IterableSource:
    """An iterable, such as a list or generator, of strings, lists of tokens, or dicts with a text each."""

    def __init__(self, texts: Iterable[Any], *, text_field: str = "text"):  # Any: values of all types
        self.texts = texts
        self.text_field = text_field
        self.keeps_annotation = False
        """Whether Docs are documents of the type ANNOTATED_DOCS, and not only tokens."""
        self._peeked: tuple[list[Any], Iterator[Any]] | None = None

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return f"texts from Python ({type(self.texts).__name__})"

    def fingerprint(self) -> None:
        """Return None, because the content of a Python object is unknown before reading."""

    def holds_tokens(self) -> bool:
        """Return whether the first values are lists of tokens, rather than texts or Docs."""
        values, iterator = self._peek()
        self._peeked = values, iterator
        others = [value for value in values if not is_doc(value)]
        return bool(others) and ValueReader(self.name).kind_of(others) == "tokens"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: The first values are neither texts nor lists of tokens nor dicts with texts.
        """
        return coalesce(self._batches())

    def _peek(self) -> tuple[list[Any], Iterator[Any]]:
        """Return the first values, and an iterator over the remaining values."""
        if self._peeked is not None:
            peeked, self._peeked = self._peeked, None
            return peeked
        iterator = iter(self.texts)
        values = self._texts_of(list(islice(iterator, VALUES_PER_BATCH)))
        if values and all(map(_is_path_of_file, values)):
            raise CorpusError(
                f"Texts must be documents, but {self.name} are paths of files, such as {values[0]!r}. To read the "
                "files, pass a list of Path objects: [Path(path) for path in paths]."
            )
        return values, iterator

    def _batches(self) -> Iterator[TextBatch]:
        total = _length(self.texts)
        reader = ValueReader(self.name)
        n_read = 0
        values, iterator = self._peek()
        while values:
            n_read += len(values)
            for batch in self._read(values, reader):
                yield batch._replace(fraction=min(1.0, n_read / total) if total else None)
            values = self._texts_of(list(islice(iterator, VALUES_PER_BATCH)))

    def _read(self, values: list[Any], reader: ValueReader) -> Iterator[TextBatch]:
        """Yield some values as batches. Raises CorpusError."""
        if self.keeps_annotation and all(map(is_doc, values)):
            yield from annotated_batches(unpacked_docs(values))
            return
        try:
            yield reader.read(values)
        except UnicodeEncodeError as error:
            raise CorpusError(lone_surrogate(error)) from None

    def _texts_of(self, values: list[Any]) -> list[Any]:
        """Return the values, after replacing dicts by their texts if the first dict has the key."""
        first = next((value for value in values if isinstance(value, Mapping)), None)
        if first is None or self.text_field not in first:
            return values
        return [value.get(self.text_field) if isinstance(value, Mapping) else value for value in values]


class ArrowSource:
    """Columns of an Arrow Table or RecordBatch, or a ChunkedArray or Array."""

    def __init__(self, columns: Sequence[pa.ChunkedArray | pa.Array], *, names: Sequence[str]):
        self.columns = [
            column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]) for column in columns
        ]
        self.names = names

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return f"Arrow ({', '.join(self.names)})"

    def fingerprint(self) -> None:
        """Return None: an object in memory has no lasting identity."""

    def holds_tokens(self) -> bool:
        """Return whether the column contains lists of tokens."""
        return is_tokens(self.columns[0].type)

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: A column has a type that cannot contain documents.
        """
        return coalesce(self._batches())

    def _batches(self) -> Iterator[TextBatch]:
        n_rows = len(self.columns[0])
        for start in range(0, n_rows, VALUES_PER_BATCH):
            batch = texts_of_columns([c.slice(start, VALUES_PER_BATCH) for c in self.columns], names=self.names)
            yield batch._replace(fraction=min(1.0, (start + VALUES_PER_BATCH) / n_rows))


class DocBinSource:
    """The tokenized documents of a spaCy DocBin."""

    def __init__(self, docs: "DocBin"):
        self.docs = docs

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return "DocBin"

    def fingerprint(self) -> None:
        """Return None: an object in memory has no lasting identity."""

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: The DocBin is damaged.
        """
        from spacy_w2v.sources._docbin_files import read_docs

        return coalesce(read_docs(self.docs, name=self.name))


def as_source(texts: Any, *, text_field: str | Sequence[str] = "text") -> TextSource:  # Any: any object with texts
    """Return a source for texts in any supported form.

    Args:
        texts: A TextSource; a datasets.Dataset or IterableDataset, or a DatasetDict with one split; a table of pandas,
            polars or Arrow, or a column of such a table; an iterable of strings, lists of tokens, Docs or dicts; a
            DocBin; the path of a file, a list of Path objects, or a glob.
        text_field: The column of a dataset, file or table, or the key of dicts. The texts of several columns are joined
            by line breaks.

    Raises:
        CorpusError: `texts` has another form.
    """
    fields = names_of(text_field, name="text_field")
    if isinstance(texts, TextSource):
        return texts
    if isinstance(texts, str | Path):
        return _files(texts, fields)
    if isinstance(texts, list | tuple) and texts and all(isinstance(path, Path) for path in texts):
        return _several_files(texts, fields)
    source = _of_datasets(texts, fields) or _of_tables(texts, fields)
    if source is not None:
        return source
    if type(texts).__name__ == "DocBin":
        return DocBinSource(texts)
    kind = type(texts).__name__
    if isinstance(texts, bytes | bytearray | Mapping) or is_doc(texts):
        remedy = {"Doc": "Pass [doc].", "Span": "Pass [span]."}.get(kind, "Pass [text], or a list of texts.")
        if isinstance(texts, Mapping):
            remedy = f'Pass one of its values, as texts["{next(iter(texts), "text")}"].'
        raise CorpusError(f"texts must be an iterable of strings, one per document, was a single {kind}. {remedy}")
    if type(texts).__module__ in ("builtins", "_csv") and kind in ROW_ITERATORS:
        raise CorpusError(f"texts must be documents, was a {kind}, which yields rows. {ROW_ITERATORS[kind]}")
    if not isinstance(texts, Iterable) or getattr(texts, "ndim", 1) == 0:
        raise CorpusError(
            "texts must be an iterable of strings or lists of tokens, a dataset, a table or a path, was: "
            f"{preview(texts)}"
        )
    if len(fields) > 1:
        raise CorpusError(f"text_field must be one key for {kind}, was: {', '.join(fields)}")
    return IterableSource(texts, text_field=fields[0])


def holds_tokens(source: TextSource) -> bool:
    """Return whether a source from Python contains lists of tokens.

    Raises:
        CorpusError: The source does not contain documents.
    """
    return isinstance(source, IterableSource | ArrowSource | LoadedDataset) and source.holds_tokens()


def _is_path_of_file(value: Any) -> bool:  # Any: a value of any type
    return isinstance(value, str) and os.path.isfile(value)


def _several_files(paths: Sequence[Path], fields: list[str]) -> TextSource:
    from spacy_w2v.sources._huggingface import make_dataset_v1

    data_files = [os.path.expanduser(path) for path in paths]
    return make_dataset_v1(data_files=data_files, text_field=fields[0] if len(fields) == 1 else fields)


def _files(texts: str | Path, fields: list[str]) -> TextSource:
    """Return a source for files.

    Raises:
        CorpusError: `texts` is a single text.
    """
    from glob import has_magic

    from spacy_w2v.sources._huggingface import make_dataset_v1

    field = fields[0] if len(fields) == 1 else fields
    path = os.path.expanduser(texts)
    if os.path.isdir(path):
        return make_dataset_v1(path=path, text_field=field)
    is_text = isinstance(texts, str) and (len(texts) > 4096 or not (os.path.lexists(path) or has_magic(texts)))
    if is_text or (isinstance(texts, str) and not os.path.lexists(path) and any(mark.isspace() for mark in texts)):
        raise CorpusError(
            f"texts must be an iterable of strings, one per document, was a single str: {preview(texts)[4:]}. "
            "Pass [text], or the path of a file."
        )
    return make_dataset_v1(data_files=str(texts), text_field=field)


def _of_datasets(texts: Any, fields: list[str]) -> TextSource | None:
    datasets = sys.modules.get("datasets")  # a program with a dataset has imported this module
    if datasets is None:
        return None
    if isinstance(texts, datasets.DatasetDict | datasets.IterableDatasetDict):
        if len(texts) != 1:
            raise CorpusError(
                f"texts must be one split of a dataset, was all splits: {', '.join(texts)}. Choose one by name."
            )
        texts = next(iter(texts.values()))
    if isinstance(texts, datasets.Dataset | datasets.IterableDataset):
        return LoadedDataset(texts, fields=fields)
    return None


def _of_tables(texts: Any, fields: list[str]) -> TextSource | None:
    """Return a source for a table or column of Arrow, pandas or polars, or None. pandas and polars are not imported."""
    if isinstance(texts, pa.ChunkedArray | pa.Array):
        return ArrowSource([texts], names=["text"])
    if isinstance(texts, pa.RecordBatchReader):
        texts = texts.read_all()
    if isinstance(texts, pa.Table | pa.RecordBatch):
        check_fields(fields, texts.schema.names, what=f"the table ({', '.join(texts.schema.names)})")
        return ArrowSource([texts.column(field) for field in fields], names=fields)
    if type(texts).__name__ == "LazyFrame":
        raise CorpusError("texts must be a table that has been computed, was a LazyFrame. Pass frame.collect().")
    if type(texts).__name__ == "DataFrame" and hasattr(texts, "columns"):
        columns = [str(column) for column in texts.columns]
        check_fields(fields, columns, what=f"the table ({', '.join(columns)})")
        selected = [texts[texts.columns[columns.index(field)]] for field in fields]  # names may not be strings
        if len(fields) > 1:
            return ArrowSource(
                [_column(values, name=field) for values, field in zip(selected, fields, strict=True)], names=fields
            )
        return IterableSource(selected[0])
    return None


def _column(values: Any, *, name: str) -> pa.Array:  # Any: a Series of pandas or polars
    """Return a column of strings as an Arrow array.

    Raises:
        CorpusError: The column has values of several types.
    """
    try:
        return pa.array(list(values), from_pandas=True)
    except UnicodeEncodeError as error:
        raise CorpusError(lone_surrogate(error)) from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise CorpusError(f"All columns to join must contain strings, but '{name}' does not: {error}") from None


def _length(texts: Any) -> int | None:
    """Return the number of items, or None if it is unknown. len() can fail even if there is a __len__."""
    try:
        return len(texts)
    except TypeError:
        return None
