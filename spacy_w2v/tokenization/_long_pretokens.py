"""Limits the length of pre-tokens, because the time of spaCy's tokenizer grows with the square of this length."""

import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusWarning
from spacy_w2v.sources._source import TextBatch

if TYPE_CHECKING:
    from spacy.language import Language

MAX_PRETOKEN = 1000
"""The maximum length of a pre-token for spaCy's stock tokenizer: 1,000 times "(" take 0.1 s, 10,000 times take 10 s.

Longer pre-tokens are not natural language, but encoded data, logs or markup.
"""

# In texts without white space, a cut after one of these marks does not split a word.
CUT_MARKS = "。！？；，、.,;:!?/&=|)]}>"


def cut_long_pretokens(batches: Iterator[TextBatch], nlp: "Language") -> Iterator[TextBatch]:
    """Yield batches with spaces inserted into pre-tokens that are too long for the tokenizer.

    The limit is MAX_PRETOKEN for spaCy's stock tokenizer. For other tokenizers it is nlp.max_length, because they may
    split texts without spaces. The tokens of all other pre-tokens do not change. At the end, a CorpusWarning gives the
    number of pre-tokens that were cut, and an example.
    """
    from spacy.tokenizer import Tokenizer

    cutter = _Cutter(MAX_PRETOKEN if isinstance(nlp.tokenizer, Tokenizer) else getattr(nlp, "max_length", 1_000_000))
    try:
        for batch in batches:
            is_text = batch.texts.type == pa.large_string()
            yield batch._replace(texts=cutter.cut(batch.texts)) if is_text else batch
    finally:  # also if the caller stops early
        if cutter.n_cut:
            warnings.warn(
                f"Text without white space must have at most {cutter.limit:,} characters, because longer text takes "
                f"spaCy's tokenizer too much time. Longer sections that were cut: {cutter.n_cut:,}. The first one "
                f"begins with: {cutter.example!r}",
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
        """Return texts with spaces inserted into pre-tokens that are too long."""
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
        """Return the indices of texts that may have a pre-token that is too long.

        The texts are divided into sections of half the limit. A pre-token that is too long covers at least one section.
        Searching each section for a space takes very little time.
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
        pretoken = match[0]
        self.n_cut += 1
        self.example = self.example or pretoken[:40]
        return " ".join(self._parts(pretoken))

    def _parts(self, pretoken: str) -> Iterator[str]:
        start = 0
        while len(pretoken) - start > self.limit:
            end = start + self.limit
            # Cut after a mark in the last tenth, or else at the limit.
            marks = (pretoken.rfind(mark, end - self.limit // 10, end) for mark in CUT_MARKS)
            end = max(max(marks) + 1, 0) or end
            yield pretoken[start:end]
            start = end
        yield pretoken[start:]
