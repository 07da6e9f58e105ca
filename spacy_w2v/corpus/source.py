"""What a source of texts is, and how texts arrive: as batches of Arrow strings."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import pyarrow as pa

from spacy_w2v.errors import CorpusError

BATCH_BYTES = 2 << 20
"""Sources join or cut what they read to batches of about this size: large enough that numbering distinct pieces
instead of tokens pays, small enough that a batch and what is made of it fit in some ten megabytes."""


class TextBatch(NamedTuple):
    """Some texts, in the order of the source."""

    texts: pa.LargeStringArray
    """The documents, without nulls."""
    n_documents: int
    """How many documents end in this batch; a document may be cut over several batches."""
    n_null: int
    """Documents that were null and are left out."""
    n_not_text: int
    """Documents that were no strings and are left out."""
    fraction: float | None
    """How much of the source has been read with this batch, in [0, 1], if that can be known."""


@runtime_checkable
class TextSource(Protocol):
    """A stream of documents that can be read once or more. Readers registered under `[w2v.corpus]` make one."""

    @property
    def name(self) -> str:
        """A short name for messages and for the meta data of results."""

    def fingerprint(self) -> str | None:
        """Return a text that changes when the content does, or None where that cannot be known.

        This is the first method to be called, and raises CorpusError for what does not exist.
        """

    def batches(self) -> Iterator[TextBatch]:
        """Read the documents. Raises CorpusError for what cannot be read."""


def empty_texts() -> pa.LargeStringArray:
    """Return an array of no texts."""
    return pa.array([], pa.large_string())


def texts_of_column(column: pa.ChunkedArray | pa.Array, *, name: str) -> tuple[pa.LargeStringArray, int, int]:
    """Return the strings of a column, the number of nulls and the number of other values, which are both left out.

    Raises CorpusError if the column's type holds no strings at all.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # what combine_chunks gives where one array cannot hold it all
        array = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in array.chunks])
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.json":
        return _texts_of_json(array)
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_null(kind):
        return empty_texts(), len(array), 0
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise CorpusError(
            f"The text column must hold strings, but column '{name}' holds: {kind}. Choose another with text_field."
        )
    n_null = array.null_count
    array = array.cast(pa.large_string())  # before nulls are dropped, which Arrow cannot do for string views
    return (array.drop_null() if n_null else array), n_null, 0


def texts_of_values(
    values: list[Any],
) -> tuple[pa.LargeStringArray, int, int]:  # Any: whatever a user's data holds
    """Return the strings among Python values, the number of missing ones (None, NaN) and of others."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        return _to_arrow(texts), 0, 0
    n_null = sum(_is_missing(value) for value in values)
    return _to_arrow(texts), n_null, len(values) - len(texts) - n_null


def _is_missing(value: Any) -> bool:  # Any: whatever a user's data holds
    """Say whether a value is None, NaN or pandas' NA, which are the ones that are not equal to themselves."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # NA has no truth; neither has an array, which is a value
        return type(value).__name__ == "NAType"


def _to_arrow(texts: list[str]) -> pa.LargeStringArray:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"Texts must be valid Unicode, but one holds a lone surrogate: {error.object[error.start : error.end]!r}. "
            "Read the file with errors='replace' instead of 'surrogateescape'."
        ) from None


def _texts_of_json(array: pa.ExtensionArray) -> tuple[pa.LargeStringArray, int, int]:
    """Decode a column of mixed JSON values, which is what datasets makes of a field that is not always a string."""
    import json

    return texts_of_values([None if value is None else json.loads(value) for value in array.storage.to_pylist()])


def coalesce(batches: Iterator[TextBatch]) -> Iterator[TextBatch]:
    """Join small batches and cut large ones to about BATCH_BYTES, without changing the documents or their order."""
    waiting: list[TextBatch] = []
    waiting_bytes = 0
    for batch in batches:
        waiting.append(batch)
        waiting_bytes += batch.texts.nbytes
        # Nothing is joined behind a batch that ends within a document: take_documents counts from the front.
        if waiting_bytes >= BATCH_BYTES or batch.n_documents != len(batch.texts):
            yield from _cut(_join(waiting))
            waiting, waiting_bytes = [], 0
    if waiting:
        yield from _cut(_join(waiting))


def _join(batches: list[TextBatch]) -> TextBatch:
    if len(batches) == 1:
        return batches[0]
    return TextBatch(
        texts=pa.concat_arrays([batch.texts for batch in batches]),
        n_documents=sum(batch.n_documents for batch in batches),
        n_null=sum(batch.n_null for batch in batches),
        n_not_text=sum(batch.n_not_text for batch in batches),
        fraction=batches[-1].fraction,
    )


def _cut(batch: TextBatch) -> Iterator[TextBatch]:
    n_parts = min(len(batch.texts), batch.texts.nbytes // (2 * BATCH_BYTES) + 1)
    if n_parts <= 1 or batch.n_documents != len(batch.texts):
        yield batch
        return
    rows = -(-len(batch.texts) // n_parts)
    for start in range(0, len(batch.texts), rows):
        texts = batch.texts.slice(start, rows)
        first = start == 0
        yield TextBatch(
            texts=texts,
            n_documents=len(texts),
            n_null=batch.n_null if first else 0,
            n_not_text=batch.n_not_text if first else 0,
            fraction=batch.fraction if start + rows >= len(batch.texts) else None,
        )


def take_documents(batches: Iterator[TextBatch], limit: int | None) -> Iterator[TextBatch]:
    """Pass on batches until `limit` documents have been read; None for all."""
    if limit is None:
        yield from batches
        return
    n_documents = 0
    for batch in batches:
        if n_documents + batch.n_documents >= limit:
            texts = batch.texts.slice(0, min(limit - n_documents, len(batch.texts)))
            yield batch._replace(texts=texts, n_documents=len(texts), fraction=1.0)
            return
        n_documents += batch.n_documents
        yield batch._replace(fraction=(n_documents / limit))
