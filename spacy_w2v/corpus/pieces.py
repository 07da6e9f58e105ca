"""The fast way to tokens: Arrow splits texts at white space, and each distinct piece is tokenized once.

The stock tokenizer of spaCy treats each piece between white space by itself, with one exception: special cases (such
as emoticons) are also searched in the finished Doc, over a single space too. A match over a space changes nothing by
itself, but it can suppress a shorter match within a piece that it overlaps. Lines where that could happen are found
by their pieces and tokenized whole, so the tokens are always exactly those of `nlp.tokenizer`.
"""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v.corpus.source import split_lines
from spacy_w2v.corpus.tokens import EncodedBatch, TokenRules, TypeTable, attributes_of, transient_strings
from spacy_w2v.types import Offsets, TokenIds

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc, Span

MAX_KNOWN_PIECES = 1_000_000
"""Distinct pieces (some 100 bytes each) that are kept between batches; then the table starts anew."""

PIECES_PER_DOC = 10_000

# What a piece could do over a space to its neighbours.
STARTS_LIKE_REST = np.uint8(1)  # its first token may end a special case that began before
ENDS_LIKE_START = np.uint8(2)  # its last token may begin a special case
HOLDS_SPECIAL = np.uint8(4)  # a special case may match inside it


class PieceTokenizer(Protocol):
    """Tokenizes pieces between white space."""

    def tokenize(self, pieces: list[str]) -> tuple["Doc", Offsets]:
        """Return a Doc with the tokens of all pieces, and the index of the first token of each piece."""

    def risks(self, pieces: list[str], doc: "Doc", starts: Offsets) -> NDArray[np.uint8]:
        """Return the flags above for each piece; a flag too many only costs time."""


class WhitespacePieces:
    """Each piece is a token."""

    def __init__(self, nlp: "Language"):
        self.nlp = nlp

    def tokenize(self, pieces: list[str]) -> tuple["Doc", Offsets]:
        """Return a Doc of the pieces."""
        from spacy.tokens import Doc

        return Doc(self.nlp.vocab, words=pieces), np.arange(len(pieces))

    def risks(self, pieces: list[str], doc: "Doc", starts: Offsets) -> NDArray[np.uint8]:
        """Return zeros: pieces do not act on each other."""
        return np.zeros(len(pieces), np.uint8)


class StockPieces:
    """Pieces as spaCy's stock tokenizer splits them."""

    def __init__(self, nlp: "Language"):
        from spacy.strings import get_string_id

        self.tokenizer = nlp.tokenizer
        self.newline = get_string_id("\n")
        patterns = _searched_patterns(nlp.tokenizer)
        long_patterns = [tokens for tokens in patterns.values() if len(tokens) > 1]
        self.beginnings = np.array([get_string_id(t) for tokens in long_patterns for t in tokens[:-1]], np.uint64)
        self.rests = np.array([get_string_id(t) for tokens in long_patterns for t in tokens[1:]], np.uint64)
        self.crowded_rules = _crowded_rules(nlp.tokenizer, long_patterns)
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
        return risks

    def _holds_special(self, piece: str, tokens: "Span") -> bool:
        first = tokens[0].idx
        return any(
            piece.startswith(self.specials[piece[token.idx - first]], token.idx - first)
            for token in tokens
            if piece[token.idx - first] in self.specials
        )


def _searched_patterns(tokenizer: "Tokenizer") -> dict[str, list[str]]:
    """Return, for each special case that is searched in finished Docs, the tokens that are searched for.

    These are the ones that affix rules would split (`add_special_case` in spacy/tokenizer.pyx).
    """
    from spacy.tokenizer import Tokenizer

    plain = Tokenizer(
        tokenizer.vocab,
        rules={},
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
        faster_heuristics=tokenizer.faster_heuristics,
    )
    searched = (
        text
        for text in tokenizer.rules
        if not tokenizer.faster_heuristics
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
    """Say whether a tokenizer is spaCy's stock one, with no special case that has white space inside."""
    from spacy.tokenizer import Tokenizer

    return type(tokenizer) is Tokenizer and not any(
        char.isspace() for text in tokenizer.rules if not text.isspace() for char in text
    )


class PieceEncoder:
    """Encodes texts by their pieces between white space."""

    def __init__(self, nlp: "Language", pieces: PieceTokenizer, *, rules: TokenRules, by_line: bool, min_tokens: int):
        self.nlp = nlp
        self.pieces = pieces
        self.rules = rules
        self.by_line = by_line
        self.min_tokens = min_tokens
        self._forget()

    def _forget(self) -> None:
        """Start the table of known pieces anew: row 0 is the empty piece."""
        self.row_of_piece: dict[str, int] = {"": 0}
        self.types = TypeTable()
        self.n_rows = 1
        self.risks: list[NDArray[np.uint8]] = [np.zeros(1, np.uint8)]
        self.row_lengths: list[Offsets] = [np.zeros(1, np.int64)]
        self.row_types: list[TokenIds] = []

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        from spacy_w2v.kernels.encoding import expand_pieces

        if len(self.row_of_piece) > MAX_KNOWN_PIECES:
            self._forget()
        lines = split_lines(texts) if self.by_line else texts
        split = pc.utf8_split_whitespace(lines)
        encoded = split.flatten().dictionary_encode()
        with transient_strings(self.nlp):
            rows = self._rows(encoded.dictionary.to_pylist())
            piece_rows = rows[encoded.indices.to_numpy(zero_copy_only=False)]
            line_offsets = split.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
            piece_rows, line_offsets = self._replace_risky_lines(lines, piece_rows, line_offsets)
        row_lengths, row_types = _joined(self.row_lengths), _joined(self.row_types)
        row_starts = np.zeros(row_lengths.size + 1, np.int64)
        np.cumsum(row_lengths, out=row_starts[1:])
        numbers, lengths, type_ids = expand_pieces(
            piece_rows,
            line_offsets,
            row_starts,
            row_types,
            self.min_tokens,
            np.zeros(len(self.types.types), np.uint32),
        )
        types = self.types.types
        return EncodedBatch([types[type_id] for type_id in type_ids.tolist()], numbers, lengths)

    def _rows(self, pieces: list[str]) -> Offsets:
        """Return the row of each piece, tokenizing those that are not known."""
        unknown = [piece for piece in pieces if piece not in self.row_of_piece]
        for start in range(0, len(unknown), PIECES_PER_DOC):
            self._learn(unknown[start : start + PIECES_PER_DOC])
        return np.fromiter(map(self.row_of_piece.__getitem__, pieces), np.int64, len(pieces))

    def _learn(self, pieces: list[str]) -> None:
        doc, starts = self.pieces.tokenize(pieces)
        self.row_of_piece.update(zip(pieces, range(self.n_rows, self.n_rows + len(pieces)), strict=True))
        self._add_rows(doc, starts, self.pieces.risks(pieces, doc, starts))

    def _add_rows(self, doc: "Doc", starts: Offsets, risks: NDArray[np.uint8]) -> None:
        """Add a row for each run of tokens that begins at one of `starts`."""
        attributes = attributes_of(doc, self.rules.columns())
        keys, kept = self.rules.keys(attributes)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        borders = np.append(starts, len(doc))
        self.row_lengths.append(np.diff(kept_before[borders]).astype(np.int64))
        self.row_types.append(self.types.number(attributes[kept, 0], keys[kept], self.nlp.vocab))
        self.risks.append(risks)
        self.n_rows += starts.size

    def _replace_risky_lines(
        self, lines: pa.LargeStringArray, piece_rows: Offsets, line_offsets: Offsets
    ) -> tuple[Offsets, Offsets]:
        """Put a single row, of the line tokenized whole, for lines where special cases could meet over a space."""
        flags = _joined(self.risks)[piece_rows]
        left, right = flags[:-1], flags[1:]
        meets = (left & ENDS_LIKE_START != 0) & (right & STARTS_LIKE_REST != 0) & ((left | right) & HOLDS_SPECIAL != 0)
        risky_lines = np.unique(np.searchsorted(line_offsets, np.flatnonzero(meets), side="right") - 1)
        if not risky_lines.size:
            return piece_rows, line_offsets
        kept = np.ones(piece_rows.size, bool)
        counts = np.diff(line_offsets)
        for line in risky_lines.tolist():
            doc = self.nlp.tokenizer(lines[line].as_py())
            start, end = line_offsets[line : line + 2]
            piece_rows[start] = self.n_rows
            self._add_rows(doc, np.zeros(1, np.int64), np.zeros(1, np.uint8))
            kept[start + 1 : end] = False
            counts[line] = 1
        return piece_rows[kept], np.concatenate(([0], np.cumsum(counts)))


def _joined(parts: list[NDArray]) -> NDArray:  # type: ignore[type-arg]  # of any one type
    """Return the concatenation of the parts, and leave it as the only part."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0] if parts else np.zeros(0, np.uint32)
