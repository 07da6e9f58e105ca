"""The phrases among the keys of spaCy's vectors table: keys with a space, which are found in documents word by word."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from spacy.attrs import IDS
from spacy.matcher import PhraseMatcher
from spacy.strings import get_string_id
from spacy.tokens import Doc, Span

from spacy_w2v.model._lookup import NO_ROW, cases_of

RULE = "PHRASE"
"""The name of the matcher's only rule."""

PATTERNS_AT_A_TIME = 10_000

MAX_WORDS = 64
"""Keys with more words are not looked for. Four passes join at most 16 words, not counting connector words."""

ATTRIBUTES = {"ORTH": "orth_", "LOWER": "lower_", "NORM": "norm_"}
"""The attribute of tokens with the text that is compared, by the name of a key."""


class PhraseKeys:
    """The phrases of one vectors table, and a matcher for them."""

    def __init__(self, vocab: Any, *, attr: str) -> None:  # Any: spaCy's classes have no types
        """Read the keys of a table, and build the matcher.

        Args:
            vocab: The vocab, whose table it is.
            attr: The attribute by which words are compared: "ORTH", "LOWER" or "NORM".
        """
        self.table = vocab.vectors
        self.n_keys = self.table.n_keys
        self.attr = attr
        self.max_words = 0
        """The number of words of the longest phrase; 0 without phrases."""
        self._matcher = PhraseMatcher(vocab, attr=IDS[attr])
        patterns = iter(_patterns(self.table, vocab.strings, is_lower=attr == "LOWER"))
        while some := list(islice(patterns, PATTERNS_AT_A_TIME)):
            self.max_words = max(self.max_words, *map(len, some))
            self._matcher.add(RULE, [Doc(vocab, words=words) for words in some])

    def is_of(self, table: Any) -> bool:
        """Return whether this belongs to a table as it is now."""
        return table is self.table and table.n_keys == self.n_keys

    def find(self, doc: Doc) -> list[Span]:
        """Return the phrases in a document that have a vector, in order. Of those that overlap, the longest one counts.

        Args:
            doc: The document.

        Returns:
            Spans. The label of each is its key in the table.
        """
        from spacy.util import filter_spans

        matched: list[Span] = filter_spans(self._matcher(doc, as_spans=True))
        found = ((span, key_of(span, self.attr)) for span in matched if not _crosses_sentences(span))
        return [Span(doc, span.start, span.end, label=key) for span, key in found if key is not None]

    def add_text(self, span: Span) -> bool:
        """Let the text of a phrase be a key of the phrase's row too, so that a token with this text has its vector.

        Args:
            span: A span that `find` returned.

        Returns:
            False if the vector is zero, for which spaCy would add a row when it merges the tokens.
        """
        table, strings = self.table, span.doc.vocab.strings
        row = table.key2row[span.label]
        if not table.data[row].any():
            return False
        if strings.add(span.text) not in table.key2row:
            table.add(span.text, row=row)
            self.n_keys = table.n_keys
        return True


def key_of(span: Any, attr: str) -> str | None:
    """Return the key of a span of several words in the vectors table of its vocab, or None.

    Args:
        span: The span.
        attr: The attribute by which words are compared.
    """
    for text in texts_of(span, attr):
        if get_string_id(text) in span.vocab.vectors.key2row:
            return text
    return None


def row_of(span: Any, attr: str) -> int:
    """Return the row of a span of several words in the vectors table of its vocab, or NO_ROW. See `key_of`."""
    key = key_of(span, attr)
    return NO_ROW if key is None else int(span.vocab.vectors.key2row[get_string_id(key)])


def texts_of(span: Any, attr: str) -> Iterable[str]:
    """Return the texts that a span may have as a key: its words, by an attribute or as they are, joined by spaces.

    With LOWER, a key may also be in title or upper case, as vectors of other programs have it.
    """
    by = dict.fromkeys((ATTRIBUTES[attr], ATTRIBUTES["ORTH"]))
    texts = [" ".join(getattr(token, name) for token in span) for name in by]
    return texts if attr != "LOWER" else dict.fromkeys((*texts, *cases_of(texts[0])))


def _patterns(table: Any, strings: Any, *, is_lower: bool) -> Iterator[list[str]]:
    """Yield the words of each phrase, once.

    Args:
        table: The vectors table.
        strings: The string store.
        is_lower: Whether phrases that differ in case are the same.
    """
    seen = set()
    for key, row in table.key2row.items():
        text = strings[key] if row >= 0 and key in strings else ""
        words = (text.lower() if is_lower else text).split(" ")
        if 1 < len(words) <= MAX_WORDS and all(words) and (whole := " ".join(words)) not in seen:
            seen.add(whole)
            yield words


def _crosses_sentences(span: Span) -> bool:
    """Return whether a sentence begins within a span, where sentences are known."""
    return any(token.is_sent_start for token in span[1:])
