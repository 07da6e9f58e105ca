"""The bundles of arrays that a training kernel takes: p = provisional types, v = vocabulary, d = dimensions."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

TokenIds: TypeAlias = NDArray[np.uint32]
"""One id per token: of a provisional type in the corpus, of a word in a vocabulary."""

Offsets: TypeAlias = NDArray[np.int64]
"""Borders between the items of a flat array: item i is flat[offsets[i]:offsets[i + 1]]."""

Counts: TypeAlias = NDArray[np.int64]
"""How often each type or word occurs in the corpus."""

Vectors: TypeAlias = NDArray[np.float32]
"""Word vectors, a row per word: v × d (vocabulary × dimensions), C-contiguous."""

Parameters: TypeAlias = dict[str, NDArray[np.float32]]
"""What training changes in place, by name, as an objective calls it: "input", "output" …; see `Objective.shapes`."""

RandomState: TypeAlias = NDArray[np.uint64]
"""The four words of an xoshiro256++ generator."""

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


class Subsampling(NamedTuple):
    """What decides which tokens of the corpus are kept."""

    word_of_type: TokenIds
    """p; word id of each provisional type, or OUT_OF_VOCABULARY."""
    keep_threshold: TokenIds
    """v; a token is kept when a 32-bit draw is not above this (`sample`)."""
    highest_share: float
    """Share of the most frequent word in the kept tokens, in (0, 1]: bounds what one row pools in a step."""


class IdentityInput(NamedTuple):
    """Each word has one row of the input weights, its own, as in word2vec."""

    n_words: int
    """For completeness: kernels see it in the input weights, but no tuple of theirs may be empty."""


InputLayer = IdentityInput
"""How rows of the input weights make the vector of a word: a part of a kernel's arguments, asked by its type.

A layer of another type, as one whose words are the means of several rows, has its functions in `INPUT_VECTORS` of
`kernels._input_vectors` and in `INPUT_ROWS` of `kernels.tiles._input_rows`.
"""


class Noise(NamedTuple):
    """What negative sampling draws its noise words from, by Walker's alias method."""

    threshold: TokenIds
    """v; the bucket's own word if a 28-bit draw is below this, ..."""
    alias: TokenIds
    """v; ... and this word otherwise."""
    highest_share: float
    """Probability of the word that is drawn most."""


class Tree(NamedTuple):
    """Where hierarchical softmax finds each word: the paths of a binary tree, one after the other.

    The probability of a word is the product over its path of s((1 - 2 code) h.y_node), s(z) = 1 / (1 + exp(-z)).
    """

    offsets: Offsets
    """v + 1; borders of the paths."""
    nodes: TokenIds
    """The inner nodes from the root on, which are rows of the output weights: 0 to v - 2, the last is the root."""
    codes: NDArray[np.uint8]
    """At each of these nodes the branch that leads to the word: 0 or 1."""
    longest: int
    """Nodes of the longest path."""


class AllWords(NamedTuple):
    """The plain softmax over all words, which needs no tables."""

    n_words: int
    """For completeness: kernels see it in the output weights, but no tuple of theirs may be empty."""


OutputLayer = Noise | Tree | AllWords
"""How a word is predicted from a hidden vector: the part of a kernel's arguments that depends on the loss."""


class Weights(NamedTuple):
    """The parameters of word2vec as its kernels take them, which change them in place."""

    input: Vectors
    """v × d, word2vec.c's syn0: the word vectors that are exported."""
    output: Vectors
    """Rows × d: of the words, word2vec.c's syn1neg, or with hierarchical softmax of the inner nodes, its syn1."""


class Alphas(NamedTuple):
    """Learning rates at the first token of a chunk and after its last; between, they fall linearly."""

    first: np.float32
    last: np.float32


NO_WORDS = np.zeros(0, np.bool_)


class KernelSettings(NamedTuple):
    """Hyper-parameters of a kernel."""

    window: int
    shrink_windows: bool
    negative: int
    """Of negative sampling: noise words for each pair."""
    cbow_mean: bool
    """Of CBOW: the hidden vector is the mean of the context's input vectors, or else their sum."""
    block: int
    """Of the blocked kernels: inputs or centres that share their noise or their upper nodes, a multiple of 8."""
    n_noise: int
    """Of the blocked kernels for negative sampling: noise words of a block, a multiple of 4."""
    workers: int = 1
    """Threads that train at the same time."""
    frozen: NDArray[np.bool_] = NO_WORDS
    """v; words whose input vectors stay as they are. Empty if all learn."""
