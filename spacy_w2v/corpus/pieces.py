"""Tokenizes pieces of text between white space, many at once, and finds those that may act on their neighbours.

The stock tokenizer of spaCy treats each piece by itself, with one exception: special cases (such as emoticons) are also
searched in the finished Doc, over a single space too. A special case that has a space inside is found that way; a match
of another one over a space changes nothing by itself, but can suppress a shorter match within a piece that it overlaps.
"""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.corpus.tokens import attributes_of
from spacy_w2v.types import Offsets

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

# What a piece could do over a space to its neighbours.
STARTS_LIKE_REST = np.uint8(1)  # its first token may go on with a special case that began before
ENDS_LIKE_START = np.uint8(2)  # its last token may begin a special case
HOLDS_SPECIAL = np.uint8(4)  # a special case may match inside it, or one with a space begin at its end


class PieceTokenizer(Protocol):
    """Tokenizes pieces between white space."""

    def tokenize(self, pieces: list[str]) -> tuple["Doc", Offsets]:
        """Return a Doc with the tokens of all pieces, and the index of the first token of each piece."""

    def risks(self, pieces: list[str], doc: "Doc", starts: Offsets) -> NDArray[np.uint8]:
        """Return the flags above for each piece; a flag too many only costs time."""


class WhitespacePieces:
    """Each piece is a token."""

    def __init__(self, vocab: "Vocab"):
        self.vocab = vocab

    def tokenize(self, pieces: list[str]) -> tuple["Doc", Offsets]:
        """Return a Doc of the pieces."""
        from spacy.tokens import Doc

        return Doc(self.vocab, words=pieces), np.arange(len(pieces))

    def risks(self, pieces: list[str], doc: "Doc", starts: Offsets) -> NDArray[np.uint8]:
        """Return zeros: pieces do not act on each other."""
        return np.zeros(len(pieces), np.uint8)


class StockPieces:
    """Pieces as spaCy's stock tokenizer splits them."""

    def __init__(self, tokenizer: "Tokenizer", vocab: "Vocab"):
        from spacy.strings import get_string_id

        self.tokenizer = _rebuilt(tokenizer, vocab, rules=tokenizer.rules)
        self.newline = get_string_id("\n")
        patterns = _searched_patterns(tokenizer, vocab)
        long_patterns = [tokens for tokens in patterns.values() if len(tokens) > 1]
        self.beginnings = np.array([get_string_id(t) for tokens in long_patterns for t in tokens[:-1]], np.uint64)
        self.rests = np.array([get_string_id(t) for tokens in long_patterns for t in tokens[1:]], np.uint64)
        self.crowded_rules = _crowded_rules(tokenizer, long_patterns)
        self.spaced_beginnings = tuple({part for text in patterns for part in text.split(" ")[:-1]})
        self.specials: dict[str, tuple[str, ...]] = {}  # by first character
        for text in patterns if long_patterns else ():
            self.specials[text[0]] = (*self.specials.get(text[0], ()), text)

    def tokenize(self, pieces: list[str]) -> tuple["Doc", Offsets]:
        """Tokenize all pieces at once, with a line break between: no special case matches over one."""
        doc = self.tokenizer("\n".join(pieces))
        breaks = np.flatnonzero(attributes_of(doc, ["ORTH"])[:, 0] == self.newline)
        return doc, np.concatenate(([0], breaks + 1))

    def risks(self, pieces: list[str], doc: "Doc", starts: Offsets) -> NDArray[np.uint8]:
        """Return the flags of each piece by its first and last token and the texts at the starts of its tokens."""
        orths = attributes_of(doc, ["ORTH"])[:, 0]
        ends = np.append(starts[1:] - 1, len(doc))  # less the line break between
        risks = STARTS_LIKE_REST * np.isin(orths[starts], self.rests).astype(np.uint8)
        risks |= ENDS_LIKE_START * np.isin(orths[ends - 1], self.beginnings).astype(np.uint8)
        for i in np.flatnonzero(ends - starts > 1).tolist():
            piece = pieces[i]
            if piece in self.crowded_rules or (
                piece not in self.tokenizer.rules and self._holds_special(piece, doc[starts[i] : ends[i]])
            ):
                # Inside a match the finished tokens hide those that were searched: assume the worst of both ends.
                risks[i] = STARTS_LIKE_REST | ENDS_LIKE_START | HOLDS_SPECIAL
        if self.spaced_beginnings:
            risks[[piece.endswith(self.spaced_beginnings) for piece in pieces]] |= ENDS_LIKE_START | HOLDS_SPECIAL
        return risks

    def _holds_special(self, piece: str, tokens: "Span") -> bool:
        first = tokens[0].idx
        return any(
            piece.startswith(self.specials[piece[token.idx - first]], token.idx - first)
            for token in tokens
            if piece[token.idx - first] in self.specials
        )


def _rebuilt(tokenizer: "Tokenizer", vocab: "Vocab", *, rules: dict[str, Any]) -> "Tokenizer":
    """Return a stock tokenizer with the same affix rules and with the special cases `rules`."""
    from spacy.tokenizer import Tokenizer

    return Tokenizer(
        vocab,
        rules=rules,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
        faster_heuristics=tokenizer.faster_heuristics,
    )


def _searched_patterns(tokenizer: "Tokenizer", vocab: "Vocab") -> dict[str, list[str]]:
    """Return, for each special case that is searched in finished Docs, the tokens that are searched for.

    These are the ones with a space, and those that affix rules would split (`add_special_case` in
    spacy/tokenizer.pyx).
    """
    plain = _rebuilt(tokenizer, vocab, rules={})
    searched = (
        text
        for text in tokenizer.rules
        if not tokenizer.faster_heuristics
        or " " in text
        or tokenizer.find_prefix(text)
        or tokenizer.find_suffix(text)
        or tokenizer.find_infix(text)
    )
    return {text: [token.text for token in plain(text)] for text in searched if not text.isspace()}


def _crowded_rules(tokenizer: "Tokenizer", patterns: list[list[str]]) -> set[str]:
    """Return the special cases in whose own tokens another one is found."""
    from spacy.attrs import ORTH, intify_attrs

    sequences = {tuple(tokens) for tokens in patterns}
    lengths = {len(tokens) for tokens in sequences}
    crowded = set()
    for text, specs in tokenizer.rules.items():
        tokens = tuple(intify_attrs(spec)[ORTH] for spec in specs)
        runs = (tokens[i : i + n] for n in lengths if n < len(tokens) for i in range(len(tokens) - n + 1))
        if any(run in sequences for run in runs):
            crowded.add(text)
    return crowded


def is_piecewise(tokenizer: Any) -> bool:
    """Say whether a tokenizer is spaCy's stock one, with no white space but single spaces in its special cases."""
    from spacy.tokenizer import Tokenizer

    return type(tokenizer) is Tokenizer and all(
        text.isspace() or text == " ".join(text.split()) for text in tokenizer.rules
    )
