"""Merging the changes of several replicas: the rule, against plain float64 and against what it promises."""

import numpy as np
import pytest
import reference_merging as reference

from spacy_w2v._arrays import Exposure
from spacy_w2v.merging._balance import LARGEST_DRIFT, balance_target, make_balance, multiply
from spacy_w2v.merging._blocks import (
    BLOCK_ROWS,
    RARE_ROWS_PER_SAMPLE,
    SAMPLE_ROWS,
    SAMPLED_SHARD,
    blocks_of,
    samples_of,
    shard_rows,
)
from spacy_w2v.merging._damping import TOLERANCE, damp_block, factors, make_damping
from spacy_w2v.merging._merge import make_dampings, merge_replicas
from spacy_w2v.merging._moments import MomentSum, curvature, gram
from spacy_w2v.merging._shard import ShardMerge

N_ROWS, SIZE, PADDED = 1300, 12, 16


def rows_at_random(seed, *, n_rows=N_ROWS, scale=1.0):
    """Rows without padding: a view of a padded matrix, as the weights of a run are."""
    generator = np.random.default_rng(seed)
    padded = np.zeros((n_rows, PADDED), np.float32)
    padded[:, :SIZE] = scale * generator.standard_normal((n_rows, SIZE)) * np.linspace(0.2, 1.5, SIZE)
    return padded[:, :SIZE]


def moments(rows, shares):
    total = MomentSum(rows.shape[1])
    total.add(rows, shares)
    return total.total


def zipf(n_rows=N_ROWS, total=1.0):
    shares = 1.0 / np.arange(1, n_rows + 1)
    return total * shares / shares.sum()


def problem(n_replicas, *, coupling=0.0, scale=0.05):
    start = {"input": rows_at_random(1), "output": rows_at_random(2)}
    ends = [
        {name: rows + rows_at_random(10 * (k + 1) + i, scale=scale) for i, (name, rows) in enumerate(start.items())}
        for k in range(n_replicas)
    ]
    exposures = {"input": Exposure(zipf(), coupling), "output": Exposure(zipf(total=6.0), 0.0)}
    return start, ends, exposures


def test_factors_are_those_of_replicas_one_after_the_other():
    """On a quadratic, N contractions in a row end where the start plus the damped sum of the changes does."""
    for n_replicas in (1, 2, 3, 7, 8, 64):
        for progress in (0.0, 1e-12, 1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e300):
            left = np.exp(-progress)
            position = 1.0
            for _ in range(n_replicas):
                position *= left
            total = n_replicas * np.expm1(-progress)
            factor = float(factors(np.array([progress]), np.ones(1), n_replicas)[0, 0])
            assert 1.0 + factor * total == pytest.approx(position, rel=1e-6, abs=n_replicas * 1e-6)  # float32
            assert 1.0 / n_replicas - 1e-6 <= factor <= 1.0 + 1e-6


@pytest.mark.parametrize("coupling", [0.0, 0.7, -1.0])
def test_curvature_is_that_of_the_reference(coupling):
    rows, shares = rows_at_random(3), zipf()
    actual = curvature(moments(rows, shares), coupling)
    np.testing.assert_allclose(actual, reference.curvature(rows, shares, coupling), rtol=0, atol=1e-6 * actual.max())


def test_gram_matrices_of_shards_add_up():
    rows = rows_at_random(4)
    expected = rows.astype(np.float64).T @ rows.astype(np.float64)
    for n_shards in (1, 2, 3, 8):
        shards = [(rows[shard], zipf()[shard]) for shard in shard_rows(N_ROWS, n_shards)]
        parts = [gram(matrix, samples_of(shares)) for matrix, shares in shards]
        np.testing.assert_allclose(sum(parts), expected, rtol=0, atol=1e-6 * expected.max())


def test_each_row_is_in_one_shard():
    for n_rows in (0, 1, 5, 1000):
        for n_shards in (1, 2, 3, 8):
            shards = [list(range(n_rows))[rows] for rows in shard_rows(n_rows, n_shards)]
            assert sorted(row for rows in shards for row in rows) == list(range(n_rows))
            sizes = [len(rows) for rows in shards]
            assert len(sizes) == n_shards
            assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("shares", [zipf(40_000), zipf(40_000)[::-1], np.ones(40_000), np.r_[zipf(9000), 1.0]])
def test_samples_stand_for_all_rows(shares):
    samples = samples_of(shares)
    assert sum(len(shares[sample.rows]) * sample.weight for sample in samples) == pytest.approx(len(shares))
    taken = np.concatenate([np.arange(len(shares))[sample.rows] for sample in samples])
    assert (np.diff(taken) > 0).all()
    assert np.diff(taken).max() <= 2 * RARE_ROWS_PER_SAMPLE
    assert all(1 <= len(shares[sample.rows]) <= SAMPLE_ROWS for sample in samples)
    assert set(np.flatnonzero(shares >= shares.mean())) <= set(taken)


def test_rare_rows_of_large_shards_are_sampled():
    assert sum(len(range(100_000)[sample.rows]) for sample in samples_of(zipf(100_000))) < 50_000
    assert all(sample.weight == 1.0 for sample in samples_of(zipf(SAMPLED_SHARD - 1)))


def test_sums_over_samples_are_close():
    n_rows = 2 * SAMPLED_SHARD
    start = {name: rows_at_random(seed, n_rows=n_rows) for seed, name in enumerate(("input", "output"))}
    ends = [
        {name: rows + rows_at_random(2 + k, n_rows=n_rows, scale=0.1) for name, rows in start.items()} for k in (1, 2)
    ]
    shares = {name: zipf(n_rows) for name in start}
    sums = ShardMerge(start, shares).sum_changes(ends)
    for name in start:
        middle = (ends[0][name] + ends[1][name]) / 2
        expected = reference.curvature(middle, shares[name], 0.0)
        np.testing.assert_allclose(sums[name][:SIZE, :SIZE], expected, rtol=0, atol=0.02 * expected.max())


def damp(change, shares, damping):
    for block in blocks_of(len(change)):
        damp_block(change[block], shares[block], damping)


@pytest.mark.parametrize("n_replicas", [2, 3, 8])
@pytest.mark.parametrize("steps", [0.0, 0.1, 30.0, 3e4, 1e30])
def test_damping_is_that_of_the_reference(n_replicas, steps):
    """Whatever is left out because its factor is close to 1, the error of a row is at most TOLERANCE of its length."""
    matrix = reference.curvature(rows_at_random(5), zipf(), 0.0)
    damping = make_damping(matrix, steps=steps, n_replicas=n_replicas)
    change, shares = rows_at_random(6), zipf()
    expected = np.array(
        [
            reference.damped(row.astype(np.float64), share, matrix, steps=steps, n_replicas=n_replicas)
            for row, share in zip(change, shares, strict=True)
        ]
    )
    lengths = np.linalg.norm(change, axis=1)
    damp(change, shares, damping)
    assert (np.linalg.norm(change - expected, axis=1) <= (TOLERANCE + 1e-5) * lengths).all()
    assert not change.base[:, SIZE:].any()


def test_rare_rows_keep_their_bits():
    matrix = reference.curvature(rows_at_random(5), zipf(), 0.0)
    highest = np.linalg.eigvalsh(matrix).max()
    change, shares = rows_at_random(6), zipf()
    before = change.copy()
    damp(change, shares, make_damping(matrix, steps=1.9 * TOLERANCE / (highest * shares[BLOCK_ROWS]), n_replicas=2))
    np.testing.assert_array_equal(change[BLOCK_ROWS:], before[BLOCK_ROWS:])
    assert (change[0] != before[0]).any()


def test_one_replica_is_not_damped():
    change = rows_at_random(6)
    before = change.copy()
    damp(change, zipf(), make_damping(np.eye(SIZE), steps=1e6, n_replicas=1))
    np.testing.assert_array_equal(change, before)


@pytest.mark.parametrize("coupling", [0.0, 0.8])
def test_merged_rows_are_those_of_the_reference(coupling):
    start, ends, exposures = problem(3, coupling=coupling)
    expected = reference.merged(start, ends, exposures, steps=2000.0)
    actual = merge_replicas(start, ends, exposures, steps=2000.0, balanced=False)
    for name, rows in actual.items():
        lengths = np.linalg.norm(sum(end[name] - start[name] for end in ends), axis=1)
        error = np.linalg.norm(rows - expected[name], axis=1)
        assert (error <= (TOLERANCE + 1e-4) * lengths).all()


def summed_drift(start, ends):
    return sum(reference.imbalance(end) - reference.imbalance(start) for end in ends)


def test_the_balance_reaches_its_target_and_changes_no_score():
    start, ends, exposures = problem(4, scale=0.3)
    damped = merge_replicas(start, ends, exposures, steps=2000.0, balanced=False)
    balanced = merge_replicas(start, ends, exposures, steps=2000.0)
    target, scale = reference.imbalance(start) + summed_drift(start, ends), np.linalg.norm(damped["input"]) ** 2
    assert np.linalg.norm(reference.imbalance(damped) - target) > 1e-2 * scale  # there is something to balance
    assert np.linalg.norm(reference.imbalance(balanced) - target) <= 1e-5 * scale
    scores, before = balanced["input"] @ balanced["output"].T, damped["input"] @ damped["output"].T
    assert np.abs(scores - before).max() <= 1e-5 * np.abs(before).max()
    assert np.abs(balanced["input"] - damped["input"]).max() > 1e-3


@pytest.mark.parametrize("factor", [1.0, 20.0, 1e4])
def test_the_drift_of_the_imbalance_is_limited_along_each_direction(factor):
    inputs, outputs, other = (rows_at_random(seed).astype(np.float64) for seed in (1, 2, 3))
    grams = {"input": inputs.T @ inputs, "output": outputs.T @ outputs}
    imbalance = grams["input"] - grams["output"]
    drift = factor * 1e-3 * (other.T @ other - 0.5 * grams["input"])
    limited = balance_target(grams, imbalance=imbalance, drift=drift) - imbalance
    total = grams["input"] + grams["output"]
    # eigenvalues of S^-1 drift are those of S^-1/2 drift S^-1/2
    shares, before = (np.linalg.eigvals(np.linalg.solve(total, change)).real for change in (limited, drift))
    np.testing.assert_allclose(np.sort(shares), np.sort(np.clip(before, -LARGEST_DRIFT, LARGEST_DRIFT)), atol=1e-9)
    if np.abs(before).max() <= LARGEST_DRIFT:
        np.testing.assert_allclose(limited, drift, atol=1e-9 * np.abs(total).max())


def test_what_all_replicas_drift_alike_does_not_explode():
    """Twenty replicas that double their outputs alike would count this drift twenty times."""
    start, ends, exposures = problem(2, scale=0.3)
    ends = [{"input": end["input"], "output": 2 * start["output"]} for end in ends] * 10
    damped = merge_replicas(start, ends, exposures, steps=2e4, balanced=False)
    balanced = merge_replicas(start, ends, exposures, steps=2e4)
    assert np.linalg.norm(balanced["output"]) < 1.5 * np.linalg.norm(damped["output"])


def merged_in_shards(start, ends, exposures, *, n_shards, steps):
    """Merge as several machines do, with rows that are views and cannot be written to."""

    def part(parameters, number):
        rows = {name: matrix[shard_rows(N_ROWS, n_shards)[number]] for name, matrix in parameters.items()}
        for matrix in rows.values():
            matrix.flags.writeable = False
        return rows

    shares = {name: exposure.shares for name, exposure in exposures.items()}
    shards = [ShardMerge(part(start, number), part(shares, number)) for number in range(n_shards)]
    parts = [shard.sum_changes([part(end, number) for end in ends]) for number, shard in enumerate(shards)]
    sums = {name: sum(part[name] for part in parts) for name in ("input", "output", "imbalance", "drift")}
    dampings = make_dampings(sums, exposures, steps=steps, n_replicas=len(ends))
    grams = [shard.damp(dampings) for shard in shards]
    total = {name: sum(part[name] for part in grams) for name in start}
    target = balance_target(total, imbalance=sums["imbalance"], drift=sums["drift"])
    balance = make_balance(total, target=target)
    rows = [shard.finish(balance) for shard in shards]
    whole = {name: np.empty_like(matrix) for name, matrix in start.items()}
    for number, shard in enumerate(shard_rows(N_ROWS, n_shards)):
        for name, matrix in whole.items():
            matrix[shard] = rows[number][name]
    return whole


@pytest.mark.parametrize("n_shards", [1, 2, 3, 8])
def test_shards_merge_as_the_whole_does(n_shards):
    """Their blocks have other rows, so what is left out as close to 1 differs."""
    start, ends, exposures = problem(4)
    expected = merge_replicas(start, ends, exposures, steps=2000.0)
    actual = merged_in_shards(start, ends, exposures, n_shards=n_shards, steps=2000.0)
    for name, rows in actual.items():
        lengths = np.linalg.norm(sum(end[name] - start[name] for end in ends), axis=1)
        assert (np.linalg.norm(rows - expected[name], axis=1) <= 2.5 * TOLERANCE * lengths).all()


def test_the_same_shards_merge_to_the_same_bits():
    first, second = (merged_in_shards(*problem(4), n_shards=3, steps=2000.0) for _ in range(2))
    for name, rows in first.items():
        np.testing.assert_array_equal(rows, second[name])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_moments_tell_that_a_row_is_not_finite(value):
    n_rows = SAMPLED_SHARD + 700
    start = {name: rows_at_random(1, n_rows=n_rows) for name in ("input", "output")}
    shares = {name: zipf(n_rows) for name in start}
    for row in (0, n_rows - 3, n_rows - 2, n_rows - 1):
        end = {name: rows.copy() for name, rows in start.items()}
        end["output"][row, 2] = value
        sums = ShardMerge(start, shares).sum_changes([start, end])
        assert np.isfinite(sums["input"]).all()
        assert not np.isfinite(sums["output"]).all()


def test_without_a_balance_nothing_is_summed_for_it():
    start, ends, exposures = problem(2)
    shard = ShardMerge(start, {name: exposure.shares for name, exposure in exposures.items()}, balanced=False)
    sums = shard.sum_changes(ends)
    assert set(sums) == {"input", "output"}
    assert shard.damp(make_dampings(sums, exposures, steps=1.0, n_replicas=2)) == {}


@pytest.mark.parametrize(
    ("inputs", "outputs", "target"),
    [
        (np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))),  # nothing is trained yet
        (np.eye(SIZE), np.zeros((SIZE, SIZE)), np.eye(SIZE)),  # the outputs are zeros
        (np.eye(SIZE), np.zeros((SIZE, SIZE)), -np.eye(SIZE)),  # out of reach
        (np.full((SIZE, SIZE), np.nan), np.eye(SIZE), np.eye(SIZE)),
        (np.eye(SIZE), np.eye(SIZE), np.full((SIZE, SIZE), np.inf)),
    ],
)
def test_a_balance_without_a_solution_is_left_out(inputs, outputs, target):
    assert make_balance({"input": inputs, "output": outputs}, target=target) is None


def test_a_balance_of_few_words_keeps_what_no_row_spans():
    """With fewer words than dimensions, Gram matrices have no inverse."""
    inputs, outputs = (rows_at_random(seed, n_rows=3).astype(np.float64) for seed in (1, 2))
    moved_inputs, moved_outputs = 1.1 * inputs, 0.8 * outputs
    target = inputs.T @ inputs - outputs.T @ outputs
    grams = {"input": moved_inputs.T @ moved_inputs, "output": moved_outputs.T @ moved_outputs}
    balance = make_balance(grams, target=target)
    assert balance is not None
    after_inputs, after_outputs = moved_inputs @ balance.input, moved_outputs @ balance.output
    np.testing.assert_allclose(after_inputs @ after_outputs.T, moved_inputs @ moved_outputs.T, rtol=1e-9)
    np.testing.assert_allclose(after_inputs.T @ after_inputs - after_outputs.T @ after_outputs, target, atol=1e-4)


def test_multiplying_changes_the_rows_in_place():
    rows = rows_at_random(7)
    factor = np.eye(SIZE) + 0.01 * np.random.default_rng(0).standard_normal((SIZE, SIZE))
    expected = rows.astype(np.float64) @ factor
    multiply(rows, factor)
    np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-6)
    assert not rows.base[:, SIZE:].any()
