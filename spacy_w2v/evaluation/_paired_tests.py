"""Tests of whether one model's score is higher than another's by more than chance, on the same questions.

If two models were equally good, their answers to a question could be exchanged. A test therefore exchanges them at
random, and asks how often the difference of the scores is then at least as large as the one observed. It is a paired
permutation test, also called a randomization test.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.evaluation._correlations import Numbers, average_ranks

N_PERMUTATIONS = 10_000
MAX_UNITS_FOR_ALL = 13
"""Largest number of units for which all exchanges are tried: there are 8,192 of 13. The test is then exact."""
SEED = 1
NUMBERS_AT_A_TIME = 1 << 21
TOLERANCE = 1e-9
"""Differences that are as close as this are equal: they are sums of the same numbers in another order."""


def p_value_of_correlations(ratings: Numbers, first: Numbers, second: Numbers) -> float:
    """Return the p-value of the difference of two rank correlations with the same ratings, in [0, 1].

    What is exchanged is the rank of the cosine of a pair among all cosines of a model, since the cosines of two models
    are not on one scale. The statistic is the difference of the two correlations of ranks.

    Args:
        ratings: float64[n].
        first: The cosines of the first model, float64[n].
        second: The cosines of the second model, float64[n].
    """
    gold, one, other = (_centred(average_ranks(values)) for values in (ratings, first, second))
    # of the ranks after exchanges, a sum is that before plus the sum of the changes
    changes = np.stack([(other - one) * gold, other - one, other**2 - one**2], axis=1)
    n = len(gold)

    def difference(exchanged: Numbers) -> Numbers:
        product, total, square = (exchanged @ changes).T
        of_first = (one @ gold + product) / np.sqrt(one @ one + square - total**2 / n)
        of_second = (other @ gold - product) / np.sqrt(other @ other - square - total**2 / n)
        found: Numbers = (of_first - of_second) / np.sqrt(gold @ gold)
        return found

    with np.errstate(invalid="ignore", divide="ignore"):  # after an exchange, all ranks of a model may be equal
        observed = abs(float(difference(np.zeros((1, n)))[0]))
        return _p_value(observed, (abs(difference(some)) for some in _exchanges(n)))


def p_value_of_accuracies(first: Numbers, second: Numbers, *, sides: Offsets) -> float:
    """Return the p-value of the difference of two shares of solved analogies, in [0, 1].

    Questions that share a word pair are not independent, so the signs of word pairs are drawn, not those of questions.
    With a sign s, 1 or -1, for each word pair, a question of the pairs i and j with the difference d counts
    (s_i + s_j) d. The sum over all questions is scaled to the variance that the sum of differences has if any two of
    them may depend on each other that share a word pair (Aronow, Samii & Assenova 2015, Political Analysis 23). The
    test is not exact. In simulations, equal models differed in at most 5 % of cases, and with fewer than 50 word pairs
    in fewer: a difference within a single section must be large to be clear.

    Args:
        first: 1 or 0 for each question, float64[n].
        second: As `first`, for the second model.
        sides: The two word pairs of each question, int64[2, n].
    """
    differences = first - second
    units, places = np.unique(sides, return_inverse=True)
    places = places.reshape(sides.shape)
    of_units = np.bincount(places.ravel(), weights=np.tile(differences, 2), minlength=len(units))
    low, high = np.sort(places, axis=0)  # a question and its converse share both word pairs
    _, couple = np.unique(low * len(units) + high, return_inverse=True)
    of_couples = np.bincount(couple, weights=differences)
    square = float(of_units @ of_units)  # it has the square of each couple twice
    scale = float(np.sqrt(max(0.5, 1 - float(of_couples @ of_couples) / square))) if square else 1.0
    sums = (abs((1 - 2 * some) @ of_units) * scale for some in _exchanges(len(units)))
    return _p_value(abs(float(differences.sum())), sums)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests, adjusted so that one of them all is below 0.05 by chance in 5 % of cases.

    The method is that of Holm (1979, Scandinavian Journal of Statistics 6).
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    found = np.minimum(1, np.maximum.accumulate(np.asarray(p_values)[order] * factors))
    values = np.empty(len(p_values))
    values[order] = found
    return [float(value) for value in values]


def _exchanges(n_units: int) -> Iterator[NDArray[np.float64]]:
    """Yield which units are exchanged, 1 or 0: all possibilities, or N_PERMUTATIONS at random. float64[·, n_units]."""
    if n_units <= MAX_UNITS_FOR_ALL:
        yield (np.arange(1 << n_units)[:, None] >> np.arange(n_units) & 1).astype(np.float64)
        return
    yield np.zeros((1, n_units))  # no exchange, as observed: a p-value is never 0
    generator = np.random.default_rng(SEED)
    at_a_time = max(1, NUMBERS_AT_A_TIME // n_units)
    for start in range(1, N_PERMUTATIONS, at_a_time):
        n_rows = min(at_a_time, N_PERMUTATIONS - start)
        yield generator.integers(2, size=(n_rows, n_units), dtype=np.int8).astype(np.float64)


def _p_value(observed: float, differences: Iterator[Numbers]) -> float:
    """Return the share of differences that are at least as large as the one observed. NaN counts as large."""
    n_large = n_all = 0
    for some in differences:
        n_large += int(np.count_nonzero(~(some < observed - TOLERANCE)))
        n_all += len(some)
    return n_large / n_all


def _centred(values: Numbers) -> Numbers:
    centred: Numbers = values - values.mean()
    return centred
