"""The kernel of GloVe: its steps against a reference, the gradient, and the order of the cells."""

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np
import pytest
import reference_cells
from reference import Xoshiro256PlusPlus

from spacy_w2v._arrays import (
    Alphas,
    Cells,
    CellWeighting,
    GloveWeights,
    IdentityInput,
    KernelSettings,
    RandomState,
    Subsampling,
)
from spacy_w2v._jit import kernel
from spacy_w2v.kernels import CELL_KERNELS
from spacy_w2v.kernels.cells._instructions import logarithms_and_weights
from spacy_w2v.kernels.cells._order import first_of_run, length_of_run, shuffled_runs
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.objectives._parameters import aligned_zeros

needs_jit = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="steps are LLVM code, which needs numba's JIT")
KINDS = [pytest.param("blocked", marks=needs_jit), "sequential"]
both_kinds = pytest.mark.parametrize("kind", KINDS)

KEEP_ALL = 2**32 - 1


class Case(NamedTuple):
    cells: Cells
    weights: GloveWeights
    weighting: CellWeighting
    threshold: np.ndarray
    state: RandomState

    def copy(self):
        weights = GloveWeights(*(copied(array) for array in self.weights))
        return self._replace(weights=weights, state=self.state.copy())

    def parameters(self):
        return self.weights._asdict()

    def tuples(self):
        return [(int(i), int(j), float(x)) for i, j, x in zip(*self.cells, strict=True)]


def copied(array):
    """Copy to memory that is aligned as kernels expect."""
    result = aligned_zeros(array.shape)
    result[:] = array
    return result


def in_order_of_tiles(words, contexts, counts):
    order = np.lexsort((contexts, words, contexts // 512, words // 512))
    cells = Cells(words[order].astype(np.uint32), contexts[order].astype(np.uint32), counts[order].astype(np.float32))
    for array in cells:
        array.flags.writeable = False
    return cells


def make_case(*, v=40, n=400, d=16, seed=0, counts=None, x_max=10.0):
    rng = np.random.default_rng(seed)
    flat = rng.choice(v * v, n, replace=False)
    counts = np.exp(rng.normal(1, 2, n)) if counts is None else rng.choice(counts, n)
    matrices = [aligned_zeros((v, d)) for _ in range(4)]
    biases = [aligned_zeros((v,)) for _ in range(4)]
    for matrix in matrices[:2]:
        matrix[:, :d] = rng.normal(0, 1, (v, d)) / np.sqrt(d)
    for matrix in matrices[2:]:
        matrix[:, :d] = rng.uniform(1, 5, (v, d))
    for bias in biases[:2]:
        bias[:] = rng.normal(0, 0.5, v)
    for sums in biases[2:]:
        sums[:] = rng.uniform(1, 5, v)
    return Case(
        in_order_of_tiles(flat // v, flat % v, counts),
        GloveWeights(*matrices[:2], *biases[:2], *matrices[2:], *biases[2:]),
        CellWeighting(x_max, 0.75),
        np.full(v, KEEP_ALL, np.uint32),
        np.random.SeedSequence(seed).generate_state(4, np.uint64),
    )


def run_kernel(kind, case, *, d, alpha=0.05, alpha_last=None, frozen=None):
    """Train in place; returns the cost, and twice the number of cells."""
    v = len(case.threshold)
    settings = KernelSettings(
        5, True, 5, True, 64, 0, 1, np.zeros(0, np.bool_) if frozen is None else frozen, vector_size=d
    )
    return CELL_KERNELS["glove", kind].load()(
        case.cells,
        Subsampling(np.arange(v, dtype=np.uint32), case.threshold, highest_share=1 / v),
        IdentityInput(v),
        case.weighting,
        case.weights,
        settings,
        Alphas(np.float32(alpha), np.float32(alpha if alpha_last is None else alpha_last)),
        case.state,
    )


def agree(kind, case, *, d, alpha=0.05, alpha_last=None, frozen=None, keep=None, atol=2e-5):
    alphas = (float(np.float32(alpha)), float(np.float32(alpha if alpha_last is None else alpha_last)))
    expected_cost, expected = reference_cells.train_glove(
        case.tuples(), case.parameters(), x_max=case.weighting.x_max, exponent=0.75, alphas=alphas, state=case.state,
        frozen=set() if frozen is None else set(np.flatnonzero(frozen)), keep=keep, is_sequential=kind == "sequential",
    )  # fmt: skip
    cost, n_cells, n_kept = run_kernel(kind, case, d=d, alpha=alpha, alpha_last=alpha_last, frozen=frozen)
    assert n_cells == n_kept == case.cells.words.size
    assert cost == pytest.approx(expected_cost, rel=1e-5)
    for name, array in case.parameters().items():
        # float32 against float64. Sums may be large, but are as exact relative to their size
        np.testing.assert_allclose(array, getattr(expected, name), rtol=2e-5, atol=atol, err_msg=name)


@both_kinds
@pytest.mark.parametrize("d", [1, 5, 16, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.5])
def test_equals_its_reference(kind, d, alpha):
    agree(kind, make_case(d=d), d=d, alpha=alpha, alpha_last=alpha / 2)


@both_kinds
def test_equals_its_reference_over_several_tiles_and_blocks(kind):
    agree(kind, make_case(v=1200, n=3000, d=5), d=5, alpha=0.1, alpha_last=0.02)


@both_kinds
def test_cells_of_dense_rows(kind):
    """Runs have eight cells, and a row has many of them."""
    agree(kind, make_case(v=30, n=900, d=16), d=16)


@both_kinds
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5])
def test_few_cells(kind, n):
    agree(kind, make_case(v=3, n=n, d=5), d=5)


@both_kinds
def test_extreme_counts(kind):
    case = make_case(d=16, counts=[1e-6, 1e9, 1.0, 10.0])
    agree(kind, case, d=16, atol=1e-4)
    assert all(np.isfinite(array).all() for array in case.weights)


@both_kinds
def test_no_cell_changes_a_number_by_more_than_one(kind):
    """Gradients of thousands are not clipped: the sums that divide a step include the step itself."""
    case = make_case(v=2, n=2, d=5, counts=[1e9])
    case.weights.output[:, :5] *= 1e4
    case.weights.input[:, :5] *= 1e4
    before = case.copy()
    run_kernel(kind, case, d=5, alpha=0.05)
    for name in ("input", "output", "input_bias", "output_bias"):
        change = np.abs(getattr(case.weights, name) - getattr(before.weights, name))
        assert 0.5 < change.max() <= 2 * (1 + 1e-5)  # a number may be in both cells


@both_kinds
@pytest.mark.parametrize("d", [5, 100])
def test_change_is_the_gradient_by_finite_differences(kind, d):
    """With huge sums, which hardly change, a step is the gradient times a constant: here 1e-4."""
    case = make_case(v=6, n=20, d=d, seed=2)
    for sums in case.weights[4:]:
        sums[:] = 1e6
    trained, alpha, h = case.copy(), 0.1, 1e-2
    run_kernel(kind, trained, d=d, alpha=alpha)

    def cost_at(name, place, shift):
        shifted = case.copy()
        getattr(shifted.weights, name)[place] += np.float32(shift)
        return run_kernel(kind, shifted, d=d, alpha=0.0)[0]

    largest = 0.0
    for name in ("input", "output", "input_bias", "output_bias"):
        before, after = getattr(case.weights, name), getattr(trained.weights, name)
        for place in list(np.ndindex(before.shape[0], min(d, 3)) if before.ndim == 2 else np.ndindex(before.shape)):
            expected = (cost_at(name, place, h) - cost_at(name, place, -h)) / (2 * h)
            rate = alpha / 1e3 if before.ndim == 2 else 1.0 / 1e3  # biases have a rate of 1
            actual = (before[place] - after[place]) / rate
            # steps follow each other, and float32 weights near 1 resolve a change of 1e-4 to 1e-3
            assert actual == pytest.approx(expected, abs=5e-3, rel=1e-2), (name, place)
            largest = max(largest, abs(expected))
    assert largest > 0.5


@both_kinds
def test_cost_is_that_of_the_weights_before_the_steps(kind):
    case = make_case(d=16)
    cost, *_ = run_kernel(kind, case, d=16, alpha=0.0)
    parameters = case.weights._replace(**{k: v.astype(float) for k, v in case.parameters().items()})
    expected = reference_cells.total_cost(parameters, case.tuples(), x_max=10.0, exponent=0.75)
    assert cost == pytest.approx(expected, rel=1e-5)


@both_kinds
def test_cost_falls(kind):
    case = make_case(v=60, n=1500, d=16)
    costs = [run_kernel(kind, case, d=16)[0] for _ in range(15)]
    assert costs[-1] < 0.2 * costs[0]


@both_kinds
@pytest.mark.parametrize("d", [1, 5, 100])
def test_padding_stays_zero(kind, d):
    case = make_case(d=d)
    for _ in range(3):
        run_kernel(kind, case, d=d)
    for name in ("input", "output", "input_sums", "output_sums"):
        matrix = getattr(case.weights, name)
        assert matrix.shape[1] > d
        assert not matrix[:, d:].any()
        assert matrix[:, :d].all()


@both_kinds
def test_frozen_words_keep_their_row_and_bias(kind):
    case = make_case(d=16)
    frozen = np.random.default_rng(0).random(40) < 0.5
    before = case.copy()
    agree(kind, case, d=16, frozen=frozen)
    for name in ("input", "input_bias", "input_sums", "input_bias_sums"):
        changed = getattr(case.weights, name) != getattr(before.weights, name)
        assert not changed[frozen].any()
        assert changed[~frozen].any()


@both_kinds
def test_subsampling_multiplies_counts_by_their_expectation(kind):
    case = make_case(d=16)
    case.threshold[:] = np.random.default_rng(1).integers(1, 2**32, 40)
    case.threshold[::2] = KEEP_ALL
    agree(kind, case, d=16, keep=(case.threshold + 1.0) / 2**32)


@both_kinds
def test_nan_in_the_weights_shows_in_the_cost(kind):
    for name in ("input", "output", "input_bias", "output_bias"):
        case = make_case(d=16)
        getattr(case.weights, name)[0] = np.nan
        assert np.isnan(run_kernel(kind, case, d=16)[0])


@both_kinds
def test_same_state_same_bits(kind):
    results = []
    for _ in range(2):
        case = make_case(v=600, n=5000, d=16)
        results.append((run_kernel(kind, case, d=16), case))
    assert results[0][0] == results[1][0]
    for first, second in zip(results[0][1].weights, results[1][1].weights, strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(results[0][1].state, results[1][1].state)


@both_kinds
def test_one_specialisation_serves_all_batches(kind):
    run_kernel(kind, make_case(), d=16)
    run_kernel(kind, make_case(v=6, n=0), d=16)
    train_chunk = CELL_KERNELS["glove", kind].load()
    if not hasattr(train_chunk, "signatures"):
        pytest.skip("numba's JIT is off")
    assert len(train_chunk.signatures) == 1


@kernel
def runs_of(cells, state):
    runs = shuffled_runs(cells, state)
    result = np.zeros((runs.size, 2), np.int64)
    for n in range(runs.size):
        result[n, 0], result[n, 1] = first_of_run(runs[n]), length_of_run(runs[n])
    return result


def cells_visited(cells, seed):
    state = np.random.SeedSequence(seed).generate_state(4, np.uint64)
    return [list(range(first, first + length)) for first, length in runs_of(cells, state)]


def test_each_cell_is_visited_once():
    case = make_case(v=1500, n=20_000, d=1)
    visited = Counter(cell for run in cells_visited(case.cells, 0) for cell in run)
    assert visited == Counter(range(20_000))


def test_the_order_is_random_and_goes_tile_by_tile():
    case = make_case(v=1500, n=20_000, d=1)
    orders = []
    for seed in range(2):
        runs = cells_visited(case.cells, seed)
        cells = case.tuples()
        expected = reference_cells.shuffled_runs(
            [(*cells[n], n) for n in range(len(cells))],
            Xoshiro256PlusPlus(np.random.SeedSequence(seed).generate_state(4, np.uint64)),
        )
        assert runs == [[cell[3] for cell in run] for run in expected]
        tiles = [reference_cells.tile_of(cells[run[0]]) for run in runs]
        assert sum(a != b for a, b in pairwise(tiles)) == 8
        orders.append(runs)
    assert orders[0] != orders[1]


@kernel
def logarithms(counts, weights, log_x_max, exponent):
    logarithms_and_weights(
        counts.ctypes.data, weights.ctypes.data, counts.size // LANES, np.float32(log_x_max), np.float32(exponent)
    )


@needs_jit
@pytest.mark.parametrize("exponent", [0.5, 0.75, 1.0])
def test_logarithms_and_weights(exponent):
    counts = np.exp(np.linspace(np.log(1e-30), np.log(1e30), 100_000)).astype(np.float32)
    counts = np.concatenate([counts, np.linspace(0.5, 2.0, 60_000).astype(np.float32), [1.0] * 16]).astype(np.float32)
    counts = counts[: counts.size // 16 * 16]
    logs, weights = counts.copy(), np.zeros_like(counts)
    logarithms(logs, weights, np.log(10.0), exponent)
    expected = np.log(counts.astype(np.float64))
    np.testing.assert_allclose(logs, expected, rtol=2e-7, atol=1e-7)
    np.testing.assert_allclose(weights, np.minimum(1, (counts.astype(float) / 10) ** exponent), rtol=2e-5)
