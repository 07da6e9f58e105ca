"""Confidence intervals and paired tests beside plain implementations, and how often they are right."""

import itertools

import numpy as np
import pytest
from scipy.stats import bootstrap, pearsonr, rankdata, spearmanr

from spacy_w2v.evaluation import _paired_tests, _resampling
from spacy_w2v.evaluation._paired_tests import adjusted, p_value_of_accuracies, p_value_of_correlations
from spacy_w2v.evaluation._resampling import (
    RanksInResamples,
    accuracy_statistic,
    confidence_intervals,
    spearman_statistic,
    word_pairs_of,
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# intervals


def test_ranks_in_resamples_are_those_of_the_drawn_numbers():
    values = np.round(normal(40), 1)  # with ties
    draws = np.random.default_rng(1).integers(40, size=(20, 40))
    times = np.array([np.bincount(each, minlength=40) for each in draws], float)
    actual = RanksInResamples(values).centred(times)
    for number, drawn in enumerate(draws):
        expected = rankdata(values[drawn])
        assert actual[number, drawn] == pytest.approx(expected - expected.mean(), abs=1e-12)


def test_vectors_that_are_not_finite_have_no_correlation():
    """As in `evaluate`: their cosines have no ranks."""
    cosines = normal(2, 30, seed=1)
    cosines[1, 4] = np.nan
    statistic = spearman_statistic(normal(30), cosines)
    assert np.isfinite(statistic(np.ones((1, 30)))).ravel().tolist() == [True, False, False]
    low, high = confidence_intervals(statistic, 30, size=30)
    assert np.isfinite(low).tolist() == np.isfinite(high).tolist() == [True, False, False]


def test_intervals_of_correlations_are_those_of_scipy(monkeypatch):
    """The same seed draws the same pairs, whose correlations are computed here without sorting them again."""
    monkeypatch.setattr(_resampling, "N_RESAMPLES", 300)
    ratings, cosines = np.round(normal(60), 1), normal(2, 60, seed=1) + np.round(normal(60), 1)
    low, high = confidence_intervals(spearman_statistic(ratings, cosines), 60, size=60)

    def plain(places, statistic):
        return np.apply_along_axis(statistic, -1, places)

    expected = [
        lambda drawn: spearmanr(ratings[drawn], cosines[0][drawn]).statistic,
        lambda drawn: spearmanr(ratings[drawn], cosines[1][drawn]).statistic,
        lambda drawn: expected[0](drawn) - expected[1](drawn),
    ]
    for number, statistic in enumerate(expected):
        found = bootstrap(
            (np.arange(60),),
            lambda places, axis, statistic=statistic: plain(places, statistic),
            n_resamples=300,
            vectorized=True,
            method="BCa",
            random_state=np.random.default_rng(_resampling.SEED),
        ).confidence_interval
        assert (low[number], high[number]) == pytest.approx((found.low, found.high), abs=1e-9)


def test_a_resampled_analogy_counts_as_often_as_both_of_its_word_pairs():
    questions = [("a", "b", "c", "d"), ("C", "D", "a", "b"), ("a", "b", "e", "f"), ("e", "f", "c", "d")]
    sides = word_pairs_of(questions)
    assert sides.tolist() == [[0, 1, 0, 2], [1, 0, 2, 1]]
    solved = np.array([[1, 0, 0, 1], [0, 0, 1, 1]], float)
    times = np.array([2, 1, 0]), np.array([0, 1, 2]), np.array([3, 0, 0])
    actual = accuracy_statistic(solved, sides)(np.array(times, float))
    assert actual[:, 0].tolist() == [0.5, 0, 0.5]  # of the pairs 0, 0 and 1: the first two questions, twice each
    assert actual[:, 1].tolist() == [1, 1, 0]
    assert np.isnan(actual[:, 2]).all()  # of one pair alone there is no question


def test_intervals_need_some_questions_and_some_variation():
    few = confidence_intervals(spearman_statistic(normal(9), normal(1, 9, seed=1)), 9, size=9)
    assert np.isnan([few.low, few.high]).all()
    sides = np.array(list(itertools.permutations(range(12), 2))).T
    solved = np.stack([np.zeros(sides.shape[1]), normal(sides.shape[1]) > 0])
    low, high = confidence_intervals(accuracy_statistic(solved, sides), 12, size=12, method="percentile")
    assert np.isnan([low[0], high[0]]).all()  # no question solved: all resamples are equal
    assert 0 < low[1] < 0.5 < high[1] < 1


def test_intervals_of_correlations_contain_the_true_value_in_95_of_100_cases(monkeypatch):
    """Of a bivariate normal distribution, Spearman's correlation is known (Moran 1948)."""
    monkeypatch.setattr(_resampling, "N_RESAMPLES", 400)
    generator, n_cases, correlation = np.random.default_rng(4), 200, 0.6
    expected = 6 / np.pi * np.arcsin(correlation / 2)
    hits = zeros = 0
    for _ in range(n_cases):
        ratings, *noise = generator.normal(size=(3, 60))
        cosines = np.array([correlation * ratings + np.sqrt(1 - correlation**2) * each for each in noise])
        low, high = confidence_intervals(spearman_statistic(ratings, cosines), 60, size=60)
        hits += low[0] <= expected <= high[0]
        zeros += low[2] <= 0 <= high[2]
    # within 3 standard errors of 0.95, 0.046, and the known shortfall of the bootstrap for 60 pairs
    assert 0.88 < hits / n_cases < 0.99
    assert 0.88 < zeros / n_cases < 0.99


def dyadic_answers(generator, sides, *, spread):
    """Whether two models that are equally good solve questions, whose word pairs are easy or difficult."""
    n_pairs = sides.max() + 1
    ease = generator.normal(size=n_pairs) * 0.7 + generator.normal(size=(2, n_pairs)) * 0.7
    logits = -0.3 + spread * (ease[:, sides[0]] + ease[:, sides[1]])
    return (generator.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)


def test_intervals_and_tests_of_analogies_allow_for_shared_word_pairs(monkeypatch):
    """Resampling questions one by one would contain the true value in half of the cases."""
    monkeypatch.setattr(_resampling, "N_RESAMPLES", 300)
    monkeypatch.setattr(_paired_tests, "N_PERMUTATIONS", 500)
    sides = np.array(list(itertools.permutations(range(25), 2))).T
    generator, n_cases = np.random.default_rng(5), 200
    ease = generator.normal(size=(2, 200_000)) * np.sqrt(0.98)
    expected = float(np.mean(1 / (1 + np.exp(0.3 - ease.sum(axis=0)))))
    hits = naive_hits = rejected = 0
    for _ in range(n_cases):
        solved = dyadic_answers(generator, sides, spread=1)
        low, high = confidence_intervals(
            accuracy_statistic(solved, sides), 25, size=sides.shape[1], method="percentile"
        )
        hits += low[0] <= expected <= high[0]
        error = 1.96 * solved[0].std() / np.sqrt(solved[0].size)
        naive_hits += abs(solved[0].mean() - expected) <= error
        rejected += p_value_of_accuracies(solved[0], solved[1], sides=sides) < 0.05
    assert 0.87 < hits / n_cases <= 1
    assert naive_hits / n_cases < 0.7
    assert rejected / n_cases < 0.1  # 0.05, and 3 standard errors


# paired tests


def exact_p_value(ratings, first, second):
    """Try all exchanges of the ranks of two models."""
    gold, one, other = (rankdata(values) for values in (ratings, first, second))

    def difference(is_exchanged):
        left, right = np.where(is_exchanged, other, one), np.where(is_exchanged, one, other)
        return pearsonr(gold, left).statistic - pearsonr(gold, right).statistic

    found = [abs(difference(np.array(each))) for each in itertools.product([False, True], repeat=len(ratings))]
    return np.mean(np.array(found) >= found[0] - 1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_few_pairs_have_the_exact_p_value(seed):
    ratings, first, second = normal(3, 7, seed=seed)
    expected = exact_p_value(ratings, ratings + 0.5 * first, second)
    assert p_value_of_correlations(ratings, ratings + 0.5 * first, second) == expected


def test_random_exchanges_come_near_the_exact_p_value():
    ratings, first, second = normal(3, 13)
    exact = p_value_of_correlations(ratings, ratings + first, second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_paired_tests, "MAX_UNITS_FOR_ALL", 0)
        estimated = p_value_of_correlations(ratings, ratings + first, second)
    assert estimated == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / _paired_tests.N_PERMUTATIONS))


def test_models_that_answer_alike_do_not_differ():
    ratings, cosines = normal(2, 30)
    assert p_value_of_correlations(ratings, cosines, cosines) == 1
    assert p_value_of_correlations(ratings, cosines, 3 * cosines + 1) == 1  # the same ranks
    solved, sides = np.ones(20), np.arange(40).reshape(2, 20)
    assert p_value_of_accuracies(solved, solved, sides=sides) == 1


def test_equal_models_differ_in_5_of_100_cases(monkeypatch):
    monkeypatch.setattr(_paired_tests, "N_PERMUTATIONS", 500)
    generator, n_cases = np.random.default_rng(6), 400
    rejected = 0
    for _ in range(n_cases):
        ratings, shared, *noise = generator.normal(size=(4, 60))
        first, second = (ratings + shared + each for each in noise)
        rejected += p_value_of_correlations(ratings, first, second) < 0.05
    assert 0.02 < rejected / n_cases < 0.085  # within 3 standard errors of 0.05


def plain_p_value_of_accuracies(first, second, sides):
    """Multiply each question by the signs of its word pairs, for all signs."""
    d, n_pairs = first - second, int(sides.max()) + 1
    shares = (sides[0][:, None] == sides[0]) | (sides[0][:, None] == sides[1])
    shares |= (sides[1][:, None] == sides[0]) | (sides[1][:, None] == sides[1])
    variance = sum(d[i] * d[j] for i, j in itertools.product(range(len(d)), repeat=2) if shares[i, j])
    signs = np.array(list(itertools.product([1, -1], repeat=n_pairs)))
    sums = np.array([sum((s[i] + s[j]) * each for i, j, each in zip(*sides, d, strict=True)) for s in signs])
    scale = np.sqrt(max(0.5, variance / np.mean(sums**2)))
    return np.mean(abs(sums) * scale >= abs(d.sum()) - 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_signs_of_word_pairs_give_sums_the_variance_of_dependent_questions(seed):
    sides = np.array(list(itertools.permutations(range(6), 2))).T
    generator = np.random.default_rng(seed)
    first, second = (generator.random((2, sides.shape[1])) < [[0.7], [0.4]]).astype(float)
    expected = plain_p_value_of_accuracies(first, second, sides)
    assert p_value_of_accuracies(first, second, sides=sides) == expected


def test_a_better_model_is_told_from_a_worse_one():
    of_section = np.array(list(itertools.permutations(range(12), 2))).T
    sides = np.concatenate([of_section + 12 * section for section in range(6)], axis=1)
    generator = np.random.default_rng(0)
    first, second = (generator.random((2, sides.shape[1])) < [[0.55], [0.45]]).astype(float)
    assert p_value_of_accuracies(first, second, sides=sides) < 0.01
    assert p_value_of_accuracies(second, first, sides=sides) == p_value_of_accuracies(first, second, sides=sides)


def test_p_values_are_adjusted_by_holm():
    """The example is Holm's method by hand: 0.01 × 4, 0.02 × 3, 0.03 × 2, and not less than those before."""
    assert adjusted([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert adjusted([0.5, 0.9]) == [1, 1]
    assert adjusted([0.2]) == [0.2]
    assert adjusted([]) == []
