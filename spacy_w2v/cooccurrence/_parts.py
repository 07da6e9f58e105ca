"""Reads an encoded corpus in parts that fit into memory, as words with the positions of each word."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Counts, TokenIds
from spacy_w2v.cooccurrence.kernels._positions import append_words, sort_positions
from spacy_w2v.cooccurrence.kernels._rows import Part
from spacy_w2v.corpus._store import Corpus


class CorpusPart(NamedTuple):
    """A part of the corpus, in whole chunks."""

    part: Part
    n_tokens: int
    """Tokens of its chunks, in the vocabulary or not."""
    is_whole: bool
    """Whether it is the whole corpus."""

    def counts(self) -> Counts:
        """Return the number of positions of each word."""
        return np.diff(self.part.starts)


def read_parts(corpus: Corpus, word_of_type: TokenIds, *, n_words: int, most_entries: int) -> Iterator[CorpusPart]:
    """Yield the corpus in parts. The arrays of a part are valid until the next one is read.

    Args:
        corpus: The corpus.
        word_of_type: The word id of each type, or OUT_OF_VOCABULARY.
        n_words: The size of the vocabulary.
        most_entries: The number of words and boundaries that a part may have, and two more. It has room for a chunk.

    Raises:
        StorageError: The corpus is damaged.
    """
    boundary = np.uint32(n_words)
    words, positions = np.empty(most_entries, np.uint32), np.empty(most_entries, np.uint32)
    words[0] = boundary
    counts = np.zeros(n_words, np.int64)
    reader, n, n_tokens, first_chunk = corpus.open_chunks(), 1, 0, 0

    def part(*, is_whole: bool) -> CorpusPart:
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        sort_positions(words[:n], boundary, starts[:-1].copy(), positions)
        return CorpusPart(Part(words[:n], positions[: starts[-1]], starts), n_tokens, is_whole)

    for number in range(corpus.n_chunks):
        chunk = reader.read(number)
        if n + chunk.tokens.size + chunk.offsets.size > most_entries:
            yield part(is_whole=False)
            n, n_tokens, first_chunk = 1, 0, number
            counts[:] = 0
        n = append_words(chunk, word_of_type, boundary, words, n, counts)
        n_tokens += chunk.tokens.size
    yield part(is_whole=first_chunk == 0)
