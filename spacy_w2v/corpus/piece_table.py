"""Remembers the tokens of distinct pieces of text, within a bound of memory."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.corpus.pieces import PieceTokenizer
from spacy_w2v.corpus.tokens import TokenRules, TypeTable, attributes_of
from spacy_w2v.types import Offsets, TokenIds

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_KNOWN_PIECES = 500_000
"""Distinct pieces (some 500 bytes each, with their tokens) that are kept between batches."""

PIECES_PER_DOC = 10_000


class PieceTable:
    """Pieces, or runs of pieces, by rows; each row has the types of its tokens. Row 0 is the empty piece."""

    def __init__(self, make_pieces: "Callable[[], PieceTokenizer]", rules: TokenRules) -> None:
        self.make_pieces = make_pieces
        self.rules = rules
        self.pieces = make_pieces()
        self.types = TypeTable()
        self._row_of_piece: dict[str, int] = {"": 0}
        self._risks = [np.zeros(1, np.uint8)]
        self._lengths = [np.zeros(1, np.int64)]
        self._row_types = [np.zeros(0, np.uint32)]
        self._n_seen = np.zeros(1, np.int64)  # batches that have had the piece

    def __len__(self) -> int:
        return len(self._row_of_piece)

    def rows(self, pieces: list[str]) -> Offsets:
        """Return the row of each piece, tokenizing those that are not known."""
        unknown = [piece for piece in dict.fromkeys(pieces) if piece not in self._row_of_piece]
        for start in range(0, len(unknown), PIECES_PER_DOC):
            self._learn(unknown[start : start + PIECES_PER_DOC])
        rows = np.fromiter(map(self._row_of_piece.__getitem__, pieces), np.int64, len(pieces))
        if len(self) > self._n_seen.size:
            self._n_seen = np.concatenate([self._n_seen, np.zeros(len(self), np.int64)])
        self._n_seen[rows] += 1
        return rows

    def risks(self) -> NDArray[np.uint8]:
        """Return for each row what it could do to its neighbours (see corpus.pieces)."""
        return _joined(self._risks)

    def tokens(self) -> tuple[Offsets, TokenIds]:
        """Return where the tokens of each row start, and the types of the tokens of all rows."""
        lengths = _joined(self._lengths)
        starts = np.zeros(lengths.size + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        return starts, _joined(self._row_types)

    def forget_rarest(self) -> None:
        """If there are too many pieces, keep those that most batches have, at most half as many as may be known.

        The tokenizer starts anew too, since its vocab remembers all that it has seen.
        """
        if len(self) <= MAX_KNOWN_PIECES:
            return
        n_seen = self._n_seen[: len(self)]
        # Of the pieces seen as often as the last one that fits, the later ones go too.
        kept = np.sort(np.argsort(-n_seen[1:], kind="stable")[: MAX_KNOWN_PIECES // 2] + 1)
        kept = np.concatenate(([0], kept[n_seen[kept] > 1]))
        starts, row_types = self.tokens()
        lengths = np.diff(starts)[kept]
        first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        kept_types = row_types[np.repeat(starts[kept] - first, lengths) + np.arange(lengths.sum())]
        used, renumbered = np.unique(kept_types, return_inverse=True)
        pieces = list(self._row_of_piece)
        self._row_of_piece = {pieces[row]: i for i, row in enumerate(kept.tolist())}
        self._risks, self._lengths = [self.risks()[kept]], [lengths]
        self._row_types = [renumbered.astype(np.uint32)]
        self._n_seen = n_seen[kept] // 2  # what was frequent long ago gives way
        self.types.keep(used.tolist())
        self.pieces = self.make_pieces()

    def _learn(self, pieces: list[str]) -> None:
        doc, starts = self.pieces.tokenize(pieces)
        self._row_of_piece.update(zip(pieces, range(len(self), len(self) + len(pieces)), strict=True))
        self._risks.append(self.pieces.risks(pieces, doc, starts))
        attributes = attributes_of(doc, self.rules.columns())
        keys, kept = self.rules.keys(attributes)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        self._lengths.append(np.diff(kept_before[np.append(starts, len(doc))]).astype(np.int64))
        self._row_types.append(self.types.number(attributes[kept, 0], keys[kept], doc.vocab))


def _joined(parts: list[NDArray]) -> NDArray:  # type: ignore[type-arg]  # of any one type
    """Return the concatenation of the parts, and leave it as the only part."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0]
