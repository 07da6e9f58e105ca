"""The kernels with an input layer in which a word's vector is formed from several rows.

The layer is tiny: the mean of the word's own row and of one row that all words share. The test registers the functions
of this layer; the kernels are those of the package.
"""

import functools
from typing import NamedTuple

import numba
import numpy as np
import pytest
from helpers_kernels import BLOCKED, SEQUENTIAL, kernel_parameters, make_case, make_settings, run_reference
from numba.extending import intrinsic

from spacy_w2v._arrays import Alphas
from spacy_w2v._jit import FASTMATH
from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.kernels._input_vectors import INPUT_VECTORS, InputVectorFunctions
from spacy_w2v.kernels.tiles._input_rows import INPUT_ROWS, InputRowFunctions, input_row, is_frozen_row
from spacy_w2v.kernels.tiles._llvm import VECTOR, load, splat_constant, store
from spacy_w2v.kernels.tiles._row_instructions import _for_each_vector, copy_row, prefetch_row, write_back_row


class MeanWithShared(NamedTuple):
    """A word's vector is the mean of its own row and the last one."""

    n_words: int


def mean_vector(input_layer, word, weights, scratch):
    for i in range(scratch.size):
        scratch[i] = np.float32(0.5) * (weights.input[word, i] + weights.input[input_layer.n_words, i])
    return scratch


def change_both(input_layer, word, scale, change, weights):
    for i in range(weights.input.shape[1]):
        weights.input[word, i] += scale * change[i]
        weights.input[input_layer.n_words, i] += scale * change[i]


@intrinsic
def mean_of_rows(typing_context, first, second, total, n_vectors):
    """Total = (first + second) / 2."""

    def step(builder, first, second, total):
        value = builder.fadd(load(builder, VECTOR, first), load(builder, VECTOR, second))
        store(builder, builder.fmul(value, splat_constant(0.5)), total)

    return _for_each_vector(step)


def gather_mean(input_layer, word, slot, rows):
    """Write the mean to the first row of a slot, and a copy to the second."""
    vector, n_vectors = rows.scratch + 2 * slot * rows.n_bytes, rows.n_vectors
    mean_of_rows(input_row(word, rows), input_row(input_layer.n_words, rows), vector, n_vectors)
    copy_row(vector, vector, vector + rows.n_bytes, n_vectors)
    return vector


def scatter_mean(input_layer, word, slot, rows):
    """Add the whole change to each of the two rows."""
    vector, n_vectors = rows.scratch + 2 * slot * rows.n_bytes, rows.n_vectors
    if not is_frozen_row(word, rows):
        write_back_row(input_row(word, rows), vector, vector + rows.n_bytes, n_vectors)
        write_back_row(input_row(input_layer.n_words, rows), vector, vector + rows.n_bytes, n_vectors)


def prefetch_own(input_layer, word, slot, rows):
    prefetch_row(input_row(word, rows), rows.n_bytes >> 6)


def two_rows_a_slot(input_layer, n_slots, settings):
    return 2 * n_slots


class MeansWithShared:
    """Word vectors in float64 for the reference: reading returns the mean, and writing adds the change to both rows."""

    def __init__(self, rows):
        self.rows = rows
        self.shape = (len(rows) - 1, rows.shape[1])

    def __getitem__(self, word):
        return (self.rows[word] + self.rows[-1]) / 2

    def __setitem__(self, word, vector):
        change = np.asarray(vector) - self[word]
        self.rows[word] += change
        self.rows[-1] += change


@pytest.fixture
def shared_layer(monkeypatch):
    """Register the functions of the layer."""
    monkeypatch.setitem(INPUT_VECTORS, MeanWithShared, InputVectorFunctions(mean_vector, change_both))
    rows = InputRowFunctions(gather_mean, scatter_mean, prefetch_own, two_rows_a_slot)
    monkeypatch.setitem(INPUT_ROWS, MeanWithShared, rows)


@functools.cache
def compiled(key):
    """A kernel compiled without the on-disk cache, whose key does not include this layer."""
    train_chunk = TRAINING_KERNELS[key].load()
    body = getattr(train_chunk, "py_func", None)  # none if numba's JIT is off
    return train_chunk if body is None else numba.njit(error_model="numpy", fastmath=FASTMATH)(body)


@pytest.mark.parametrize("key", kernel_parameters([*SEQUENTIAL, *BLOCKED]))
@pytest.mark.parametrize("freeze", [False, True], ids=["all", "frozen"])
def test_vectors_of_several_rows(shared_layer, key, freeze):
    """With a window of 4, all words of a context share a step: a centre's vectors are scattered after its steps."""
    train_chunk = compiled(key)
    case = make_case(key[1], seed=6, d=32, n=200, padding=4)
    shared = np.linspace(-0.5, 0.5, 32, dtype=np.float32)
    shared[28:] = 0
    case = case._replace(
        inputs=MeanWithShared(40),
        weights=case.weights._replace(input=np.ascontiguousarray(np.vstack([case.weights.input, shared]))),
    )
    frozen = {"frozen": np.arange(40) % 3 == 0} if freeze else {}
    settings, alpha = make_settings(key, window=4, **frozen), np.float32(0.05)
    before = case.weights.input.copy()
    expected, matrices = run_reference(key, case, settings, alpha, vectors_of=MeansWithShared)
    actual = train_chunk(*case[:5], settings, Alphas(alpha, alpha), case.state)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        np.testing.assert_allclose(matrix, expected_matrix, atol=3e-4)  # of float32, as in test_kernel_contract
    assert np.abs(case.weights.input[-1] - before[-1]).max() > 0.05
    if freeze:
        np.testing.assert_array_equal(case.weights.input[:40:3], before[:40:3])
