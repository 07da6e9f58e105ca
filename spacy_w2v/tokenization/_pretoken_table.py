"""A cache of the tokens of distinct pre-tokens, of bounded size."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.tokenization._pretokens import PretokenTokenizer
from spacy_w2v.tokenization._string_table import StringTable, selected

if TYPE_CHECKING:
    from spacy_w2v.tokenization.kernels._strings import Slices

MAX_KNOWN_PRETOKENS = 1_000_000
"""The maximum number of distinct pre-tokens that are cached between batches: some 100 bytes each, with their types."""


class PretokenTable:
    """A table of pre-tokens, or runs of pre-tokens separated by single spaces. Each row has the types of its tokens."""

    def __init__(self, tokenizer: PretokenTokenizer) -> None:
        self.tokenizer = tokenizer
        self._pretokens = StringTable()
        self._risks = np.zeros(0, np.uint8)
        self._starts = np.zeros(1, np.int64)
        self._types = np.zeros(0, np.uint32)

    @property
    def risks(self) -> NDArray[np.uint8]:
        """The flags of each row: how it may interact with its neighbours; see `_pretokens`."""
        return self._risks

    @property
    def tokens(self) -> tuple[Offsets, TokenIds]:
        """The offset of each row's tokens, and the types of the tokens of all rows."""
        return self._starts, self._types

    def rows(self, data: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the row of each slice, after tokenizing and adding new pre-tokens.

        Args:
            data: The UTF-8 of the texts.
            slices: The slices of the pre-tokens in `data`.
        """
        n_known = len(self._pretokens)
        rows = self._pretokens.rows(data, slices)
        if len(self._pretokens) > n_known:
            tokenized = self.tokenizer.tokenize(self._pretokens.text_from(n_known))
            self._risks = np.concatenate([self._risks, tokenized.risks])
            self._starts = np.concatenate([self._starts, self._starts[-1] + np.cumsum(tokenized.lengths)])
            self._types = np.concatenate([self._types, tokenized.types])
        return rows

    def evict_rarest(self) -> None:
        """If there are more than MAX_KNOWN_PRETOKENS rows, keep at most half that number: the most frequent ones."""
        if len(self._pretokens) <= MAX_KNOWN_PRETOKENS:
            return
        n_seen = self._pretokens.n_seen
        # Among equally frequent pre-tokens, earlier ones are kept.
        kept = np.sort(np.argsort(-n_seen, kind="stable")[: MAX_KNOWN_PRETOKENS // 2])
        kept = kept[n_seen[kept] > 1]
        types, self._starts = selected(self._types, self._starts, kept)
        used, renumbered = np.unique(types, return_inverse=True)
        self._types, self._risks = renumbered.astype(np.uint32), self._risks[kept]
        self._pretokens.keep(kept)
        self.tokenizer.evict(used)
