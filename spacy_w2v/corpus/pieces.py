"""The fast way to tokens: Arrow splits texts at white space, and each distinct piece is tokenized once.

The stock tokenizer of spaCy treats each piece between white space by itself, with one exception: special cases (such
as emoticons) are also searched in the finished Doc, over a single space too. A special case that has a space inside
is found that way; a match of another one over a space changes nothing by itself, but can suppress a shorter match
within a piece that it overlaps. Runs of pieces where that could happen are found by the tokens at their ends, and
tokenized together, so the tokens are always exactly those of `nlp.tokenizer`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v.corpus.source import split_lines
from spacy_w2v.corpus.tokens import EncodedBatch, TokenRules, TypeTable, attributes_of
from spacy_w2v.types import Offsets, TokenIds

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

MAX_KNOWN_PIECES = 500_000
"""Distinct pieces (some 500 bytes each, with their tokens) that are kept between batches; then all start anew."""

PIECES_PER_DOC = 10_000

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


class PieceEncoder:
    """Encodes texts by their pieces between white space."""

    def __init__(
        self, make_pieces: Callable[[], PieceTokenizer], *, rules: TokenRules, by_line: bool, min_tokens: int
    ) -> None:
        self.make_pieces = make_pieces
        self.rules = rules
        self.by_line = by_line
        self.min_tokens = min_tokens
        self._forget()

    def _forget(self) -> None:
        """Start anew: the table of known pieces, whose row 0 is the empty piece, and the tokenizer with its vocab."""
        self.pieces = self.make_pieces()
        self.row_of_piece: dict[str, int] = {"": 0}
        self.types = TypeTable()
        self.risks: list[NDArray[np.uint8]] = [np.zeros(1, np.uint8)]
        self.row_lengths: list[Offsets] = [np.zeros(1, np.int64)]
        self.row_types: list[TokenIds] = []

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        from spacy_w2v.kernels.encoding import expand_pieces

        if len(self.row_of_piece) > MAX_KNOWN_PIECES:
            self._forget()
        lines_of_text = split_lines(texts)
        lines = lines_of_text.flatten()
        split = pc.utf8_split_whitespace(lines)
        encoded = split.flatten().dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        line_offsets = split.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
        # Arrow 26 has been seen to leave the white space of a blank line at the end of a buffer as a piece.
        pieces = list(map(str.strip, encoded.dictionary.to_pylist()))
        piece_rows = self._rows(pieces)[indices]
        runs = self._risky_runs(piece_rows, line_offsets)
        if runs.size:
            piece_rows, line_offsets = self._join_runs(runs, pieces, indices, lines, piece_rows, line_offsets)
        offsets = line_offsets if self.by_line else line_offsets[lines_of_text.offsets.to_numpy(zero_copy_only=False)]
        row_lengths, row_types = _joined(self.row_lengths), _joined(self.row_types)
        row_starts = np.zeros(row_lengths.size + 1, np.int64)
        np.cumsum(row_lengths, out=row_starts[1:])
        numbers, lengths, type_ids = expand_pieces(
            piece_rows, offsets, row_starts, row_types, self.min_tokens, np.zeros(len(self.types.types), np.uint32)
        )
        types = self.types.types
        return EncodedBatch([types[type_id] for type_id in type_ids.tolist()], numbers, lengths)

    def _rows(self, pieces: list[str]) -> Offsets:
        """Return the row of each piece, or run of pieces, tokenizing those that are not known."""
        unknown = [piece for piece in dict.fromkeys(pieces) if piece not in self.row_of_piece]
        for start in range(0, len(unknown), PIECES_PER_DOC):
            self._learn(unknown[start : start + PIECES_PER_DOC])
        return np.fromiter(map(self.row_of_piece.__getitem__, pieces), np.int64, len(pieces))

    def _learn(self, pieces: list[str]) -> None:
        doc, starts = self.pieces.tokenize(pieces)
        n_rows = len(self.row_of_piece)
        self.row_of_piece.update(zip(pieces, range(n_rows, n_rows + len(pieces)), strict=True))
        self.risks.append(self.pieces.risks(pieces, doc, starts))
        attributes = attributes_of(doc, self.rules.columns())
        keys, kept = self.rules.keys(attributes)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        self.row_lengths.append(np.diff(kept_before[np.append(starts, len(doc))]).astype(np.int64))
        self.row_types.append(self.types.number(attributes[kept, 0], keys[kept], doc.vocab))

    def _risky_runs(self, piece_rows: Offsets, line_offsets: Offsets) -> Offsets:
        """Return the first and last piece of each run that has to be tokenized together: n × 2.

        A run goes on as long as a special case could match over the next space, and is risky if it holds one.
        """
        flags = _joined(self.risks)[piece_rows]
        meets = (flags[:-1] & ENDS_LIKE_START != 0) & (flags[1:] & STARTS_LIKE_REST != 0)
        borders = line_offsets[1:-1]
        meets[borders[(borders > 0) & (borders < piece_rows.size)] - 1] = False
        edges = np.diff(meets.astype(np.int8), prepend=0, append=0)
        runs = np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)
        n_special_before = np.concatenate(([0], np.cumsum(flags & HOLDS_SPECIAL != 0)))
        return runs[n_special_before[runs[:, 1] + 1] > n_special_before[runs[:, 0]]]

    def _join_runs(
        self,
        runs: Offsets,
        pieces: list[str],
        indices: NDArray[np.int32],
        lines: pa.LargeStringArray,
        piece_rows: Offsets,
        line_offsets: Offsets,
    ) -> tuple[Offsets, Offsets]:
        """Put one row in the place of each run; of the whole line, where its white space is not single spaces."""
        texts, spans, last_line = [], [], -1
        lines_of_runs = np.searchsorted(line_offsets, runs[:, 0], side="right") - 1
        for line, (first, last) in zip(lines_of_runs.tolist(), runs.tolist(), strict=True):
            if line != last_line:
                text = lines[line].as_py().strip()
                is_regular = text == " ".join(text.split())
            elif not is_regular:
                continue  # the line is joined already
            last_line = line
            texts.append(" ".join(pieces[i] for i in indices[first : last + 1].tolist()) if is_regular else text)
            spans.append((first, last) if is_regular else (line_offsets[line], line_offsets[line + 1] - 1))
        joined = np.array(spans, np.int64)
        kept_change = np.zeros(piece_rows.size + 1, np.int64)
        kept_change[joined[:, 0] + 1] += 1
        kept_change[joined[:, 1] + 1] -= 1
        kept = np.cumsum(kept_change)[:-1] == 0
        piece_rows = piece_rows.copy()
        piece_rows[joined[:, 0]] = self._rows(texts)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        return piece_rows[kept], kept_before[line_offsets]


def _joined(parts: list[NDArray]) -> NDArray:  # type: ignore[type-arg]  # of any one type
    """Return the concatenation of the parts, and leave it as the only part."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0] if parts else np.zeros(0, np.uint32)
