"""DocBin files of spaCy (.spacy), which contain tokenized documents."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._columns import ValueReader
from spacy_w2v.sources._source import TextBatch

if TYPE_CHECKING:
    from spacy.tokens import DocBin

DOCS_PER_BATCH = 200


def read_docbin(data: bytes, *, name: str) -> Iterator[TextBatch]:
    """Yield the Docs of a DocBin file.

    Args:
        data: The content of the file.
        name: The name of the file, for errors.

    Raises:
        CorpusError: The file is damaged.
    """
    from spacy.tokens import DocBin

    try:
        docs = DocBin().from_bytes(data)
    except Exception as error:  # zlib, msgpack and spaCy have no common class
        raise CorpusError(f"{name} must be a DocBin file of spaCy, but is not: {error!r}") from None
    yield from read_docs(docs, name=name)


def read_docs(docs: "DocBin", *, name: str) -> Iterator[TextBatch]:
    """Yield the Docs of a DocBin.

    Args:
        docs: The DocBin.
        name: The name of the source, for errors.

    Raises:
        CorpusError: The DocBin is damaged.
    """
    from spacy.vocab import Vocab

    reader = ValueReader(name)
    n_read = 0
    found = docs.get_docs(Vocab())
    while True:
        try:
            some = list(islice(found, DOCS_PER_BATCH))
        except Exception as error:  # numpy and spaCy, for inconsistent content
            raise CorpusError(f"{name} must contain Docs of spaCy, but is damaged: {error!r}") from None
        if not some:
            return
        n_read += len(some)
        yield reader.read(some)._replace(fraction=n_read / len(docs))
