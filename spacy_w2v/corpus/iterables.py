"""Texts that a Python program already holds or makes: lists, iterables, datasets."""

import sys
from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import Any

from spacy_w2v.corpus.source import TextBatch, TextSource, coalesce, texts_of_values
from spacy_w2v.errors import CorpusError

VALUES_PER_BATCH = 1000


class IterableSource:
    """An iterable of strings: a list, a generator (read once), or anything else that can be looped over."""

    def __init__(self, texts: Iterable[Any]):  # Any: what is no string is counted and left out
        self.texts = texts

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"texts from Python ({type(self.texts).__name__})"

    def fingerprint(self) -> None:
        """Return None: the content of a Python object cannot be known without reading it."""

    def batches(self) -> Iterator[TextBatch]:
        """Read to the end."""
        return coalesce(self._batches())

    def _batches(self) -> Iterator[TextBatch]:
        total = len(self.texts) if isinstance(self.texts, Sized) else None
        n_read = 0
        iterator = iter(self.texts)
        while values := list(islice(iterator, VALUES_PER_BATCH)):
            n_read += len(values)
            texts, n_null, n_not_text = texts_of_values(values)
            yield TextBatch(texts, len(texts), n_null, n_not_text, n_read / total if total else None)


def as_source(texts: Any, *, text_field: str = "text") -> TextSource:  # Any: everything that can hold texts
    """Return a source for a TextSource, a datasets.Dataset or IterableDataset, or an iterable of strings.

    Raises CorpusError for a single string and for what cannot be looped over.
    """
    if isinstance(texts, TextSource):
        return texts
    datasets = sys.modules.get("datasets")  # a dataset can only come from a program that has imported it
    if datasets is not None and isinstance(texts, datasets.Dataset | datasets.IterableDataset):
        from spacy_w2v.corpus.huggingface import LoadedDataset

        return LoadedDataset(texts, text_field=text_field)
    if datasets is not None and isinstance(texts, datasets.DatasetDict | datasets.IterableDatasetDict):
        raise CorpusError(f"texts must be one split of a dataset, was all of: {', '.join(texts)}. Choose one by name.")
    if isinstance(texts, str | bytes):
        raise CorpusError(
            f"texts must be an iterable of strings, a document each, was one {type(texts).__name__}. "
            "Pass [text], or a file through datasets.load_dataset."
        )
    if not isinstance(texts, Iterable):
        raise CorpusError(f"texts must be an iterable of strings or a dataset, was: {type(texts).__name__}")
    return IterableSource(texts)
