"""Remembers the tokens of distinct pieces of text, within a bound of memory."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.tokenization._pretokens import PieceTokenizer
from spacy_w2v.tokenization._string_table import StringTable, selected

if TYPE_CHECKING:
    from spacy_w2v.tokenization.kernels._strings import Slices

MAX_KNOWN_PIECES = 1_000_000
"""Distinct pieces that are kept between batches: some 100 bytes each, with their types."""


class PieceTable:
    """Pieces, or runs of pieces with single spaces between, by rows; each row has the types of its tokens."""

    def __init__(self, tokenizer: PieceTokenizer) -> None:
        self.tokenizer = tokenizer
        self._pieces = StringTable()
        self._risks = np.zeros(0, np.uint8)
        self._starts = np.zeros(1, np.int64)
        self._types = np.zeros(0, np.uint32)

    @property
    def risks(self) -> NDArray[np.uint8]:
        """For each row, what it could do to its neighbours (see corpus.pieces)."""
        return self._risks

    @property
    def tokens(self) -> tuple[Offsets, TokenIds]:
        """Where the tokens of each row start, and the types of the tokens of all rows."""
        return self._starts, self._types

    def rows(self, data: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the row of each slice of some UTF-8, tokenizing those that are not known."""
        n_known = len(self._pieces)
        rows = self._pieces.rows(data, slices)
        if len(self._pieces) > n_known:
            learned = self.tokenizer.learn(self._pieces.text_from(n_known))
            self._risks = np.concatenate([self._risks, learned.risks])
            self._starts = np.concatenate([self._starts, self._starts[-1] + np.cumsum(learned.lengths)])
            self._types = np.concatenate([self._types, learned.types])
        return rows

    def forget_rarest(self) -> None:
        """If there are too many pieces, keep those seen most often, at most half as many as may be known."""
        if len(self._pieces) <= MAX_KNOWN_PIECES:
            return
        n_seen = self._pieces.n_seen
        # Of the pieces seen as often as the last one that fits, the later ones go too.
        kept = np.sort(np.argsort(-n_seen, kind="stable")[: MAX_KNOWN_PIECES // 2])
        kept = kept[n_seen[kept] > 1]
        types, self._starts = selected(self._types, self._starts, kept)
        used, renumbered = np.unique(types, return_inverse=True)
        self._types, self._risks = renumbered.astype(np.uint32), self._risks[kept]
        self._pieces.keep(kept)
        self.tokenizer.forget(used)
