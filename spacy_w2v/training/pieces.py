"""Training on a chunk in small pieces, between which frozen vectors are put back.

The kernels change the vectors of all words that occur. After each piece those of the frozen words are put back to what
they were, to the bit, so that a frozen word is off by no more than the steps of its occurrences within one piece, and
new words learn from vectors that are as good as fixed. A piece is a thousand tokens, to the end of their line.
"""

from collections.abc import Callable, Iterator

import numpy as np

from spacy_w2v.initial.start import FrozenVectors
from spacy_w2v.kernels.arguments import OUT_OF_VOCABULARY, Alphas, Chunk, Weights
from spacy_w2v.types import TokenIds

PIECE_TOKENS = 1_000


def train_in_pieces(
    train: Callable[[Chunk, Alphas], tuple[float, int, int]],
    chunk: Chunk,
    *,
    alphas_at: Callable[[int, int], Alphas],
    weights: Weights,
    frozen: FrozenVectors,
    word_of_type: TokenIds,
) -> tuple[float, int, int]:
    """Call `train` on the pieces of a chunk, and return the sums of what it counts: loss, pairs, kept tokens.

    alphas_at: the learning rates between two places of the chunk.
    """
    loss, n_pairs, n_kept = 0.0, 0, 0
    for first, piece in _pieces(chunk):
        counters = train(piece, alphas_at(first, first + piece.tokens.size))
        words = np.unique(word_of_type[piece.tokens])
        frozen.restore(weights, words[words != OUT_OF_VOCABULARY])
        loss, n_pairs, n_kept = loss + counters[0], n_pairs + counters[1], n_kept + counters[2]
    return loss, n_pairs, n_kept


def _pieces(chunk: Chunk) -> Iterator[tuple[int, Chunk]]:
    """Yield the pieces of a chunk, of whole sentences, each with the place of its first token."""
    begin = 0
    while begin < chunk.offsets.size - 1:
        first = chunk.offsets[begin]
        end = max(begin + 1, int(np.searchsorted(chunk.offsets, first + PIECE_TOKENS)))
        end = min(end, chunk.offsets.size - 1)
        offsets = chunk.offsets[begin : end + 1] - first
        offsets.flags.writeable = False  # as kernels are compiled for
        yield int(first), Chunk(chunk.tokens[first : chunk.offsets[end]], offsets)
        begin = end
