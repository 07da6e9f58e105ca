"""The extension attributes of documents, tokens and spans that are computed when they are asked for.

They need nothing but the vocab, so that they work for documents that come from another process or from bytes, too.
"""

from typing import Any
from weakref import WeakKeyDictionary

from spacy.tokens import Doc, Span, Token

from spacy_w2v.formats.spacy._phrase_keys import key_of
from spacy_w2v.keys._sense_names import split_sense
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.pipeline._doc_vectors import DocVectors, PoolingSettings

_OF_LOOKUPS: WeakKeyDictionary[Any, DocVectors] = WeakKeyDictionary()
"""Of each vocab, by its lookups, to which references can be weak. (Any: spaCy's Lookups has no types.)"""


def doc_vectors_of(doc: Doc) -> DocVectors | None:
    """Return what looks up the rows of a document: that of the component, or one without its settings.

    None if its vocab has no vectors.
    """
    vocab: Any = doc.vocab
    if not len(vocab.vectors.data):
        return None
    owner = getattr(doc.user_hooks.get("vector"), "__self__", None)
    if isinstance(owner, DocVectors):
        return owner
    known = _OF_LOOKUPS.get(vocab.lookups)
    if known is None:
        known = _OF_LOOKUPS[vocab.lookups] = DocVectors(PoolingSettings(pooling="mean", n_common=0), None)
    return known


def key(thing: Token | Span) -> str | None:
    """Return the key under which the vector of a token or span is found, or the one that it would have.

    None without either, as for white space. If vectors have no keys, a span has one only if it is a phrase of theirs.
    """
    doc_vectors = doc_vectors_of(thing.doc)
    if doc_vectors is None:
        return None
    keyed = doc_vectors.keyed(thing.vocab)
    if keyed is not None:
        return keyed.key(thing)
    if isinstance(thing, Span) and len(thing) != 1:
        of_phrase: str | None = key_of(thing, "ORTH") if len(thing) else None
        return of_phrase
    start = thing.i if isinstance(thing, Token) else thing.start
    row = int(doc_vectors.rows(thing.doc[start : start + 1])[0])
    text: str = thing.text
    return doc_vectors.bind(thing.vocab).name_of(row, thing.vocab) or text


def phrases(doc: Doc) -> list[Span]:
    """Return the phrases of a document that have a vector. The label of each is its key."""
    doc_vectors = doc_vectors_of(doc)
    keyed = None if doc_vectors is None else doc_vectors.keyed(doc.vocab)
    return [Span(doc, *phrase) for phrase in keyed.phrases(doc)] if keyed is not None else []


def other_senses(thing: Token | Span) -> list[str]:
    """Return the keys of the same word with other senses, the most frequent first."""
    found = key(thing)
    doc_vectors = doc_vectors_of(thing.doc)
    if found is None or doc_vectors is None or split_sense(found) is None:
        return []
    return doc_vectors.bind(thing.vocab).names(thing.vocab).other_senses(found)


def most_similar(thing: Token | Span, n: int = 10) -> list[tuple[str, float]]:
    """Return the keys with the vectors most similar to that of a token or span.

    Args:
        thing: A token or span. A span without a vector of its own has those of its tokens and phrases.
        n: The number of keys.

    Returns:
        Keys with their cosine similarities, in [-1, 1], the most similar first. Empty without a vector.
    """
    doc_vectors = doc_vectors_of(thing.doc)
    if doc_vectors is None:
        return []
    span = thing if isinstance(thing, Span) else thing.doc[thing.i : thing.i + 1]
    rows = doc_vectors.unit_rows(span)
    rows = rows[rows != NO_ROW]
    words = doc_vectors.bind(thing.vocab)
    if not len(rows):
        return []
    names = [name for row in rows.tolist() if (name := words.name_of(row, thing.vocab)) is not None]
    query = names if len(names) == len(rows) else words.vectors_at(rows).mean(axis=0)
    return words.names(thing.vocab).most_similar(query, topn=n)


ATTRIBUTES: dict[Any, dict[str, dict[str, Any]]] = {  # Any: spaCy's classes, whose stubs are incomplete, and arguments
    Doc: {"w2v_vector": {"default": None}, "w2v_phrases": {"getter": phrases}},
    Token: {
        "w2v_oov": {"default": False},
        "w2v_key": {"getter": key},
        "w2v_other_senses": {"getter": other_senses},
        "w2v_most_similar": {"method": most_similar},
    },
    Span: {
        "w2v_key": {"getter": key},
        "w2v_other_senses": {"getter": other_senses},
        "w2v_most_similar": {"method": most_similar},
    },
}
"""The attributes by name, with what spaCy's `set_extension` takes."""

ASSIGNED = [f"{kind.__name__.lower()}._.{name}" for kind, named in ATTRIBUTES.items() for name in named]


def set_attributes() -> None:
    """Set the extension attributes, once in a process."""
    for kind, named in ATTRIBUTES.items():
        for name, arguments in named.items():
            if not kind.has_extension(name):
                kind.set_extension(name, **arguments)
