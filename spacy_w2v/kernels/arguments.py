"""The bundles of arrays that a training kernel takes: p = provisional types, v = vocabulary, d = dimensions."""

from typing import NamedTuple

import numpy as np

from spacy_w2v.types import Offsets, TokenIds, Vectors

OUT_OF_VOCABULARY = np.uint32(0xFFFFFFFF)
"""The word id of every type that the vocabulary leaves out."""


class Chunk(NamedTuple):
    """A piece of the corpus, some 100,000 tokens. Both arrays are read-only, as memory maps are.

    numba compiles a second specialisation for writable arrays, so all callers hand over read-only ones.
    """

    tokens: TokenIds
    """Provisional type id of each token."""
    offsets: Offsets
    """Borders of the sentences, from 0 to len(tokens). No window crosses one."""


class SamplingTables(NamedTuple):
    """What decides which tokens are kept and which words are drawn as noise."""

    word_of_type: TokenIds
    """p; word id of each provisional type, or OUT_OF_VOCABULARY."""
    keep_threshold: TokenIds
    """v; a token is kept when a 32-bit draw is not above this (`sample`)."""
    noise_threshold: TokenIds
    """v; Walker's alias method: the bucket's own word if a 28-bit draw is below this, ..."""
    noise_alias: TokenIds
    """v; ... and this word otherwise."""


class Weights(NamedTuple):
    """The two matrices that training changes in place."""

    input: Vectors
    """v × d, word2vec.c's syn0: the word vectors that are exported."""
    output: Vectors
    """v × d, word2vec.c's syn1neg."""


class Alphas(NamedTuple):
    """Learning rates at the first token of a chunk and behind its last; between, they fall linearly."""

    first: np.float32
    last: np.float32


class SkipGramSettings(NamedTuple):
    """Hyper-parameters of skip-gram with negative sampling."""

    window: int
    shrink_windows: bool
    negative: int
    block: int = 64
    """Of the blocked kernel: inputs that share their noise, a multiple of 8."""
    n_noise: int = 48
    """Of the blocked kernel: noise words of a block, a multiple of 4. benchmarks/README.md has how they were chosen."""
