"""Small random cases for the training kernels, and how each kernel is called with its output layer."""

from typing import NamedTuple

import numba
import numpy as np
import pytest
import reference

from spacy_w2v._arrays import (
    OUT_OF_VOCABULARY,
    AllWords,
    Alphas,
    Chunk,
    IdentityInput,
    InputLayer,
    KernelSettings,
    OutputLayer,
    RandomState,
    Subsampling,
    SubwordInput,
    Weights,
)
from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.objectives._huffman import huffman_tree
from spacy_w2v.objectives._noise import make_noise

BLOCKED = [key for key in TRAINING_KERNELS if key[2] == "blocked"]
SEQUENTIAL = [key for key in TRAINING_KERNELS if key[2] == "sequential"]


def kernel_parameters(keys):
    """Test parameters for kernels, by their keys. Blocked kernels are LLVM code, which needs numba's JIT."""
    without_jit = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tiles are LLVM code, which needs numba's JIT")
    return [pytest.param(key, marks=[without_jit] if key[2] == "blocked" else [], id="-".join(key)) for key in keys]


class Case(NamedTuple):
    chunk: Chunk
    subsampling: Subsampling
    inputs: InputLayer
    layer: OutputLayer
    weights: Weights
    state: RandomState

    def copy(self):
        weights = Weights(*(matrix.copy() for matrix in self.weights))
        return self._replace(weights=weights, state=self.state.copy())


def frozen(tokens, offsets):
    chunk = Chunk(np.array(tokens, np.uint32), np.array(offsets, np.int64))
    for array in chunk:
        array.flags.writeable = False
    return chunk


def keep_all(v):
    """Subsampling that keeps every token, for types that are the words themselves."""
    return Subsampling(np.arange(v, dtype=np.uint32), np.full(v, 2**32 - 1, np.uint32), highest_share=1 / v)


def make_layer(loss, counts):
    if loss == "negative-sampling":
        return make_noise(counts, ns_exponent=0.75)
    if loss == "hierarchical-softmax":
        return huffman_tree(counts)
    return AllWords(counts.size)


INPUTS = ["words", "subwords"]
"""Kinds of input layers: a row for each word, or several rows, which words share."""


def make_subwords(v, *, seed=0, least=1, most=4):
    """An input layer: word w has the row w and others of six that words share, some of them twice.

    least and most: the numbers of a word's rows.
    """
    rng = np.random.default_rng(seed)
    rows = [[word, *(v + rng.integers(0, 6, rng.integers(least - 1, most)))] for word in range(v)]
    offsets = np.concatenate([[0], np.cumsum([len(of_word) for of_word in rows])])
    return SubwordInput(offsets.astype(np.int64), np.concatenate(rows).astype(np.uint32), overlap=0.2)


def rows_of_words(layer):
    """The rows of each word, as lists."""
    return [of_word.tolist() for of_word in np.split(layer.rows, layer.offsets[1:-1])]


def make_case(
    loss, *, inputs="words", seed=0, v=40, types=50, n=400, d=32, scale=0.6, sample_low=0.3, longest=30, padding=0
):
    """Zipf-distributed words in sentences of random length, with some unknown types, and weights of realistic size.

    With subwords, there are six rows that words share, and three that no word has.
    """
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, v + 1)
    word_of_type = np.full(types, OUT_OF_VOCABULARY, np.uint32)
    order = rng.permutation(types)
    word_of_type[order[:v]] = np.arange(v)
    probability = np.concatenate([p, np.full(types - v, 0.1)])
    tokens = order[rng.choice(types, n, p=probability / probability.sum())]
    offsets = [0]
    while offsets[-1] < n:
        offsets.append(min(n, offsets[-1] + int(rng.integers(0, longest))))
    keep = (rng.uniform(sample_low, 1, v) * (2**32 - 1)).astype(np.uint32)
    n_inputs = v if inputs == "words" else v + 9
    n_outputs = v - 1 if loss == "hierarchical-softmax" else v
    x, y = ((rng.normal(0, 3 * scale, (rows, d)) / np.sqrt(d)).astype(np.float32) for rows in (n_inputs, n_outputs))
    for matrix in (x, y):
        matrix[:, d - padding :] = 0
    return Case(
        frozen(tokens, offsets),
        Subsampling(word_of_type, keep, highest_share=float(p[0] / p.sum())),
        IdentityInput(v) if inputs == "words" else make_subwords(v, seed=seed),
        make_layer(loss, np.ceil(1000 * p).astype(np.int64)),
        Weights(x, y),
        np.random.SeedSequence(seed).generate_state(4, np.uint64),
    )


def make_settings(key, window=5, shrink_windows=True, negative=5, cbow_mean=True, **sizes):
    kernel = TRAINING_KERNELS[key]
    return KernelSettings(
        window, shrink_windows, negative, cbow_mean, **{"block": kernel.block, "n_noise": kernel.n_noise, **sizes}
    )


def run_kernel(key, case, settings, alpha_first=0.02, alpha_last=None):
    """Train in place; returns loss, predictions, kept tokens."""
    alphas = Alphas(np.float32(alpha_first), np.float32(alpha_first if alpha_last is None else alpha_last))
    return TRAINING_KERNELS[key].load()(*case[:5], settings, alphas, case.state)


def n_compiled(key, case):
    """How often the kernel was compiled for such a case. Some tests run sequential kernels with float64."""
    types = {numba.typeof(case.inputs), numba.typeof(case.weights)}
    return sum(types <= set(signature) for signature in getattr(TRAINING_KERNELS[key].load(), "signatures", ()))


REFERENCES = {
    ("skip-gram", "negative-sampling"): reference.train_skipgram_negative,
    ("skip-gram", "hierarchical-softmax"): reference.train_skipgram_hierarchical,
    ("skip-gram", "softmax"): reference.train_skipgram_softmax,
    ("cbow", "negative-sampling"): reference.train_cbow_negative,
    ("cbow", "hierarchical-softmax"): reference.train_cbow_hierarchical,
    ("cbow", "softmax"): reference.train_cbow_softmax,
}


def run_reference(key, case, settings, alpha_first=0.02, alpha_last=None):
    """Train copies of the weights in float64; returns loss, predictions, kept tokens, and the weights."""
    architecture, loss, kernel = key
    x, y = (matrix.astype(float) for matrix in case.weights)
    vectors = x
    if isinstance(case.inputs, SubwordInput):
        vectors = reference.MeansOfRows(x, rows_of_words(case.inputs), case.inputs.overlap)
    alphas = tuple(float(np.float32(a)) for a in (alpha_first, alpha_first if alpha_last is None else alpha_last))
    if kernel == "blocked":
        near = reference.limit_window(settings, case.chunk)
        counters = REFERENCES[architecture, loss](
            case.chunk, case.subsampling, case.layer, vectors, y, near, alphas, case.state
        )
        return counters, (x, y)
    if loss == "negative-sampling":
        take_step = reference.negative_sampling(
            case.layer.threshold.tolist(), case.layer.alias.tolist(), settings.negative
        )
    elif loss == "hierarchical-softmax":
        words = range(len(case.layer.offsets) - 1)
        take_step = reference.hierarchical_softmax(
            [[(node, (1 - sign) // 2) for node, sign in reference.path_of(case.layer, word)] for word in words]
        )
    else:
        take_step = reference.full_softmax()
    words = [
        None if word == OUT_OF_VOCABULARY else int(word) for word in case.subsampling.word_of_type[case.chunk.tokens]
    ]
    borders = zip(case.chunk.offsets[:-1], case.chunk.offsets[1:], strict=True)
    outputs = y.tolist()
    counters = reference.train_sequential(
        [words[start:end] for start, end in borders],
        case.subsampling.keep_threshold.tolist(),
        take_step,
        vectors,
        outputs,
        architecture=architecture,
        window=settings.window,
        shrink=settings.shrink_windows,
        cbow_mean=settings.cbow_mean,
        alphas=alphas,
        state=case.state,
        frozen=set(np.flatnonzero(settings.frozen).tolist()),
    )
    return counters, (x, np.array(outputs).reshape(y.shape))
