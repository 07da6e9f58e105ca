"""The decomposition of positive pointwise mutual information, against plain NumPy in float64."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spacy_w2v._arrays import Alphas, Cells, IdentityInput, KernelSettings, PmiTransform, Weights
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import TrainingError
from spacy_w2v.objectives import _ppmi_svd
from spacy_w2v.objectives._parameters import zero_parameters
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import make_subsampling

PLAIN = PmiTransform(smoothing=1.0, shift=1.0, eigenvalue_exponent=0.5)


class Matrix(NamedTuple):
    """A matrix of co-occurrence counts in memory."""

    counts: np.ndarray
    n_batches: int = 3

    @property
    def n_words(self):
        return len(self.counts)

    @property
    def n_cells(self):
        return int((self.counts > 0).sum())

    def batches(self):
        words, contexts = np.nonzero(self.counts)
        for rows in np.array_split(np.arange(words.size), self.n_batches):
            at = words[rows], contexts[rows]
            yield Cells(at[0].astype(np.uint32), at[1].astype(np.uint32), self.counts[at].astype(np.float32))


def random_matrix(n_words, *, share=0.3, seed=0):
    random = np.random.default_rng(seed)
    counts = random.integers(1, 200, (n_words, n_words)) * (random.random((n_words, n_words)) < share)
    counts = np.triu(counts) + np.triu(counts, 1).T
    counts[0, 0] = 7
    return Matrix(counts.astype(np.float64))


def reference(counts, transform):
    """Positive shifted PMI by its definition, with probabilities."""
    joint = counts / counts.sum()
    p_word = counts.sum(axis=1) / counts.sum()
    p_context = counts.sum(axis=0) ** transform.smoothing / (counts.sum(axis=0) ** transform.smoothing).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(joint / np.outer(p_word, p_context)) - np.log(transform.shift)
    return np.where(np.isfinite(pmi) & (pmi > 0), pmi, 0.0)


def decompose(matrix, transform=PLAIN, *, size=5, sample=0.0, token_counts=None, seed=1):
    n_words = matrix.n_words
    token_counts = np.ones(n_words, np.int64) if token_counts is None else token_counts
    subsampling = make_subsampling(np.arange(n_words, dtype=np.uint32), token_counts, sample=sample)
    weights = Weights(**zero_parameters({"input": (n_words, size), "output": (n_words, size)}))
    settings = KernelSettings(
        window=5, shrink_windows=True, negative=5, cbow_mean=True, block=0, n_noise=0, vector_size=size
    )
    state = np.array([seed, 2, 3, 4], np.uint64)
    rate = np.float32(1)
    result = _ppmi_svd.decompose(
        matrix, subsampling, IdentityInput(n_words), transform, weights, settings, Alphas(rate, rate), state
    )
    return weights.input[:, :size], weights.output[:, :size], result


@pytest.mark.parametrize("smoothing", [1.0, 0.75, 0.0])
@pytest.mark.parametrize("shift", [1.0, 5.0, 0.5])
def test_cells_are_those_of_the_definition(smoothing, shift):
    transform = PmiTransform(smoothing=smoothing, shift=shift, eigenvalue_exponent=0.5)
    matrix = random_matrix(40)
    found = _ppmi_svd.ppmi_matrix(matrix, np.ones(40), transform)
    expected = reference(matrix.counts, transform)
    assert_allclose(found.toarray(), expected, rtol=1e-5, atol=1e-6)
    assert found.dtype == np.float32
    assert 0 < found.nnz < matrix.n_cells


def test_a_matrix_of_one_side_has_other_columns_than_rows():
    counts = np.triu(random_matrix(40).counts)
    found = _ppmi_svd.ppmi_matrix(Matrix(counts), np.ones(40), PLAIN)
    assert_allclose(found.toarray(), reference(counts, PLAIN), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_words", [40, _ppmi_svd.DENSE_WORDS + 100])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_products_of_vectors_are_the_best_approximation(n_words, exponent):
    """By Eckart and Young, the truncated decomposition has the least squared error of all matrices of this rank."""
    transform = PLAIN._replace(eigenvalue_exponent=exponent)
    matrix = random_matrix(n_words)
    input_vectors, output_vectors, (error, n_pairs, n_cells) = decompose(matrix, transform)
    expected = reference(matrix.counts, transform)
    left, values, right = np.linalg.svd(expected)
    best = left[:, :5] * values[:5] @ right[:5]
    assert_allclose(input_vectors @ output_vectors.T, best, atol=0.02 * np.abs(best).max())
    assert error == pytest.approx(np.square(expected - best).sum(), rel=1e-3)
    assert n_pairs == n_words**2
    assert n_cells == (expected > 0).sum()
    norms = np.linalg.norm(input_vectors, axis=0)
    assert_allclose(norms, values[:5] ** exponent, rtol=1e-3)


def test_the_same_seed_gives_the_same_bits_and_signs_do_not_depend_on_it():
    matrix = random_matrix(_ppmi_svd.DENSE_WORDS + 100)
    first, again, other = decompose(matrix), decompose(matrix), decompose(matrix, seed=9)
    assert_array_equal(first[0], again[0])
    assert_array_equal(first[1], again[1])
    assert_allclose(first[0], other[0], atol=0.05 * np.abs(first[0]).max())


def test_subsampling_multiplies_counts_by_the_probabilities_to_keep_both_words():
    matrix = random_matrix(40)
    token_counts = np.arange(40, 0, -1) ** 3
    found, _, _ = decompose(matrix, sample=1e-2, token_counts=token_counts)
    keep = np.minimum(
        1.0, (np.sqrt(token_counts / token_counts.sum() / 1e-2) + 1) / (token_counts / token_counts.sum() / 1e-2)
    )
    assert keep.min() < 0.9
    kept = Matrix(matrix.counts * np.outer(keep, keep))
    expected, _, _ = decompose(kept)
    assert_allclose(found, expected, atol=1e-3)


def test_more_dimensions_than_words_leave_zeros():
    input_vectors, output_vectors, (error, _, _) = decompose(random_matrix(4, share=1.0), size=9)
    assert not input_vectors[:, 4:].any()
    assert not output_vectors[:, 4:].any()
    assert error == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("n_words", [40, _ppmi_svd.DENSE_WORDS + 100])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_dimensions_above_the_rank_are_zeros(n_words, exponent):
    """Only words 0 to 3 occur together. The others have no direction, whichever power scales the dimensions."""
    counts = np.zeros((n_words, n_words))
    counts[0, 1] = counts[1, 0] = 3.0
    counts[2, 3] = counts[3, 2] = 2.0
    for vectors in decompose(Matrix(counts), PLAIN._replace(eigenvalue_exponent=exponent), size=9)[:2]:
        assert (vectors != 0).any(axis=1).sum() >= 4
        assert_allclose(np.linalg.norm(vectors[4:], axis=1), 0, atol=1e-6)
        assert not vectors[:, 4:].any()


def test_a_matrix_without_positive_cells_is_refused():
    """All vectors would be zeros, which look like a model."""
    independent = Matrix(np.outer([4.0, 2.0, 1.0], [4.0, 2.0, 1.0]))
    message = (
        r"^Some words must occur together more often than by chance, but .* of shift = 2\. Lower shift, or use more"
    )
    with pytest.raises(TrainingError, match=message):
        decompose(independent, PLAIN._replace(shift=2.0), size=2)


def test_a_matrix_that_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(_ppmi_svd, "available_memory", lambda: 1000)
    with pytest.raises(TrainingError, match=r"The matrix must fit into memory, 0\.0 GB, but \d+ cells take"):
        decompose(random_matrix(40))


def test_settings_become_the_transform():
    settings = ModelSettings(loss="ppmi-svd", ns_exponent=0.5, shift=3, eigenvalue_exponent=0.25)
    assert objective_of(settings).tables(np.array([2, 1])) == PmiTransform(0.5, 3.0, 0.25)
