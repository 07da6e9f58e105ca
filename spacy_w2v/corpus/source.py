"""What a source of texts is, and how texts arrive: as batches of Arrow strings."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import pyarrow as pa

BATCH_BYTES = 2 << 20
"""Sources join or cut what they read to batches of about this size: large enough that numbering distinct pieces
instead of tokens pays, small enough that a batch and what is made of it fit in some ten megabytes."""


GIVEN_TOKENS = pa.large_list(pa.large_list(pa.large_string()))
"""Documents whose tokens are given: lists of sentences, which are lists of tokens."""


class TextBatch(NamedTuple):
    """Some texts, in the order of the source."""

    texts: pa.LargeStringArray | pa.LargeListArray
    """The documents, without nulls: strings, or lists (of the type GIVEN_TOKENS) where tokens are given."""
    n_documents: int
    """How many documents end in this batch; a document may be cut over several batches."""
    n_null: int
    """Documents that were null and are left out."""
    n_not_text: int
    """Documents that were no strings and are left out."""
    fraction: float | None
    """How much of the source has been read with this batch, in [0, 1], if that can be known."""
    example: str | None = None
    """The first document that was no string, as messages show it."""


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
