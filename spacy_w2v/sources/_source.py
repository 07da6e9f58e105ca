"""The protocol of text sources, and the Arrow batches in which they return texts."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

BATCH_BYTES = 2 << 20
"""The approximate size of a batch of texts.

A batch is large enough that it contains frequent pre-tokens many times, and tokenizing only distinct ones saves time.
It is small enough that it takes some ten megabytes with its tokens.
"""


GIVEN_TOKENS = pa.large_list(pa.large_list(pa.large_string()))
"""The type of documents that are already tokenized: lists of sentences, which are lists of tokens."""


ANNOTATED_DOCS = pa.large_binary()
"""The type of annotated documents: each value has the bytes of a DocBin of some Docs, as `docs_of_value` reads them."""


LONGEST_TEXT = 4 * BATCH_BYTES
"""The maximum size of a text, in bytes. Longer texts are cut: encoding takes some twenty times the size of a text."""


class TextBatch(NamedTuple):
    """A batch of texts, in the order of the source."""

    texts: pa.LargeStringArray | pa.LargeListArray | pa.LargeBinaryArray
    """The documents without nulls: strings, lists of the type GIVEN_TOKENS, or DocBins of the type ANNOTATED_DOCS."""
    n_documents: int
    """Documents that end in this batch. A long document may be cut into several batches, and a DocBin has several."""
    n_null: int
    """Documents that are left out because they are null."""
    n_not_text: int
    """Documents that are left out because their type differs from the others."""
    fraction: float | None
    """The fraction of the source that has been read after this batch, in [0, 1], or None if it is unknown."""
    example: str | None = None
    """The first document with a different type, shortened for messages."""


@runtime_checkable
class TextSource(Protocol):
    """A stream of documents, which can be read once or several times. The readers of `[w2v.corpus]` return one."""

    @property
    def name(self) -> str:
        """A short name, for messages and for the metadata of results."""

    def fingerprint(self) -> str | None:
        """Return a string that identifies the content, or None if the content is unknown before reading.

        This method is called before `batches`.

        Raises:
            CorpusError: The source does not exist.
        """

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents in batches.

        Raises:
            CorpusError: The documents cannot be read.
        """


class Texts:
    """Base class of sources that can be iterated over, as a list of texts can."""

    def __iter__(self) -> Iterator[str]:
        """Yield the documents as strings. Texts of more than some megabytes are cut into parts."""
        batches: Iterator[TextBatch] = self.batches()  # type: ignore[attr-defined]  # every source has it
        return (text for batch in batches for text in texts_of(batch.texts))


def empty_texts() -> pa.LargeStringArray:
    """Return an empty array of texts."""
    return pa.array([], pa.large_string())


def texts_of(documents: pa.Array) -> Iterator[str]:
    """Yield documents of a batch as texts."""
    from spacy_w2v.sources._docbin_values import texts_of_docs

    for document in documents:
        yield from texts_of_docs(document.as_py()) if documents.type == ANNOTATED_DOCS else [text_of(document)]


def text_of(document: pa.Scalar) -> str:
    """Return a document of a batch as text. Tokens are joined by spaces, and sentences by line breaks."""
    value = document.as_py()
    return value if isinstance(value, str) else "\n".join(" ".join(filter(None, tokens)) for tokens in value)


def coalesce(batches: Iterator[TextBatch]) -> Iterator[TextBatch]:
    """Join small batches and split large ones, to batches of about BATCH_BYTES bytes.

    Documents and their order do not change, except that a text of more than LONGEST_TEXT bytes is cut into parts.
    """
    pending: list[TextBatch] = []
    pending_bytes = 0
    for batch in chain.from_iterable(map(_cut_long_texts, batches)):
        if pending and pending[-1].texts.type != batch.texts.type:
            yield from _cut(_join(pending))
            pending, pending_bytes = [], 0
        pending.append(batch)
        pending_bytes += batch.texts.nbytes
        # A joined batch must end where a document is cut, because take_documents counts from the front.
        if pending_bytes >= BATCH_BYTES or batch.n_documents != len(batch.texts):
            yield from _cut(_join(pending))
            pending, pending_bytes = [], 0
    if pending:
        yield from _cut(_join(pending))


def _cut_long_texts(batch: TextBatch) -> Iterator[TextBatch]:
    if batch.texts.type != pa.large_string() or batch.n_documents != len(batch.texts) or not len(batch.texts):
        yield batch
        return
    _, offsets, data = batch.texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[batch.texts.offset :][: len(batch.texts) + 1]
    start = 0
    rest = batch
    for i in np.flatnonzero(np.diff(ends) > LONGEST_TEXT).tolist():
        cuts = _cuts(memoryview(data), int(ends[i]), int(ends[i + 1]))
        places = pa.py_buffer(np.array(cuts, np.int64))
        parts = pa.Array.from_buffers(pa.large_string(), len(cuts) - 1, [None, places, data])
        if i > start:
            yield rest._replace(texts=batch.texts.slice(start, i - start), n_documents=i - start)
            rest = rest._replace(n_null=0, n_not_text=0)
        for number in range(len(parts)):
            yield rest._replace(texts=parts.slice(number, 1), n_documents=int(number == len(parts) - 1))
            rest = rest._replace(n_null=0, n_not_text=0)
        start = i + 1
    if start < len(batch.texts) or start == 0:
        yield rest._replace(texts=batch.texts.slice(start), n_documents=len(batch.texts) - start)


def _cuts(data: memoryview, start: int, end: int) -> list[int]:
    """Return where to cut a long text: after white space about every BATCH_BYTES bytes, or else between characters.

    Args:
        data: The UTF-8 of all texts.
        start: The first byte of the text in `data`.
        end: The byte after the last one.

    Returns:
        The offsets of the parts in `data`, from `start` to `end`.
    """
    cuts = [start]
    while end - cuts[-1] > LONGEST_TEXT:
        stretch = bytes(data[cuts[-1] : cuts[-1] + BATCH_BYTES])
        place = max(stretch.rfind(b"\n"), stretch.rfind(b" ")) + 1
        if not place:
            place = BATCH_BYTES
            while data[cuts[-1] + place] & 0xC0 == 0x80:  # within a character
                place -= 1
        cuts.append(cuts[-1] + place)
    return [*cuts, end]


def _join(batches: list[TextBatch]) -> TextBatch:
    if len(batches) == 1:
        return batches[0]
    return TextBatch(
        texts=pa.concat_arrays([batch.texts for batch in batches]),
        n_documents=sum(batch.n_documents for batch in batches),
        n_null=sum(batch.n_null for batch in batches),
        n_not_text=sum(batch.n_not_text for batch in batches),
        fraction=batches[-1].fraction,
        example=next((batch.example for batch in batches if batch.example), None),
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
            example=batch.example,
        )


def take_documents(batches: Iterator[TextBatch], limit: int | None) -> Iterator[TextBatch]:
    """Yield batches until `limit` documents have been read. If `limit` is None, yield all batches."""
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
