"""The contract of all training kernels: one suite for every architecture, loss and kind of kernel."""

import numba
import numpy as np
import pytest
from helpers_kernels import (
    INPUTS,
    Case,
    frozen,
    keep_all,
    kernel_parameters,
    make_case,
    make_layer,
    make_settings,
    make_subwords,
    n_compiled,
    run_kernel,
    run_reference,
)

from spacy_w2v._arrays import Weights
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.objectives._registry import objective_of

ALL = kernel_parameters(TRAINING_KERNELS)


def agree(key, case, settings, alpha, alpha_last=None):
    """Train with the kernel and with its reference, and compare all results."""
    expected, matrices = run_reference(key, case, settings, alpha, alpha_last)
    actual = run_kernel(key, case, settings, alpha, alpha_last)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        # float32 against float64: dependent steps propagate rounding errors, which grow with alpha
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-5 + 2e-3 * alpha)


def test_the_table_is_complete():
    assert {key[:2] for key in TRAINING_KERNELS} == {
        (architecture, loss)
        for architecture in ("skip-gram", "cbow")
        for loss in ("negative-sampling", "hierarchical-softmax", "softmax")
    }
    assert len(TRAINING_KERNELS) == 12


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("alpha", [0.02, 0.4])  # at 0.4, blocked kernels take smaller steps
@pytest.mark.parametrize(
    "windows",
    [
        {"window": 5},
        {"window": 2, "shrink_windows": False, "negative": 7},
        {"window": 8, "negative": 3, "cbow_mean": False},
        {"window": 1},
    ],
    ids=str,
)
def test_equals_its_reference(key, inputs, windows, alpha):
    if not windows.get("cbow_mean", True):
        alpha /= 4  # sums of vectors have steep losses, which would amplify rounding errors
    case = make_case(key[1], inputs=inputs, seed=3, d=16, n=150)
    agree(key, case, make_settings(key, **windows), alpha, alpha / 2)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("alpha", [0.02, 0.4])  # at 0.4, skip-gram trains its pairs in rounds
def test_frozen_words_do_not_change_and_the_others_are_trained(key, inputs, alpha):
    case = make_case(key[1], inputs=inputs, seed=4, d=32, n=300)
    is_frozen = np.random.default_rng(0).random(40) < 0.5
    is_frozen[:3] = [True, False, True]  # among the most frequent words, too
    before = case.weights.input.copy()
    agree(key, case, make_settings(key, frozen=is_frozen), alpha, alpha / 2)
    # with subwords, these are the rows that no other word has
    np.testing.assert_array_equal(case.weights.input[:40][is_frozen], before[:40][is_frozen])
    assert (np.abs(case.weights.input - before).max(axis=1) > 1e-3).sum() > 10


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize(
    ("tokens", "offsets"), [([], [0]), ([], [0, 0]), ([7], [0, 1]), ([7, 8, 9], [0, 1, 2, 3]), (range(9), [0, 9])]
)
def test_short_chunks(key, inputs, tokens, offsets):
    """Empty chunks, sentences of one word, and unknown words."""
    agree(key, make_case(key[1], inputs=inputs, d=16)._replace(chunk=frozen(tokens, offsets)), make_settings(key), 0.02)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("words", [[0, 0, 0], [0, 0, 1, 0, 1, 1]], ids=["one", "two"])
def test_vocabularies_of_one_and_two_words(key, inputs, words):
    """With one word, the tree has no nodes, noise always equals the target, and the softmax is 1."""
    v = max(words) + 1
    case = make_case(key[1], inputs=inputs, v=v, types=v, d=16)
    chunk, subsampling = frozen(words, [0, len(words)]), keep_all(v)
    agree(key, case._replace(chunk=chunk, subsampling=subsampling), make_settings(key), 0.02)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("cbow_mean", [True, False])
def test_change_is_the_gradient_by_finite_differences(key, inputs, cbow_mean):
    """With a tiny learning rate, the change divided by the rate is the negative gradient of the reported loss.

    A learning rate of 0 gives that loss for any weights, and the same state gives the same draws.
    """
    case = make_case(key[1], inputs=inputs, seed=5, v=12, types=12, n=12, d=16, padding=11)
    if inputs == "subwords":
        case = case._replace(inputs=make_subwords(12, least=3, most=3))
    n_rows = 1 if inputs == "words" else 3  # each row takes the whole gradient of the mean, not a third of it
    settings = make_settings(key, window=2, negative=3, cbow_mean=cbow_mean)
    alpha, h = 1e-3 / n_rows, 2e-2
    trained = case.copy()
    run_kernel(key, trained, settings, alpha)

    def loss_at(which, place, shift):
        shifted = case.copy()
        shifted.weights[which][place] += np.float32(shift)
        return run_kernel(key, shifted, settings, 0.0)[0]

    largest = 0.0
    for which in range(2):
        for place in np.ndindex(case.weights[which].shape[0], 5):
            expected = (loss_at(which, place, h) - loss_at(which, place, -h)) / (2 * h) * (1 if which else n_rows)
            actual = (case.weights[which][place] - trained.weights[which][place]) / alpha
            # float32 weights near 1 resolve a change of 1e-3 to 1e-4, steps follow each other, and h² of curvature
            assert actual == pytest.approx(expected, abs=1e-2, rel=1e-2)
            largest = max(largest, abs(expected))
    assert largest > 0.5


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
def test_padded_columns_stay_zero(key, inputs):
    case = make_case(key[1], inputs=inputs, d=32, padding=9)
    skipped = case.copy()
    run_kernel(key, case, make_settings(key), 0.1)
    run_kernel(key, skipped, make_settings(key, vector_size=23), 0.1)  # padding that fills vectors is left out
    for matrix, same in zip(case.weights, skipped.weights, strict=True):
        np.testing.assert_array_equal(matrix, same)
        assert not matrix[:, -9:].any()
        assert matrix[:, :-9].all()


@pytest.mark.parametrize("key", ALL)
def test_rows_that_no_word_has_keep_their_bits(key):
    case = make_case(key[1], inputs="subwords")
    before = case.weights.input.copy()
    run_kernel(key, case, make_settings(key, window=3), 0.1)
    used = np.unique(case.inputs.rows)
    np.testing.assert_array_equal(np.delete(case.weights.input, used, axis=0), np.delete(before, used, axis=0))
    assert used.size < len(before)
    assert (case.weights.input[used] != before[used]).any(axis=1).sum() > 20


@pytest.mark.parametrize("key", ALL)
def test_loss_of_an_untrained_model(key):
    """With output vectors of zero, every score is 0: the loss is (1 + k) log 2, path length * log 2, or log v."""
    counts = np.full(32, 100)  # all paths have the same length, and noise rarely equals the target
    case = make_case(key[1], v=32, types=32, n=3000, d=16, sample_low=1)._replace(layer=make_layer(key[1], counts))
    case.weights.output[:] = 0
    loss, n_predicted, _ = run_kernel(key, case, make_settings(key), 0.0)
    objective = objective_of(ModelSettings(architecture=key[0], loss=key[1], negative=5))
    expected = objective.untrained_loss(case.layer, counts, sample=0)
    if key[1] == "negative-sampling":  # noise that equals the target is left out: one in 32
        expected -= 5 / 32 * np.log(2)
    assert loss / n_predicted == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("key", ALL)
def test_windows_do_not_cross_sentences(key):
    """Sentences of one word predict nothing, but the same tokens in one sentence do."""
    subsampling = keep_all(40)
    n_predicted = []
    for offsets in (np.arange(9), [0, 8]):
        case = make_case(key[1], d=16)._replace(chunk=frozen(range(8), offsets), subsampling=subsampling)
        n_predicted.append(run_kernel(key, case, make_settings(key, window=2, shrink_windows=False))[1])
    assert n_predicted == [0, 2 * (7 + 6) if key[0] == "skip-gram" else 8]


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
def test_scores_of_a_thousand_keep_the_loss_finite(key, inputs):
    """At scores of ±1000, exp would overflow, and σ would be 0 or 1."""
    for sign in (1, -1):
        case = make_case(key[1], inputs=inputs, d=16)
        case.weights.input[:] = 0
        case.weights.output[:] = 0
        case.weights.input[:, 0] = 1
        case.weights.output[:, 0] = 1000 * sign
        loss, n_predicted, _ = run_kernel(key, case, make_settings(key), 0.02)
        assert np.isfinite(loss)
        assert all(np.isfinite(matrix).all() for matrix in case.weights)
        assert n_predicted > 0


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("which", [0, 1], ids=Weights._fields)
def test_nan_in_the_weights_shows_in_the_loss(key, inputs, which):
    case = make_case(key[1], inputs=inputs)
    case.weights[which][-1 if key[1] == "hierarchical-softmax" and which == 1 else 0, 3] = np.nan
    assert np.isnan(run_kernel(key, case, make_settings(key))[0])


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
def test_same_state_same_bits(key, inputs):
    results: list[Case] = []
    for _ in range(2):
        case = make_case(key[1], inputs=inputs)
        run_kernel(key, case, make_settings(key))
        results.append(case)
    for first, second in zip(results[0].weights, results[1].weights, strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(results[0].state, results[1].state)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("inputs", INPUTS)
def test_one_specialisation_serves_all_chunks(key, inputs):
    """A second one would be compiled during training. Sequential kernels have one for each loss."""
    if numba.config.DISABLE_JIT:
        pytest.skip("numba's JIT is off")
    case = make_case(key[1], inputs=inputs)
    run_kernel(key, case, make_settings(key))
    assert 1 <= n_compiled(key, case) <= (1 if key[2] == "blocked" else 3)
