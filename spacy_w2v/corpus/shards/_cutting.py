"""Cuts the documents of a source into shards, and those into batches that are annotated at a time.

A shard is identified by a hash of its texts. So it is found again in the cache after a run was killed, when texts were
added to the end of a file, or if the source has moved.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.sources._docbin_values import count_docs
from spacy_w2v.sources._source import ANNOTATED_DOCS, TextBatch

SHARD_BYTES = 1 << 20
"""The size of the texts of a shard: some minutes of annotating, which are lost if a run is killed."""

SMALL_BYTES = 32 << 10
"""The size of a batch that is annotated at a time: seconds, after which there is progress."""


class Shard(NamedTuple):
    """Consecutive documents of a source. It ends with the document that fills it."""

    batches: list[TextBatch]
    """The documents, in batches of about SMALL_BYTES. None is empty."""
    digest: str
    """A hash of the documents."""
    documents: DocumentCounts
    """The numbers of documents that end in it, and of those that were left out before its end."""
    example: str | None
    """The first document that is neither text nor null, shortened for messages."""
    fraction: float | None
    """The fraction of the source that has been read after it; None if it is unknown."""


def shards_of(batches: Iterator[TextBatch], *, shard_bytes: int) -> Iterator[Shard]:
    """Yield the documents of a source in shards. Where they end depends on the texts alone.

    Args:
        batches: The documents.
        shard_bytes: The size of a shard.
    """
    pending: list[TextBatch] = []
    n_left = shard_bytes
    for batch in _cuttable(batches):
        start = 0
        while start < batch.n_rows:
            end = batch.end_of(start, n_left)
            pending.append(batch.rows(start, end))
            n_left -= batch.n_bytes(start, end)
            start = end
            if n_left <= 0:
                yield _shard(pending)
                pending, n_left = [], shard_bytes
        if not batch.n_rows:  # documents that were left out
            pending.append(batch.whole)
    if pending:
        yield _shard(pending)


def small_batches(batches: Iterator[TextBatch]) -> Iterator[TextBatch]:
    """Yield the same documents in batches of about SMALL_BYTES."""
    for batch in _cuttable(batches):
        start = 0
        while start < batch.n_rows:
            end = batch.end_of(start, SMALL_BYTES)
            yield batch.rows(start, end)
            start = end
        if not batch.n_rows:
            yield batch.whole


class _CuttableBatch(NamedTuple):
    """A batch of a source, from which small batches are cut."""

    whole: TextBatch
    bounds: NDArray[np.int64]
    """The first byte of each document, and the end."""
    before: float | None
    """The fraction of the source that has been read before it; None if it is unknown."""

    @property
    def n_rows(self) -> int:
        return len(self.whole.texts)

    def n_bytes(self, start: int, end: int) -> int:
        """Return the size of some documents, given the number of the first, and that after the last."""
        return int(self.bounds[end] - self.bounds[start])

    def end_of(self, start: int, n_left: int) -> int:
        """Return the number after the last document of a small batch.

        Args:
            start: The number of the first document.
            n_left: The bytes that are left for its shard.
        """
        limit = self.bounds[start] + min(SMALL_BYTES, n_left)
        return min(max(int(np.searchsorted(self.bounds, limit)), start + 1), self.n_rows)

    def rows(self, start: int, end: int) -> TextBatch:
        """Return some documents. The first ones come with those that were left out.

        Args:
            start: The number of the first document.
            end: The number after that of the last one.
        """
        batch, is_first, is_last = self.whole, start == 0, end == self.n_rows
        if is_first and is_last:
            return batch
        texts = batch.texts.slice(start, end - start)
        if texts.type == ANNOTATED_DOCS:
            n_documents = sum(count_docs(texts))
        elif batch.n_documents == self.n_rows:
            n_documents = len(texts)
        else:  # pieces of a long document
            n_documents = batch.n_documents if is_last else 0
        return batch._replace(
            texts=texts,
            n_documents=n_documents,
            n_null=batch.n_null if is_first else 0,
            n_not_text=batch.n_not_text if is_first else 0,
            fraction=batch.fraction if is_last else self._fraction(end),
        )

    def _fraction(self, end: int) -> float | None:
        """Return the fraction of the source that has been read after some documents of the batch."""
        if self.before is None or self.whole.fraction is None:
            return None
        return self.before + (self.whole.fraction - self.before) * self.n_bytes(0, end) / self.n_bytes(0, self.n_rows)


def _cuttable(batches: Iterator[TextBatch]) -> Iterator[_CuttableBatch]:
    before: float | None = 0.0
    for batch in batches:
        yield _CuttableBatch(batch, _byte_bounds(batch.texts), before)
        before = batch.fraction


def _shard(pending: list[TextBatch]) -> Shard:
    """Return the shard of these batches."""
    digest = hashlib.sha256()
    for batch in pending:
        _add_to(digest, batch.texts)
    return Shard(
        batches=[batch for batch in pending if len(batch.texts)],
        digest=digest.hexdigest(),
        documents=DocumentCounts(
            n_documents=sum(batch.n_documents for batch in pending),
            n_null=sum(batch.n_null for batch in pending),
            n_not_text=sum(batch.n_not_text for batch in pending),
        ),
        example=next((batch.example for batch in pending if batch.example), None),
        fraction=next((batch.fraction for batch in reversed(pending) if batch.fraction is not None), None),
    )


def _byte_bounds(texts: pa.Array) -> NDArray[np.int64]:
    """Return the first byte of each item of an array, in all of its strings, and the end."""
    if not len(texts):
        return np.zeros(1, np.int64)
    if pa.types.is_large_list(texts.type):
        bounds: NDArray[np.int64] = _byte_bounds(texts.values)[texts.offsets.to_numpy()]
        return bounds
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]


def _add_to(digest: Any, texts: pa.Array) -> None:  # Any: hashlib has no public type
    """Add the content of an array to a hash: its type, and the lengths and bytes of its items."""
    digest.update(f"{texts.type} {len(texts)}:".encode())
    if not len(texts):
        return
    digest.update(np.asarray(texts.is_valid()).tobytes())
    if pa.types.is_large_list(texts.type):
        digest.update(np.diff(texts.offsets.to_numpy()).tobytes())
        _add_to(digest, texts.flatten())
        return
    bounds = _byte_bounds(texts)
    digest.update(np.diff(bounds).tobytes())
    content = texts.buffers()[2]
    if content is not None:
        digest.update(memoryview(content)[int(bounds[0]) : int(bounds[-1])])
