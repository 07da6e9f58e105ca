"""Hugging Face datasets that a program has created or loaded."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._columns import ValueReader, is_tokens, lone_surrogate, texts_of_columns
from spacy_w2v.sources._parts import SourcePart, Stretch
from spacy_w2v.sources._row_parts import row_parts
from spacy_w2v.sources._shards import check_fields
from spacy_w2v.sources._source import TextBatch, coalesce

if TYPE_CHECKING:
    import datasets

DOCUMENTS_PER_READ = 256


class LoadedDataset:
    """A datasets.Dataset or IterableDataset of a program."""

    def __init__(self, dataset: "datasets.Dataset | datasets.IterableDataset", *, fields: Sequence[str] = ("text",)):
        self.dataset = dataset
        self.fields = fields

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        info = getattr(self.dataset, "info", None)
        return getattr(info, "dataset_name", None) or type(self.dataset).__name__

    def fingerprint(self) -> str | None:
        """Return the fingerprint that datasets computes for a Dataset.

        It is None for an IterableDataset and for a Dataset with a transform.

        Raises:
            CorpusError: A column does not exist.
        """
        check_columns(self.dataset, self.fields)
        fingerprint = getattr(self.dataset, "_fingerprint", None)
        if fingerprint is None or _has_transform(self.dataset):
            return None
        return f"datasets:{fingerprint}:{','.join(self.fields)}"

    def holds_tokens(self) -> bool:
        """Return whether the column contains lists of tokens."""
        features = self.dataset.features
        if features is None or self.fields[0] not in features:
            return False
        return is_tokens(features.arrow_schema.field(self.fields[0]).type)

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: A column does not exist, or cannot contain documents.
        """
        n_documents = len(self.dataset) if hasattr(self.dataset, "__len__") else None
        return coalesce(read_dataset(self.dataset, fields=self.fields, n_documents=n_documents))

    def parts(self, part_bytes: int) -> Sequence[SourcePart]:
        """Return parts of the rows, if they are all known. See DivisibleSource."""
        if self.fingerprint() is None:
            return [SourcePart(self, 0)]
        parts = row_parts(self, self.dataset, fields=self.fields, part_bytes=part_bytes)
        return parts if len(parts) > 1 else [SourcePart(self, parts[0].n_bytes)]

    def check(self) -> None:
        """Check the columns. See DivisibleSource."""
        check_columns(self.dataset, self.fields)

    def batches_of(self, stretch: Stretch) -> Iterator[TextBatch]:
        """Yield the documents of some rows of a Dataset. Raises CorpusError as `batches` does."""
        rows = self.dataset.select(range(*stretch))
        return coalesce(read_dataset(rows, fields=self.fields, n_documents=len(rows)))


def check_columns(dataset: Any, fields: Sequence[str]) -> None:  # Any: Dataset or IterableDataset
    """Raise CorpusError if the dataset lacks a column. If its columns are unknown, the first row is read."""
    columns = None if _has_transform(dataset) else dataset.column_names
    if columns is None:
        columns = list(next(iter(dataset), dict.fromkeys(fields)))
    check_fields(fields, columns, what=f"the dataset ({', '.join(columns)})")


def read_dataset(
    dataset: Any,  # Any: Dataset or IterableDataset
    *,
    fields: Sequence[str],
    n_documents: int | None,
) -> Iterator[TextBatch]:
    """Yield the documents of columns, read as Arrow unless a Python function creates the rows.

    Args:
        dataset: The dataset.
        fields: The columns.
        n_documents: The number of rows, from which the fraction is computed. If None, the number is unknown.

    Raises:
        CorpusError: A column does not exist, or cannot contain documents.
    """
    check_columns(dataset, fields)
    n_read = 0
    for n_rows, batch in _by_arrow(dataset, fields) if _is_arrow(dataset) else _by_values(dataset, fields):
        n_read += n_rows
        yield batch._replace(fraction=min(1.0, n_read / n_documents) if n_documents else None)


def _by_arrow(dataset: Any, fields: Sequence[str]) -> Iterator[tuple[int, TextBatch]]:
    n_read = 0
    for table in dataset.select_columns(list(fields)).with_format("arrow").iter(batch_size=DOCUMENTS_PER_READ):
        try:
            yield len(table), texts_of_columns([table[field] for field in fields], names=fields)
        except CorpusError as error:
            raise CorpusError(f"{error} It is in the documents {n_read} to {n_read + len(table)}.") from None
        n_read += len(table)


def _by_values(dataset: Any, fields: Sequence[str]) -> Iterator[tuple[int, TextBatch]]:
    if len(fields) > 1:
        raise CorpusError(
            f"text_field must be one column if a function creates the rows, was: {', '.join(fields)}. "
            "Join the columns in the function."
        )
    reader = ValueReader(f"column '{fields[0]}'")
    for rows in dataset.iter(batch_size=DOCUMENTS_PER_READ):
        if fields[0] not in rows:
            check_fields(fields, list(rows), what=f"the dataset ({', '.join(rows)})")
        values = list(rows[fields[0]])
        try:
            yield len(values), reader.read(values)
        except UnicodeEncodeError as error:
            raise CorpusError(lone_surrogate(error)) from None


def _is_arrow(dataset: Any) -> bool:
    """Return whether the rows are stored as Arrow, rather than created one by one by a Python function."""
    rows = getattr(dataset, "_ex_iterable", None)  # of an IterableDataset
    if rows is not None:  # without iter_arrow, Arrow would infer another type for each batch
        return getattr(rows, "iter_arrow", None) is not None
    return not _has_transform(dataset)


def _has_transform(dataset: Any) -> bool:
    """Return whether a dataset has a function for its rows, from set_transform or with_transform."""
    return getattr(dataset, "format", {}).get("type") == "custom"
