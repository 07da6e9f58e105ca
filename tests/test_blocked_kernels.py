"""The blocked kernels against their references, with blocks of several sizes, and against the sequential kernels."""

import numba
import numpy as np
import pytest
from helpers_kernels import (
    BLOCKED,
    INPUTS,
    kernel_parameters,
    make_case,
    make_settings,
    run_kernel,
    run_reference,
)
from numba import njit

from spacy_w2v._arrays import KernelSettings, Weights
from spacy_w2v.kernels.blocked._tree_paths import copy_upper_nodes, exchange_upper_nodes, make_upper_nodes
from spacy_w2v.kernels.tiles._rows import aligned, rows_of

SIZES = [{"block": 16, "n_noise": 24}, {"block": 32, "n_noise": 8}, {"block": 8, "n_noise": 16}]

WITH_NOISE = [key for key in BLOCKED if key[1] == "negative-sampling"]
WITH_SPANS = [key for key in BLOCKED if key[1] != "softmax"]


@pytest.mark.parametrize("key", kernel_parameters(BLOCKED))
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("alpha", [0.02, 0.2])
def test_equals_its_reference_with_blocks_of_any_size(key, sizes, alpha):
    case, settings = make_case(key[1], seed=7, d=112, padding=12), make_settings(key, vector_size=100, **sizes)
    expected, matrices = run_reference(key, case, settings, alpha, alpha / 2)
    actual = run_kernel(key, case, settings, alpha, alpha / 2)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        # float32 against float64 over some 400 dependent steps
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-5 + 2e-3 * alpha)


@pytest.mark.parametrize("key", kernel_parameters(WITH_SPANS))
@pytest.mark.parametrize(
    ("overlap", "workers", "v"),
    [(0.0, 1, 2000), (0.002, 8, 2000), (60.0, 1, 40)],
    ids=["longest", "for workers", "shorter than a step"],
)
def test_equals_its_reference_with_spans_of_any_length(key, overlap, workers, v):
    """Spans with hundreds of distinct words, and spans of less than a block, where vectors overlap much."""
    case = make_case(key[1], inputs="subwords", v=v, types=v + 2, n=3000 if v > 40 else 200, d=112, padding=12)
    case = case._replace(inputs=case.inputs._replace(overlap=overlap))
    sizes = {"n_noise": 4} if key in WITH_NOISE else {}
    settings = make_settings(key, window=2, negative=1, vector_size=100, workers=workers, **sizes)
    expected, matrices = run_reference(key, case, settings, 0.05, 0.02)
    actual = run_kernel(key, case, settings, 0.05, 0.02)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        np.testing.assert_allclose(matrix, expected_matrix, atol=2e-4)  # float32 against float64


@pytest.mark.parametrize("key", kernel_parameters(WITH_NOISE))
@pytest.mark.parametrize("n_noise", [4, 16, 28, 52, 100])
@pytest.mark.parametrize("v", [12, 400])
def test_equals_its_reference_with_any_number_of_shared_noise_words(key, n_noise, v):
    """The setting `shared_noise` is any multiple of 4. With 12 words, noise often equals a centre."""
    case = make_case(key[1], seed=n_noise, v=v, types=v + 2, n=900, d=48, padding=3)
    settings = make_settings(key, n_noise=n_noise)
    expected, matrices = run_reference(key, case, settings, 0.05, 0.02)
    actual = run_kernel(key, case, settings, 0.05, 0.02)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-4)  # float32 against float64


@pytest.mark.parametrize("key", kernel_parameters([key for key in BLOCKED if key[1] == "hierarchical-softmax"]))
@pytest.mark.parametrize("workers_and_v", [(1, 64), (1, 65), (1, 200), (8, 2), (8, 64), (8, 200), (8, 1024), (8, 1500)])
def test_equals_its_reference_with_nodes_that_are_not_copied(key, workers_and_v):
    """One worker copies the last 64 inner nodes, each of several the last 1023. The others are updated in place."""
    workers, v = workers_and_v
    case, settings = make_case(key[1], v=v, types=v, n=600, d=16), make_settings(key, workers=workers)
    expected, matrices = run_reference(key, case, settings, 0.05)
    actual = run_kernel(key, case, settings, 0.05)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for matrix, expected_matrix in zip(case.weights, matrices, strict=True):
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-4)


@njit
def change_copies(weights, zero, settings, turns):
    """Add 1 to the copy of each upper node and exchange nodes, as many times as there are turns."""
    n_nodes, dimensions = weights.output.shape
    rows, upper = (
        rows_of(weights.input.ctypes.data, weights, zero, zero, settings),
        make_upper_nodes(n_nodes, dimensions, settings),
    )
    copy_upper_nodes(n_nodes, rows, upper)
    for turn in range(turns):
        upper.copies[: (n_nodes - upper.first) * dimensions] += np.float32(1)
        exchange_upper_nodes(turn, n_nodes, rows, upper)
    return upper.copies[: (n_nodes - upper.first) * dimensions].reshape(-1, dimensions)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="rows are copied by LLVM code, which needs numba's JIT")
@pytest.mark.parametrize("n_nodes", [1, 2, 7, 10, 1023])
@pytest.mark.parametrize("turns", [1, 2, 3, 4, 5, 16])
def test_upper_nodes_are_exchanged_the_more_rarely_the_lower_their_level(n_nodes, turns):
    """The root is the last node. Each turn exchanges one node of each level, and the copies keep all changes."""
    weights = Weights(np.zeros((n_nodes, 16), np.float32), np.zeros((n_nodes, 16), np.float32))
    settings = KernelSettings(5, shrink_windows=True, negative=0, cbow_mean=True, block=16, n_noise=0, workers=8)
    copies = change_copies(weights, np.zeros(16, np.float32), settings, turns)
    expected = np.zeros(n_nodes)  # from the root
    for turn in range(turns):
        for level in range(n_nodes.bit_length()):
            node = 2**level - 1 + turn % 2**level
            expected[node : node + 1] = turn + 1  # nothing if the lowest level has no such node
    np.testing.assert_array_equal(weights.output, np.tile(expected[::-1, None], 16))
    np.testing.assert_array_equal(copies, turns)


@pytest.mark.parametrize("key", kernel_parameters(BLOCKED))
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize(("cbow_mean", "alpha"), [(True, 0.05), (True, 0.2), (False, 0.05), (False, 0.1)])
def test_is_as_stable_as_the_sequential_kernel(key, inputs, cbow_mean, alpha):
    """Ten epochs over Zipf-distributed random words, of which only the frequencies can be learned."""
    case = make_case(key[1], inputs=inputs, v=200, types=200, n=6000, d=16, longest=60, scale=0.05, sample_low=1)
    case.weights.output[:] = 0
    losses = {}
    for kernel in ("sequential", "blocked"):
        trained, both = case.copy(), (*key[:2], kernel)
        for done in range(10):
            rates = alpha * (1 - done / 10), alpha * (0.9 - done / 10)
            run_kernel(both, trained, make_settings(both, cbow_mean=cbow_mean), *rates)
        # Compare losses after training: during training, a sequential step has just seen its neighbours.
        judged = trained._replace(state=np.random.SeedSequence(99).generate_state(4, np.uint64))
        loss, n_predicted, _ = run_kernel((*key[:2], "sequential"), judged, make_settings(both, cbow_mean=cbow_mean), 0)
        losses[kernel] = loss / n_predicted
    assert losses["blocked"] < 1.02 * losses["sequential"]


@pytest.mark.parametrize(
    ("key", "n_noise"),
    [
        *(pytest.param(*parameter.values, 8, marks=parameter.marks) for parameter in kernel_parameters(BLOCKED)),
        *(pytest.param(*parameter.values, 4, marks=parameter.marks) for parameter in kernel_parameters(WITH_NOISE)),
    ],
)
def test_expectation_is_that_of_the_sequential_kernel(key, n_noise):
    """Mean change and loss over many draws agree, with noise words that often equal the target (v = 12)."""
    case = make_case(key[1], v=12, types=14, n=60, d=16, sample_low=0.5)
    n, alpha = (10_000, 1e-4) if key[1] == "negative-sampling" else (2_000, 1e-4)
    means, errors, losses = [], [], []
    for kernel in ("sequential", "blocked"):
        changes, loss, n_predicted = [], 0.0, 0
        settings = make_settings((*key[:2], kernel), window=4, block=16, n_noise=n_noise)
        for repeat in range(n):
            drawn = case.copy()._replace(
                state=np.random.SeedSequence([repeat, kernel == "blocked"]).generate_state(4, np.uint64)
            )
            part = run_kernel((*key[:2], kernel), drawn, settings, alpha)
            pairs = zip(drawn.weights, case.weights, strict=True)
            changes.append(np.concatenate([(new - old).ravel() for new, old in pairs]) / np.float32(alpha))
            loss, n_predicted = loss + part[0], n_predicted + part[1]
        means.append(np.mean(changes, axis=0))
        errors.append(np.std(changes, axis=0) / np.sqrt(n))
        losses.append(loss / n_predicted)
    z = (means[0] - means[1]) / np.sqrt(errors[0] ** 2 + errors[1] ** 2 + 1e-6)
    assert np.abs(z).max() < 4.5  # 384 comparisons
    assert np.sqrt((z**2).mean()) < 1.3
    assert losses[0] == pytest.approx(losses[1], rel=5e-3)


@pytest.mark.parametrize("size", [1, 16, 31, 32, 33, 100])
def test_buffers_have_cache_lines_of_their_own(size):
    """Cache lines have up to 128 bytes. The copies of rows that two threads make never share one."""
    buffer = getattr(aligned, "py_func", aligned)(size)  # the compiled function can only be called by kernels
    assert buffer.shape == (size,)
    assert not buffer.any()
    assert buffer.ctypes.data % 128 == 0
    end_of_last_line = buffer.ctypes.data + -(-buffer.nbytes // 128) * 128
    assert end_of_last_line <= buffer.base.ctypes.data + buffer.base.nbytes
