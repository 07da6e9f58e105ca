"""Bounds the length of what a tokenizer gets at once: spaCy's takes a time that grows with the square of a piece."""

import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusWarning
from spacy_w2v.sources._source import GIVEN_TOKENS, TextBatch

if TYPE_CHECKING:
    from spacy.language import Language

MAX_PIECE = 1000
"""Characters between white space that spaCy's stock tokenizer gets at once: 1,000 times "(" take it 0.1 s, 10,000 take
10 s. Longer pieces are what nobody has written: encoded data, logs, markup."""

# Marks behind which a cut keeps words whole, for texts without white space.
CUT_BEHIND = "。！？；，、.,;:!?/&=|)]}>"


def cut_long_pieces(batches: Iterator[TextBatch], nlp: "Language") -> Iterator[TextBatch]:
    """Pass on batches, with a space put into pieces that are longer than the tokenizer should get at once.

    For spaCy's stock tokenizer that is MAX_PIECE, for others, which may split texts without a space, nlp.max_length.
    Tokens of all other pieces stay exactly as they are. Warns at the end, with the number of pieces and an example.
    """
    from spacy.tokenizer import Tokenizer

    cutter = _Cutter(MAX_PIECE if isinstance(nlp.tokenizer, Tokenizer) else getattr(nlp, "max_length", 1_000_000))
    try:
        for batch in batches:
            yield batch if batch.texts.type == GIVEN_TOKENS else batch._replace(texts=cutter.cut(batch.texts))
    finally:  # also where only the first tokens are wanted
        if cutter.n_cut:
            warnings.warn(
                f"Cut {cutter.n_cut:,} pieces of text without white space at {cutter.limit:,} characters: spaCy's "
                f"tokenizer takes too long for longer ones. The first begins with: {cutter.example!r}",
                CorpusWarning,
                stacklevel=2,
            )


class _Cutter:
    def __init__(self, limit: int):
        self.limit = limit
        self.n_cut = 0
        self.example = ""
        self._long = re.compile(rf"\S{{{limit + 1},}}")

    def cut(self, texts: pa.LargeStringArray) -> pa.LargeStringArray:
        """Return texts with spaces within pieces that are too long."""
        suspects = self._suspects(texts)
        if not suspects.size:
            return texts
        found = {int(i): self._long.sub(self._with_spaces, texts[int(i)].as_py()) for i in suspects}
        changed = {i: text for i, text in found.items() if len(text) != len(texts[i].as_py())}
        if not changed:
            return texts
        parts: list[pa.Array] = []
        start = 0
        for i, text in changed.items():
            parts += [texts.slice(start, i - start), pa.array([text], pa.large_string())]
            start = i + 1
        return pa.concat_arrays([*parts, texts.slice(start)])

    def _suspects(self, texts: pa.LargeStringArray) -> np.ndarray:
        """Return which texts may have a piece that is too long.

        Such a piece covers one of all stretches of half its length; to look for a space in each takes next to no time.
        """
        if not len(texts):
            return np.zeros(0, np.int64)
        _, offsets, data = texts.buffers()
        offsets = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        content = memoryview(data or b"")
        half = max(self.limit // 2, 1)
        starts = range(int(offsets[0]), int(offsets[-1]) - half + 1, half)
        blank = bytes(content[int(offsets[0]) : int(offsets[-1])]).find
        full = [start for start in starts if blank(b" ", start - int(offsets[0]), start - int(offsets[0]) + half) < 0]
        first = np.searchsorted(offsets, full, side="right") - 1
        return np.unique(first)

    def _with_spaces(self, match: re.Match[str]) -> str:
        piece = match[0]
        self.n_cut += 1
        self.example = self.example or piece[:40]
        return " ".join(self._parts(piece))

    def _parts(self, piece: str) -> Iterator[str]:
        start = 0
        while len(piece) - start > self.limit:
            end = start + self.limit
            # A mark within the last tenth, else just there.
            marks = (piece.rfind(mark, end - self.limit // 10, end) for mark in CUT_BEHIND)
            end = max(max(marks) + 1, 0) or end
            yield piece[start:end]
            start = end
        yield piece[start:]
