"""Merging the changes of several replicas: the rule, against plain float64 and against what it promises."""

import numpy as np
import pytest
import reference_merging as reference

from spacy_w2v._arrays import Exposure
from spacy_w2v.merging._balance import make_balance, multiply
from spacy_w2v.merging._blocks import BLOCK_ROWS, shard_rows
from spacy_w2v.merging._damping import TOLERANCE, damp, factors, make_damping
from spacy_w2v.merging._merge import make_dampings, merge_changes
from spacy_w2v.merging._moments import curvature, gram, imbalance, imbalance_target, moments
from spacy_w2v.merging._shard import ShardMerge

N_ROWS, SIZE, PADDED = 1300, 12, 16


def rows_at_random(seed, *, n_rows=N_ROWS, scale=1.0):
    """Rows without padding: a view of a padded matrix, as the weights of a run are."""
    generator = np.random.default_rng(seed)
    padded = np.zeros((n_rows, PADDED), np.float32)
    padded[:, :SIZE] = scale * generator.standard_normal((n_rows, SIZE)) * np.linspace(0.2, 1.5, SIZE)
    return padded[:, :SIZE]


def zipf(n_rows=N_ROWS, total=1.0):
    shares = 1.0 / np.arange(1, n_rows + 1)
    return total * shares / shares.sum()


def problem(n_replicas, *, coupling=0.0, scale=0.05):
    start = {"input": rows_at_random(1), "output": rows_at_random(2)}
    changes = [
        {"input": rows_at_random(10 + k, scale=scale), "output": rows_at_random(20 + k, scale=scale)}
        for k in range(n_replicas)
    ]
    exposures = {"input": Exposure(zipf(), coupling), "output": Exposure(zipf(total=6.0), 0.0)}
    return start, changes, exposures


def test_factors_are_those_of_replicas_one_after_the_other():
    """On a quadratic, N contractions in a row end where the start plus the damped sum of the changes does."""
    for n_replicas in (1, 2, 8, 64):
        for progress in (0.0, 1e-12, 1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e300):
            left = np.exp(-progress)
            position = 1.0
            for _ in range(n_replicas):
                position *= left
            total = n_replicas * np.expm1(-progress)
            factor = float(factors(np.array([progress]), n_replicas)[0])
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
        parts = [gram(rows[shard]) for shard in shard_rows(N_ROWS, n_shards)]
        np.testing.assert_allclose(sum(parts), expected, rtol=0, atol=1e-6 * expected.max())


def test_shards_are_whole_blocks():
    for n_rows in (0, 1, BLOCK_ROWS, 5 * BLOCK_ROWS + 7):
        for n_shards in (1, 2, 3, 8):
            shards = shard_rows(n_rows, n_shards)
            assert len(shards) == n_shards
            assert [row for shard in shards for row in range(n_rows)[shard]] == list(range(n_rows))
            assert all(shard.start % BLOCK_ROWS == 0 or shard.start == n_rows for shard in shards)
            sizes = [shard.stop - shard.start for shard in shards]
            assert max(sizes) - min(sizes) <= 2 * BLOCK_ROWS


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
    start, changes, exposures = problem(3, coupling=coupling)
    expected = reference.merged(start, changes, exposures, steps=2000.0)
    actual = merge_changes(start, changes, exposures, steps=2000.0, balanced=False)
    for name, rows in actual.items():
        lengths = np.linalg.norm(rows - start[name], axis=1) + 1e-3
        error = np.linalg.norm(rows - expected[name], axis=1)
        assert (error <= 3 * TOLERANCE * lengths).all()  # the damped change may be shorter than the sum


def test_the_balance_reaches_its_target_and_changes_no_score():
    start, changes, exposures = problem(4, scale=0.3)
    damped = merge_changes(start, changes, exposures, steps=2000.0, balanced=False)
    balanced = merge_changes(start, changes, exposures, steps=2000.0)
    ends = [reference.imbalance({name: start[name] + change[name] for name in start}) for change in changes]
    target = reference.imbalance(start) + sum(end - reference.imbalance(start) for end in ends)
    scale = np.linalg.norm(gram(damped["input"]))
    assert np.linalg.norm(reference.imbalance(damped) - target) > 1e-2 * scale  # there is something to balance
    assert np.linalg.norm(reference.imbalance(balanced) - target) <= 1e-5 * scale
    scores, before = balanced["input"] @ balanced["output"].T, damped["input"] @ damped["output"].T
    assert np.abs(scores - before).max() <= 1e-5 * np.abs(before).max()
    assert np.abs(balanced["input"] - damped["input"]).max() > 1e-3


@pytest.mark.parametrize("n_shards", [1, 2, 3, 8])
def test_shards_merge_as_the_whole_does(n_shards):
    start, changes, exposures = problem(4)
    expected = merge_changes(start, changes, exposures, steps=2000.0)
    cuts = shard_rows(N_ROWS, n_shards)

    def part(parameters, shard):
        rows = {name: matrix[shard] for name, matrix in parameters.items()}
        for matrix in rows.values():
            matrix.flags.writeable = False
        return rows

    shards = [
        ShardMerge(part(start, cut), {name: exposure.shares[cut] for name, exposure in exposures.items()})
        for cut in cuts
    ]
    parts = [s.sum_changes([part(c, cut) for c in changes]) for s, cut in zip(shards, cuts, strict=True)]
    total = {name: sum(p[name] for p in parts) for name in start}
    dampings = make_dampings(total, exposures, steps=2000.0, n_replicas=4)
    grams = [s.damp(dampings) for s in shards]
    ends = [imbalance({name: start[name] + change[name] for name in start}) for change in changes]
    balance = make_balance(
        {name: sum(g[name] for g in grams) for name in start}, target=imbalance_target(imbalance(start), ends)
    )
    rows = [s.finish(balance) for s in shards]
    for name in start:
        actual = np.concatenate([r[name] for r in rows])
        np.testing.assert_allclose(actual, expected[name], rtol=0, atol=1e-6)


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
