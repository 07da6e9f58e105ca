"""Documents of the type ANNOTATED_DOCS: small DocBins in an Arrow array, as Docs, as tokens, and one by one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._docbin_format import EMPTY_SPANS, UnpackedDocs, unpack_docbin
from spacy_w2v.sources._source import ANNOTATED_DOCS, GIVEN_TOKENS, TextBatch

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

VALUES_PER_BATCH = 8
"""The number of small DocBins in a batch, which have some 250 kB of text: parsing them takes seconds."""


def annotated_batches(docs: UnpackedDocs) -> Iterator[TextBatch]:
    """Yield the Docs of a DocBin in batches of the type ANNOTATED_DOCS, with the fraction of the DocBin."""
    values: list[bytes] = []
    n_docs = n_done = 0
    for value, n_of_value in docs.values():
        values.append(value)
        n_docs += n_of_value
        if len(values) == VALUES_PER_BATCH or n_done + n_docs == len(docs.lengths):
            n_done += n_docs
            yield TextBatch(pa.array(values, ANNOTATED_DOCS), n_docs, 0, 0, n_done / len(docs.lengths))
            values, n_docs = [], 0


def unpacked_docs(docs: "Sequence[Doc | Span]") -> UnpackedDocs:
    """Return Docs, and Docs of Spans, as those of a DocBin, without their user data."""
    from spacy.tokens import DocBin, Span

    found = [doc.as_doc() if isinstance(doc, Span) else doc for doc in docs]
    return unpack_docbin(DocBin(docs=found).to_bytes(), name="A list of Docs")


def unpack_value(value: bytes) -> UnpackedDocs:
    """Return the Docs of a small DocBin. Raises CorpusError if it is damaged."""
    return unpack_docbin(value, name="A batch of Docs")


def docs_of_value(value: bytes, vocab: "Vocab") -> "Iterator[Doc]":
    """Yield the Docs of a small DocBin.

    Strings are added to the vocab as transient ones if it has a memory zone. Lexemes are made for words only:
    `DocBin.get_docs` makes one for each lemma and label too.

    Args:
        value: A value of a batch of the type ANNOTATED_DOCS.
        vocab: The vocab of the Docs.

    Raises:
        CorpusError: The morphology, the spans or the user data of a Doc are damaged.
    """
    docs = unpack_value(value)
    for string in docs.strings.values():
        vocab.strings.add(string)
    places = np.cumsum(docs.lengths) - docs.lengths
    for number, place in enumerate(places.tolist()):
        try:
            doc = _doc(docs, number, place=place, vocab=vocab)
            _add_further(doc, docs, number)
        except Exception as error:  # msgpack and spaCy have no common class
            text = "".join(_spaced_words(docs, place, place + int(docs.lengths[number])))
            raise CorpusError(
                f"Docs must have morphology, spans and user data that spaCy can read, but those of {text[:40]!r} are "
                f"damaged: {error!r}. Write the files again, without these."
            ) from None
        yield doc


def _doc(docs: UnpackedDocs, number: int, *, place: int, vocab: "Vocab") -> "Doc":
    """Return a Doc with the attributes of its tokens.

    Args:
        docs: The Docs.
        number: The number of the Doc.
        place: The number of its first token.
        vocab: The vocab of the Doc.
    """
    from spacy.attrs import ORTH
    from spacy.tokens import Doc

    here = slice(place, place + int(docs.lengths[number]))
    has_spaces = not docs.per_doc["flags"][number].get("has_unknown_spaces")
    words = docs.tokens[here, docs.attrs.index(ORTH)]
    doc = Doc(vocab, words=words, spaces=docs.spaces[here] if has_spaces else None)
    return doc.from_array(docs.attrs, docs.tokens[here])


def _add_further(doc: "Doc", docs: UnpackedDocs, number: int) -> None:
    """Add the categories, spans and user data of a Doc. Raises any error if they are damaged."""
    from srsly.msgpack import unpackb

    doc.cats = dict(docs.per_doc["cats"][number])
    groups = docs.per_doc["span_groups"][number]
    if groups not in EMPTY_SPANS:
        doc.spans.from_bytes(groups)
        for group in doc.spans.values():
            list(group)  # raises if a span is outside of the Doc
    if (user_data := docs.per_doc.get("user_data", {number: None})[number]) is not None:
        doc.user_data.update(unpackb(user_data, raw=False, use_list=False, strict_map_key=False))


def count_docs(texts: pa.LargeBinaryArray) -> list[int]:
    """Return the number of Docs in each value."""
    return [len(unpack_value(value.as_py()).lengths) for value in texts]


def one_doc_each(texts: pa.Array) -> pa.Array:
    """Return documents of any type, after cutting DocBins into those of one Doc each."""
    if texts.type != ANNOTATED_DOCS:
        return texts
    values = [one for value in texts for one in unpack_value(value.as_py()).one_by_one()]
    return pa.array(values, ANNOTATED_DOCS)


def texts_of_docs(value: bytes) -> Iterator[str]:
    """Yield the text of each Doc of a small DocBin."""
    docs = unpack_value(value)
    ends = np.cumsum(docs.lengths)
    spaced = _spaced_words(docs, 0, len(docs.tokens))
    for start, end in zip((ends - docs.lengths).tolist(), ends.tolist(), strict=True):
        yield "".join(spaced[start:end])


def _spaced_words(docs: UnpackedDocs, start: int, end: int) -> list[str]:
    """Return the words of some tokens, with the spaces after them."""
    spaces = docs.spaces[start:end].tolist()
    return [word + " " if space else word for word, space in zip(docs.words()[start:end], spaces, strict=True)]


def tokens_of_docs(texts: pa.LargeBinaryArray) -> pa.LargeListArray:
    """Return documents of the type ANNOTATED_DOCS as documents of the type GIVEN_TOKENS, with their sentences."""
    return pa.array([document for value in texts for document in _sentences_of_value(value.as_py())], GIVEN_TOKENS)


def _sentences_of_value(value: bytes) -> Iterator[list[list[str]]]:
    """Yield the sentences of each Doc of a small DocBin: those that are set, or else a single one."""
    from spacy.attrs import SENT_START

    docs = unpack_value(value)
    words = docs.words()
    begins = np.zeros(len(words), bool)
    if SENT_START in docs.attrs:
        begins = docs.tokens[:, docs.attrs.index(SENT_START)] == 1
    ends = np.cumsum(docs.lengths)
    for start, end in zip((ends - docs.lengths).tolist(), ends.tolist(), strict=True):
        cuts = [start, *(np.flatnonzero(begins[start + 1 : end]) + start + 1).tolist(), end]
        yield [words[first:last] for first, last in pairwise(cuts)]
