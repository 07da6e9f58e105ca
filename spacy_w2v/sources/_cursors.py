"""Cursors: positions in the sources of a mixture, which return the next documents."""

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._docbin_values import one_doc_each
from spacy_w2v.sources._source import TextBatch, TextSource, empty_texts


class Cursor:
    """A position in a source."""

    def __init__(self, name: str, source: TextSource):
        """Start at the first document.

        Args:
            name: The name of the source in the mixture, for errors.
            source: The source.
        """
        self.name = name
        self.source = source
        self.is_exhausted = False
        """Whether the last `take` returned fewer documents than requested."""
        self._batches = source.batches()
        self._texts = empty_texts()  # documents that have been read, but not taken
        self._counts = np.zeros(2, np.int64)  # documents since the last `take` that are null, and that are not text
        self._example: str | None = None  # the first one that is not text

    def take(self, n_documents: int) -> TextBatch:
        """Return the next documents. If the source ends before, return fewer, and set `is_exhausted`."""
        parts = []
        missing = n_documents
        while missing and self._fill():
            parts.append(self._part(missing))
            missing -= len(parts[-1])
        self.is_exhausted = missing > 0
        return self._batch(parts)

    def _fill(self) -> bool:
        """Read until there are documents to take. Return False at the end of the source."""
        while not len(self._texts):
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._texts = one_doc_each(batch.texts)
            self._counts += batch.n_null, batch.n_not_text
            self._example = self._example or batch.example
        return True

    def _part(self, limit: int) -> pa.Array:
        """Take at most `limit` of the documents that have been read."""
        part = self._texts.slice(0, limit)
        self._texts = self._texts.slice(len(part))
        return part

    def _batch(self, parts: list[pa.Array]) -> TextBatch:
        """Return the documents that were taken, as a batch.

        Raises:
            CorpusError: They are a mixture of texts and tokens.
        """
        if any(part.type != parts[0].type for part in parts):
            raise CorpusError(
                f"Each source of a mixture must contain either texts or lists of tokens, but {self.name} has both."
            )
        n_null, n_not_text = self._counts.tolist()
        self._counts[:] = 0
        texts = pa.concat_arrays(parts) if parts else empty_texts()
        return TextBatch(texts, len(texts), n_null, n_not_text, None, self._example)


class RepeatingCursor(Cursor):
    """A position in a source that can start again at its end. It detects the end with the last document."""

    def __init__(self, name: str, source: TextSource):
        """Read the first documents.

        Args:
            name: The name of the source in the mixture, for errors.
            source: The source.

        Raises:
            CorpusError: The source has no documents.
        """
        super().__init__(name, source)
        self.has_ended = False
        """Whether the last document has been taken at least once."""
        self.n_before_end = 0
        """If the source first ended in the last `take`: the number of documents up to the end. Otherwise 0."""
        if not self._fill():
            raise CorpusError(f"Each source of a mixture must have documents, but {name} has none.")

    def take(self, n_documents: int, *, start_over: bool = False) -> TextBatch:
        """Return the next documents.

        Args:
            n_documents: The number of documents.
            start_over: Whether to read the source again at its end. Otherwise, fewer documents are returned.

        Raises:
            CorpusError: The source can be read only once.
        """
        parts = []
        missing = n_documents
        self.n_before_end = 0
        while missing:
            if not self._fill():
                if not start_over:
                    break
                self._start_over()
            parts.append(self._part(missing))
            missing -= len(parts[-1])
            if not self.has_ended and not self._fill():
                self.has_ended = True
                self.n_before_end = n_documents - missing
        self.is_exhausted = missing > 0
        return self._batch(parts)

    def _start_over(self) -> None:
        self._batches = self.source.batches()
        if not self._fill():
            raise CorpusError(
                f'With stop = "all_exhausted", sources must be readable again, but {self.name} can be read only once. '
                'Set stop = "all_exhausted_without_replacement".'
            )
