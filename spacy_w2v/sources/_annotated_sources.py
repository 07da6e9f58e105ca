"""Sources of Docs that keep their annotation, for keys. Where tokens are enough, sources read only these."""

from collections.abc import Iterator
from copy import copy

from spacy_w2v.sources._docbin_corpus import DocBinFiles
from spacy_w2v.sources._docbin_format import unpack_docbin
from spacy_w2v.sources._docbin_values import annotated_batches
from spacy_w2v.sources._huggingface import DatasetSource
from spacy_w2v.sources._iterables import DocBinSource, IterableSource
from spacy_w2v.sources._mixture import Concatenation, Interleaving
from spacy_w2v.sources._source import TextBatch, TextSource


def keeping_annotation(source: TextSource) -> TextSource:
    """Return a source whose Docs keep what a pipeline has found. Other sources, and texts, stay as they are.

    Args:
        source: Any source, such as the .spacy files of "spacy_w2v.Dataset.v1", or Docs from Python.

    Raises:
        CorpusError: The files of the source do not exist.
    """
    if isinstance(source, DatasetSource):
        if source.path == "spacy" and source.shards is not None:  # local files
            return DocBinFiles(source.shards.files, max_documents=source.max_documents)
    elif isinstance(source, DocBinSource):
        return AnnotatedDocBin(source)
    elif isinstance(source, IterableSource):
        source = copy(source)
        source.keeps_annotation = True
    elif isinstance(source, Concatenation | Interleaving):
        source = copy(source)
        source.sources = {name: keeping_annotation(each) for name, each in source.sources.items()}
    return source


class AnnotatedDocBin:
    """The Docs of a spaCy DocBin in memory, with their annotation."""

    def __init__(self, source: DocBinSource):
        self._source = source

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return self._source.name

    def fingerprint(self) -> None:
        """Return None: an object in memory has no lasting identity."""

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: The DocBin is damaged.
        """
        return annotated_batches(unpack_docbin(self._source.docs.to_bytes(), name=self.name))
