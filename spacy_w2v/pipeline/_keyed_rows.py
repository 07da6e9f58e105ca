"""The rows of a vectors table for what a document consists of, where the vectors have keys such as "duck|NOUN"."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from spacy.attrs import ORTH
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span, Token

from spacy_w2v._arrays import Offsets
from spacy_w2v.config._words import TokensSettings
from spacy_w2v.formats.spacy._key_block import KeyBlock, find_key_block
from spacy_w2v.formats.spacy._word_rows import MAX_CACHED_SUBSTITUTES, WordRows
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.keys._sense_names import SEPARATOR, split_sense
from spacy_w2v.keys._spelling import single_spaced
from spacy_w2v.keys._use import key_of
from spacy_w2v.model._lookup import NO_ROW, cases_of
from spacy_w2v.pipeline._document_keys import DocumentKeyReader, DocumentKeys, Phrase, inside

Row = tuple[int, str | None]
"""A row of the table, or NO_ROW, and the key that it was found under; None if that was a form."""

NOT_FOUND: Row = (NO_ROW, None)


class KeyedRows:
    """Looks up tokens, spans and documents by their keys.

    A key that the table lacks is looked up in lower, title and upper case. Otherwise its word has the vector of another
    sense: the most frequent one, which is the row of its form in the table. A document whose annotation is missing is
    looked up by the forms of its tokens.

    It has no reference to a vocab, whose lifetime it does not determine.
    """

    def __init__(self, words: WordRows, reader: DocumentKeyReader) -> None:
        """Look up keys.

        Args:
            words: Looks up forms in the table.
            reader: Reads the keys of documents.
        """
        self.words = words
        self.reader = reader
        self._has_forms = words.n_keys > words.n_rows
        self._found: dict[tuple[str, str], Row] = {}  # by key and text

    def token_rows(self, tokens: Doc | Span) -> Offsets:
        """Return the row of each token of a document or span, or NO_ROW, without regard to phrases."""
        keys = self.reader.read(tokens)
        if keys is None:
            return self.words.find(_orths_of(tokens))
        own = [keys.of_tokens[token.i] for token in tokens]
        found = (self._row(token.text, key, tokens.vocab)[0] for token, key in zip(tokens, own, strict=True))
        rows = np.fromiter(found, np.int64, len(tokens))
        unknown = [place for place in np.flatnonzero(rows == NO_ROW).tolist() if own[place] is not None]
        if self.words.composed is not None and unknown:  # all at once, because such rows move
            rows[unknown] = self.words.rows_of([own[place] or "" for place in unknown])
        return rows

    def unit_rows(self, tokens: Doc | Span) -> Offsets:
        """Return the rows of which the vector of a document or span consists: a phrase with a vector counts once.

        Args:
            tokens: A document, or a span, which itself may be a phrase.
        """
        keys = self.reader.read(tokens)
        if keys is None:
            return self.words.find(_orths_of(tokens))
        if isinstance(tokens, Span) and len(tokens) > 1:
            whole = self.row(tokens)
            if whole != NO_ROW:
                return np.array([whole])
        first = 0 if isinstance(tokens, Doc) else tokens.start
        rows, place, n_tokens = self.token_rows(tokens).tolist(), 0, len(tokens)
        units: list[int] = []
        for phrase, row in self._known(inside(keys.phrases, tokens), _doc_of(tokens)):
            units += [*rows[place : phrase.start - first], row[0]]
            place = phrase.end - first
        return np.array([*units, *rows[place:n_tokens]], np.int64)

    def phrases(self, doc: Doc) -> list[Phrase]:
        """Return the phrases of a document that have a vector, in order, with the keys that they were found under."""
        keys = self.reader.read(doc)
        if keys is None:
            return []
        known = self._known(keys.phrases, doc)
        return [
            phrase._replace(key=found or self.words.name_of(row, doc.vocab) or phrase.key)
            for phrase, (row, found) in known
        ]

    def key(self, thing: Token | Span) -> str | None:
        """Return the key of a token or span: the one that its vector is found under, or that which it would have.

        None without either, as for white space.
        """
        (row, found), made = self._of(thing)
        return found or self.words.name_of(row, thing.vocab) or made

    def row(self, thing: Token | Span) -> int:
        """Return the row of a token, or of a span as a whole, or NO_ROW."""
        return self._of(thing)[0][0]

    def _of(self, thing: Token | Span) -> tuple[Row, str | None]:
        """Return the row of a token or of a span as a whole, and the key that the function makes of it."""
        keys = self.reader.read(thing if isinstance(thing, Span) else thing.doc[thing.i : thing.i + 1])
        if isinstance(thing, Span) and len(thing) == 1:
            thing = thing[0]
        if keys is None:
            row = int(self.words.find(_orths_of(thing))[0]) if isinstance(thing, Token) else self._row_of_form(thing)
            return (row, None), None
        made = self._made(thing, keys)
        text = thing.text if isinstance(thing, Token) else single_spaced(thing.text)
        is_phrase = isinstance(thing, Span)
        found = self._row(text, made, thing.vocab, is_phrase=is_phrase)
        if found[0] == NO_ROW and self.words.composed is not None and made is not None and not is_phrase:
            found = int(self.words.rows_of([made])[0]), None
        return found, made

    def _made(self, thing: Token | Span, keys: DocumentKeys) -> str | None:
        if isinstance(thing, Token):
            own: str | None = keys.of_tokens[thing.i]
            return own
        for phrase in keys.phrases:
            if (phrase.start, phrase.end) == (thing.start, thing.end):
                return phrase.key
        return key_of(self.reader.function, thing) if len(thing) else None

    def _known(self, phrases: list[Phrase], doc: Doc) -> Iterator[tuple[Phrase, Row]]:
        for phrase in phrases:
            text = single_spaced(doc[phrase.start : phrase.end].text)
            row = self._row(text, phrase.key, doc.vocab, is_phrase=True)
            if row[0] != NO_ROW:
                yield phrase, row

    def _row(self, text: str, key: str | None, vocab: Any, *, is_phrase: bool = False) -> Row:
        """Return the row of a key, or of another sense of its word, without composing a vector.

        Args:
            text: The text of the token, or of the phrase with single spaces.
            key: Its key; None if it has none, and so no vector.
            vocab: The vocab of the table.
            is_phrase: Whether it has several tokens, which are better than a phrase of a similar spelling.
        """
        if key is None:
            return NOT_FOUND
        known = self._found.get((key, text))
        if known is None:
            known = self._row_of_key(key)
            if known[0] == NO_ROW:
                known = self._row_of_other_sense(text, key, vocab)
            if len(self._found) >= MAX_CACHED_SUBSTITUTES:
                self._found.clear()
            self._found[key, text] = known
        if known[0] != NO_ROW or is_phrase or self.words.composed is not None:
            return known
        return int(self.words.find(np.array([get_string_id(text)], np.uint64))[0]), None

    def _row_of_key(self, key: str) -> Row:
        word, separator, sense = key.rpartition(SEPARATOR)
        if not word:
            word, separator, sense = key, "", ""
        for case in cases_of(word):
            variant = f"{case}{separator}{sense}"
            row = self.words.table.key2row.get(get_string_id(variant))
            if row is not None:
                return row, variant if separator else None  # without senses, it may be a form
        return NOT_FOUND

    def _row_of_other_sense(self, text: str, key: str, vocab: Any) -> Row:
        """Return the row of the most frequent sense of a word, which is that of its form, or of the key's word."""
        word, _ = split_sense(key) or (key, "")
        for form in dict.fromkeys((text, word)):
            row = self.words.row_of_case(form)
            if row != NO_ROW:
                return row, None
        best = None if self._has_forms else self.words.names(vocab).best_sense(word)
        return NOT_FOUND if best is None else self._row_of_key(best)

    def _row_of_form(self, span: Span) -> int:
        return self.words.row_of_case(single_spaced(span.text))


def keyed_rows(vocab: Any, words: WordRows, block: KeyBlock | None) -> KeyedRows | None:
    """Return what looks up the keys of documents in a vocab's table; None if an attribute is the key of a token.

    Args:
        vocab: The vocab. (Any: spaCy's Vocab has no types.)
        words: Looks up forms in its table.
        block: The key function, for a vocab that does not say it.

    Raises:
        ConfigError: The key function is not registered.
    """
    found = find_key_block(vocab) or block
    function = None if found is None else key_function_of(TokensSettings(keys=found))
    return None if function is None else KeyedRows(words, DocumentKeyReader(function))


def _doc_of(tokens: Doc | Span) -> Doc:
    return tokens if isinstance(tokens, Doc) else tokens.doc


def _orths_of(thing: Any) -> Any:  # Any: spaCy's classes lack types
    """Return the ids of the texts of tokens, as an array."""
    return np.array([thing.orth], np.uint64) if isinstance(thing, Token) else thing.to_array([ORTH]).reshape(-1)
