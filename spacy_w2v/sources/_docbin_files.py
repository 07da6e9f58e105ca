"""Files of spaCy's DocBin (.spacy), whose Docs give the tokens."""

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
    """Read the Docs of a DocBin from the content of its file. Raises CorpusError if it is damaged."""
    from spacy.tokens import DocBin

    try:
        docs = DocBin().from_bytes(data)
    except Exception as error:  # of zlib, msgpack and spaCy: they have no common base
        raise CorpusError(f"{name} must be a file of spaCy's DocBin, but is not: {error!r}") from None
    yield from read_docs(docs, name=name)


def read_docs(docs: "DocBin", *, name: str) -> Iterator[TextBatch]:
    """Read the Docs of a DocBin. Raises CorpusError if it is damaged."""
    from spacy.vocab import Vocab

    reader = ValueReader(name)
    n_read = 0
    found = docs.get_docs(Vocab())
    while True:
        try:
            some = list(islice(found, DOCS_PER_BATCH))
        except Exception as error:  # of numpy and spaCy, for contradictory content
            raise CorpusError(f"{name} must hold Docs of spaCy, but is damaged: {error!r}") from None
        if not some:
            return
        n_read += len(some)
        yield reader.read(some)._replace(fraction=n_read / len(docs))
