"""The fast way to tokens: Arrow splits texts at white space, and each distinct piece is tokenized once.

Runs of pieces that could act on each other (see corpus.pieces) are found by the tokens at their ends, and tokenized
together, so the tokens are always exactly those of `nlp.tokenizer`.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v.corpus.piece_table import PieceTable
from spacy_w2v.corpus.pieces import ENDS_LIKE_START, HOLDS_SPECIAL, STARTS_LIKE_REST, PieceTokenizer
from spacy_w2v.corpus.source import split_lines
from spacy_w2v.corpus.tokens import EncodedBatch, TokenRules
from spacy_w2v.types import Offsets


class PieceEncoder:
    """Encodes texts by their pieces between white space."""

    def __init__(
        self, make_pieces: Callable[[], PieceTokenizer], *, rules: TokenRules, by_line: bool, min_tokens: int
    ) -> None:
        self.table = PieceTable(make_pieces, rules)
        self.by_line = by_line
        self.min_tokens = min_tokens

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        from spacy_w2v.kernels.encoding import expand_pieces

        self.table.forget_rarest()
        lines_of_text = split_lines(texts)
        lines = lines_of_text.flatten()
        split = pc.utf8_split_whitespace(lines)
        encoded = split.flatten().dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        line_offsets = split.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
        # Arrow 26 has been seen to leave the white space of a blank line at the end of a buffer as a piece.
        pieces = list(map(str.strip, encoded.dictionary.to_pylist()))
        piece_rows = self.table.rows(pieces)[indices]
        runs = self._risky_runs(piece_rows, line_offsets)
        if runs.size:
            piece_rows, line_offsets = self._join_runs(runs, pieces, indices, lines, piece_rows, line_offsets)
        offsets = line_offsets if self.by_line else line_offsets[lines_of_text.offsets.to_numpy(zero_copy_only=False)]
        row_starts, row_types = self.table.tokens()
        types = self.table.types.types
        numbers, lengths, type_ids = expand_pieces(
            piece_rows, offsets, row_starts, row_types, self.min_tokens, np.zeros(len(types), np.uint32)
        )
        return EncodedBatch([types[type_id] for type_id in type_ids.tolist()], numbers, lengths)

    def _risky_runs(self, piece_rows: Offsets, line_offsets: Offsets) -> Offsets:
        """Return the first and last piece of each run that has to be tokenized together: n × 2.

        A run goes on as long as a special case could match over the next space, and is risky if it holds one.
        """
        flags = self.table.risks()[piece_rows]
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
        piece_rows[joined[:, 0]] = self.table.rows(texts)
        kept_before = np.concatenate(([0], np.cumsum(kept)))
        return piece_rows[kept], kept_before[line_offsets]
