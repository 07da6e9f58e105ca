"""Fast tokenization: texts are split at white space, and each distinct pre-token is tokenized once.

Pre-tokens that may interact (see _pretokens) are found by their first and last tokens, and are tokenized together. So
the tokens are always exactly those of `nlp.tokenizer`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.tokenization._pretoken_table import PretokenTable
from spacy_w2v.tokenization._pretokens import ENDS_LIKE_START, HOLDS_SPECIAL, STARTS_LIKE_REST, PretokenTokenizer
from spacy_w2v.tokenization._string_table import read_only
from spacy_w2v.tokenization._tokens import EncodedBatch

if TYPE_CHECKING:
    from spacy_w2v.tokenization.kernels._encoding import Pretokens


class PretokenEncoder:
    """Encodes texts by pre-tokens."""

    def __init__(self, tokenizer: PretokenTokenizer, *, by_line: bool, min_tokens: int) -> None:
        """Initialize an encoder with an empty cache.

        Args:
            tokenizer: The tokenizer of pre-tokens.
            by_line: Whether sentences end at line breaks, rather than only at the ends of texts.
            min_tokens: The minimum number of tokens of a sentence. Shorter sentences are left out.
        """
        self.table = PretokenTable(tokenizer)
        self.by_line = by_line
        self.min_tokens = min_tokens

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        from spacy_w2v.tokenization.kernels._encoding import expand_pretokens, split_texts

        self.table.evict_rarest()
        data, text_offsets = _bytes_of(texts)
        pretokens = split_texts(data, text_offsets, self.by_line)
        rows, line_offsets = self.table.rows(data, pretokens.slices), pretokens.line_offsets
        runs = self._risky_runs(rows, pretokens)
        if runs.size:
            rows, line_offsets = self._join_runs(runs, data, pretokens, rows)
        row_starts, row_types = self.table.tokens
        types = self.table.tokenizer.types.types
        token_ids, lengths, distinct_types = expand_pretokens(
            rows, line_offsets, row_starts, row_types, self.min_tokens, np.zeros(len(types.orths), np.uint32)
        )
        return EncodedBatch(types, distinct_types, token_ids, lengths)

    def _risky_runs(self, rows: NDArray[np.int32], pretokens: "Pretokens") -> Offsets:
        """Return the first and last pre-token of each run that must be tokenized together: n × 2.

        A run continues while a special case may match across the next space. It is risky if it contains a special case.
        """
        if not self.table.risks.any():
            return np.zeros((0, 2), np.int64)
        flags = self.table.risks[rows]
        is_linked = (flags[:-1] & ENDS_LIKE_START != 0) & (flags[1:] & STARTS_LIKE_REST != 0) & pretokens.is_next[1:]
        edges = np.diff(is_linked.astype(np.int8), prepend=0, append=0)
        runs = np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)
        n_special_before = np.concatenate(([0], np.cumsum(flags & HOLDS_SPECIAL != 0)))
        return runs[n_special_before[runs[:, 1] + 1] > n_special_before[runs[:, 0]]]

    def _join_runs(
        self, runs: Offsets, data: NDArray[np.uint8], pretokens: "Pretokens", rows: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], Offsets]:
        """Replace the rows of each run by a single row.

        Args:
            runs: The first and last pre-token of each run: n × 2.
            data: The UTF-8 of the texts.
            pretokens: The pre-tokens of the texts.
            rows: The row of each pre-token in the table.

        Returns:
            The new rows, and the offsets of the lines in them.
        """
        from spacy_w2v.tokenization.kernels._strings import hash_slices

        joined = hash_slices(data, pretokens.slices.starts[runs[:, 0]], pretokens.slices.ends[runs[:, 1]])
        kept_change = np.zeros(rows.size + 1, np.int64)
        kept_change[runs[:, 0] + 1] += 1
        kept_change[runs[:, 1] + 1] -= 1
        kept = np.cumsum(kept_change)[:-1] == 0
        rows = rows.copy()
        rows[runs[:, 0]] = self.table.rows(data, joined)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        return rows[kept], kept_before[pretokens.line_offsets]


def _bytes_of(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], Offsets]:
    """Return the UTF-8 of an array without nulls, and the offset of each text in it, as read-only views."""
    _, offsets, data = texts.buffers() if len(texts) else (None, bytes(8), None)
    return (
        read_only(np.frombuffer(data or b"", np.uint8)),
        read_only(np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]),
    )
