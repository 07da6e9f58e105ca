"""The arrays and tuples of arrays that a training kernel takes.

In shapes, p = types of the corpus (before the vocabulary is chosen), v = words of the vocabulary, d = dimensions,
n = cells of a batch.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

TokenIds: TypeAlias = NDArray[np.uint32]
"""One id per token: a type id in the corpus, a word id in a vocabulary."""

Offsets: TypeAlias = NDArray[np.int64]
"""Boundaries of the items in a flat array: item i is flat[offsets[i]:offsets[i + 1]]."""

Counts: TypeAlias = NDArray[np.int64]
"""Number of occurrences of each type or word in the corpus."""

Vectors: TypeAlias = NDArray[np.float32]
"""Word vectors, v × d, C-contiguous, one row per word."""

Parameters: TypeAlias = dict[str, NDArray[np.float32]]
"""The trained arrays by name, such as "input" and "output". `Objective.shapes` defines the names."""

RandomState: TypeAlias = NDArray[np.uint64]
"""The state of an xoshiro256++ generator: four 64-bit words."""

OUT_OF_VOCABULARY = np.uint32(0xFFFFFFFF)
"""The word id of every type that is not in the vocabulary."""


class Chunk(NamedTuple):
    """A part of the corpus, about 100,000 tokens. Both arrays are read-only, like memory maps.

    numba would compile a second specialisation for writable arrays, so all callers pass read-only ones.
    """

    tokens: TokenIds
    """Type id of each token."""
    offsets: Offsets
    """Sentence boundaries, from 0 to len(tokens). No window crosses a boundary."""


class Cells(NamedTuple):
    """A batch of cells of the co-occurrence matrix, some 500,000. The arrays are read-only, as those of a chunk are.

    The cells are in order of their tiles of 512 × 512 words, and within a tile row by row.
    """

    words: TokenIds
    """n; word id of each cell's row: the centre."""
    contexts: TokenIds
    """n; word id of each cell's column: the context."""
    counts: NDArray[np.float32]
    """n; the weighted number of times that the context occurs within the window of the word, greater than 0."""


class Subsampling(NamedTuple):
    """The tables that map types to words and subsample frequent words."""

    word_of_type: TokenIds
    """p; the word id of each type, or OUT_OF_VOCABULARY."""
    keep_threshold: TokenIds
    """v; a token is kept if a random 32-bit number is not above this threshold (setting `sample`)."""
    highest_share: float
    """Share of the most frequent word in the kept tokens, in (0, 1]. It bounds the gradients that one row sums in a
    step."""


class IdentityInput(NamedTuple):
    """The input layer of word2vec: each word has one row of the input weights."""

    n_words: int
    """Unused, as the input weights have this number of rows. A tuple passed to a kernel must not be empty."""


class SubwordInput(NamedTuple):
    """The input layer of fastText: the vector of a word is the mean of several rows, which words share.

    A change of a word's vector is added whole to each of its rows, as fastText does it (Bojanowski et al. 2017, arXiv
    1607.04606; `Model::update` in fastText). By the chain rule, each of n rows would take 1 / n of it.
    """

    offsets: Offsets
    """v + 1; boundaries of the words' rows."""
    rows: TokenIds
    """The rows of the input weights that form each word, at least one for each. A row that occurs twice counts
    twice. Words without tokens, which kernels do not meet, can have NO_ROW of `subwords.kernels._rows`, for zeros."""
    overlap: float
    """The mean share of the change of one token's vector that the vector of another token takes, at least 0. For words
    A and B, which have the row r m_A(r) and m_B(r) times, and have n_A and n_B rows, B takes the share
    sum_r m_A(r) m_B(r) / n_B. The mean is over pairs of tokens that training keeps, drawn independently."""


InputLayer = IdentityInput | SubwordInput
"""How rows of the input weights form the vector of a word. Kernels choose their functions by the type of the layer.

To add a layer, register its functions in `INPUT_VECTORS` of `kernels._input_vectors` and in `INPUT_SPANS` of
`kernels.blocked._input_spans`.
"""


class Noise(NamedTuple):
    """The alias table from which negative sampling draws noise words (Walker 1977).

    A draw chooses a bucket and a 28-bit number. If the number is below the bucket's threshold, the noise word is the
    bucket itself, otherwise its alias.
    """

    threshold: TokenIds
    """v; threshold of each bucket, from 0 to 2²⁸."""
    alias: TokenIds
    """v; alias word of each bucket."""
    highest_share: float
    """Probability of the most probable noise word, in (0, 1]."""


class Tree(NamedTuple):
    """The binary tree of hierarchical softmax, as the path of each word from the root, one after another.

    The probability of a word is the product over its path of s((1 - 2 code) h.y_node), s(z) = 1 / (1 + exp(-z))
    (Mikolov et al. 2013b, arXiv 1310.4546, equation 3).
    """

    offsets: Offsets
    """v + 1; boundaries of the paths."""
    nodes: TokenIds
    """Inner nodes of each path, from the root. A node is a row of the output weights, 0 to v - 2; the last is the
    root."""
    codes: NDArray[np.uint8]
    """For each of these nodes the branch that leads to the word, 0 or 1."""
    longest: int
    """Number of nodes in the longest path."""


class AllWords(NamedTuple):
    """The full softmax over all words, which needs no tables."""

    n_words: int
    """Unused, as the output weights have this number of rows. A tuple passed to a kernel must not be empty."""


class CellWeighting(NamedTuple):
    """The weight of a cell in the cost of GloVe: min(1, (count / x_max) ** exponent).

    This is equation 9 of Pennington et al. 2014.
    """

    x_max: float
    """Count from which all cells have the weight 1, above 0."""
    exponent: float
    """0.75 in the paper, where it is called alpha."""


class PmiTransform(NamedTuple):
    """How co-occurrence counts become pointwise mutual information, and that becomes vectors."""

    smoothing: float
    """The power of the counts of context words."""
    shift: float
    """k, whose logarithm is subtracted, above 0."""
    eigenvalue_exponent: float
    """The power of the singular values that scales the input vectors."""


OutputLayer = Noise | Tree | AllWords | CellWeighting | PmiTransform
"""How a word is predicted from a hidden vector: the argument of a kernel that depends on the loss."""


class Exposure(NamedTuple):
    """How much the rows of a parameter take part in a prediction, on average.

    A prediction has a hidden vector h, which is a sum of input rows x with weights, and output rows y. The mean over
    predictions of the Hessian of its loss is Σ share yᵀy for the hidden vector, where the shares of output rows contain
    the curvature of the loss. For an output row it is share · (mean of hᵀh), and the mean of hᵀh is Σ share xᵀx.

    If rows occur together in a prediction, the products of two of them add coupling mᵀm, where m is the mean of the
    rows, weighted by their shares.
    """

    shares: NDArray[np.float64]
    """One per row, at least 0. Of an input row: the mean of the sum of its squared weights, which in skip-gram is the
    probability that it predicts. Of an output row: the mean number of times that it is scored, times the curvature."""
    coupling: float
    """0 in skip-gram. In CBOW: the mean of the sum of the products of two weights."""


class Weights(NamedTuple):
    """The parameters of word2vec, which kernels update in place."""

    input: Vectors
    """v × d; the input vectors, `syn0` in word2vec.c. By default these are the word vectors that are exported. With
    subwords, rows × d: the rows that form the vectors."""
    output: Vectors
    """Rows × d; the output vectors. The rows are words (`syn1neg` in word2vec.c), or with hierarchical softmax inner
    nodes (`syn1`)."""


class GloveWeights(NamedTuple):
    """The parameters of GloVe, and the sums of AdaGrad. Kernels update them in place.

    A step is a learning rate times a gradient, before AdaGrad divides it by the root of its sum.
    """

    input: Vectors
    """v × d; the vectors of the words, the rows of the co-occurrence matrix."""
    output: Vectors
    """v × d; the vectors of the context words, its columns."""
    input_bias: NDArray[np.float32]
    """v; the biases of the words."""
    output_bias: NDArray[np.float32]
    """v; the biases of the context words."""
    input_sums: Vectors
    """v × d; 1 plus the squares of all steps of `input`."""
    output_sums: Vectors
    """v × d; 1 plus the squares of all steps of `output`."""
    input_bias_sums: NDArray[np.float32]
    """v; 1 plus the squares of all steps of `input_bias`."""
    output_bias_sums: NDArray[np.float32]
    """v; 1 plus the squares of all steps of `output_bias`."""


AnyWeights = Weights | GloveWeights
"""The parameters that a kernel updates."""


class Alphas(NamedTuple):
    """Learning rates at the start and the end of a chunk. In between, the learning rate changes linearly."""

    first: np.float32
    last: np.float32


NO_WORDS = np.zeros(0, np.bool_)


class KernelSettings(NamedTuple):
    """Hyper-parameters of a kernel."""

    window: int
    """Largest distance in words between a centre and its context, at least 1."""
    shrink_windows: bool
    """Whether the radius of each window is drawn from 1 to `window`, as in word2vec.c."""
    negative: int
    """Noise words per pair, for negative sampling."""
    cbow_mean: bool
    """Whether the hidden vector of CBOW is the mean of the context's input vectors. Otherwise it is their sum."""
    block: int
    """Inputs or centres that share noise words or copies of tree nodes, a multiple of 8. Blocked kernels only."""
    n_noise: int
    """Noise words per block, a multiple of 4. Blocked kernels for negative sampling only."""
    workers: int = 1
    """Number of threads that train at the same time."""
    frozen: NDArray[np.bool_] = NO_WORDS
    """v; True for words whose input vectors are not trained. Empty if all are trained."""
    vector_size: int = 0
    """Number of columns of the weights that are not padding, or 0 if none is. Padding is zero, and stays so."""
