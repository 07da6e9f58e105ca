"""Confidence intervals of scores, by resampling the questions of a set.

Word pairs are resampled one by one. Analogies are not independent, since each word pair stands in many of them: the
19,544 questions of Google's set are made of 550 word pairs. Their word pairs are therefore resampled, and a question
counts as often as its two word pairs, multiplied (the pigeonhole bootstrap of Owen 2007, Annals of Applied
Statistics 1). Such intervals are rather too wide than too narrow.

All models answer the same questions in each resample. The interval of a difference is thus that of paired scores.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.evaluation._correlations import Numbers

N_RESAMPLES = 2000
MIN_UNITS = 10
"""Smallest number of word pairs for which an interval is given. With fewer, it would be misleading."""
CONFIDENCE = 0.95
SEED = 0
NUMBERS_AT_A_TIME = 1 << 21

Statistic = Callable[[Numbers], Numbers]
"""Takes how often each unit was drawn, float64[resamples, units], and returns float64[statistics, resamples]."""


class Intervals(NamedTuple):
    """95 % intervals of several statistics, NaN where there is none."""

    low: Numbers
    high: Numbers


def confidence_intervals(statistic: Statistic, n_units: int, *, size: int, method: str = "BCa") -> Intervals:
    """Return the 95 % intervals of statistics, by `scipy.stats.bootstrap` with a fixed seed.

    Args:
        statistic: Computes several statistics in each resample. NaN where one is undefined.
        n_units: Number of units to draw, with replacement, in each resample.
        size: How many numbers the statistic handles for each resample, which limits the resamples at a time.
        method: "BCa" (bias-corrected and accelerated, Efron 1987) or "percentile".
    """
    from scipy.stats import bootstrap

    def of_draws(draws: Offsets, axis: int) -> Numbers:  # units, which are on the last axis
        flat = draws.reshape(-1, draws.shape[-1]).astype(np.int64)
        first = np.arange(len(flat))[:, None] * n_units
        counts = np.bincount((flat + first).ravel(), minlength=len(flat) * n_units).reshape(-1, n_units)
        values = statistic(counts.astype(np.float64))
        return values.reshape(len(values), *draws.shape[:-1])

    n_statistics = len(statistic(np.ones((1, n_units))))
    none = np.full(n_statistics, np.nan)
    if n_units < MIN_UNITS:
        return Intervals(none, none)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of scipy, where all resamples are equal: there is no interval then
        found = bootstrap(
            (np.arange(n_units),),
            of_draws,
            n_resamples=N_RESAMPLES,
            batch=max(1, NUMBERS_AT_A_TIME // max(size, n_units)),
            vectorized=True,
            confidence_level=CONFIDENCE,
            method=method,
            random_state=np.random.default_rng(SEED),
        )
    low, high = (np.asarray(bound, np.float64) for bound in found.confidence_interval)
    is_constant = np.ptp(found.bootstrap_distribution, axis=-1) == 0
    return Intervals(np.where(is_constant, np.nan, low), np.where(is_constant, np.nan, high))


class RanksInResamples:
    """The ranks of some numbers in resamples, without sorting again."""

    def __init__(self, values: Numbers) -> None:
        """Sort the numbers.

        Args:
            values: float64[n].
        """
        _, self._place, counts = np.unique(values, return_inverse=True, return_counts=True)
        self._order = np.argsort(self._place, kind="stable")
        self._starts = np.cumsum(counts) - counts

    def centred(self, times: Numbers) -> Numbers:
        """Return the rank of each number less the mean rank. Equal numbers share the mean of their ranks.

        Args:
            times: How often each number is in a resample, float64[resamples, n].

        Returns:
            float64[resamples, n].
        """
        of_value = np.add.reduceat(times[:, self._order], self._starts, axis=1)
        last = np.cumsum(of_value, axis=1)
        ranks = last - (of_value - 1) / 2 - (last[:, -1:] + 1) / 2
        return np.take(ranks, self._place, axis=1)


def spearman_statistic(ratings: Numbers, cosines: Numbers) -> Statistic:
    """Return a statistic: Spearman's correlation of ratings and cosines for each model, then all differences.

    Args:
        ratings: float64[n].
        cosines: float64[k, n], for k models.
    """
    of_ratings, of_cosines = RanksInResamples(ratings), [RanksInResamples(row) for row in cosines]
    is_finite = np.isfinite(cosines).all(axis=1)

    def statistic(times: Numbers) -> Numbers:
        x = of_ratings.centred(times)
        weighted = x * times
        x_spread = np.einsum("rn,rn->r", weighted, x)
        found = np.empty((len(of_cosines), len(times)))
        for number, ranks in enumerate(of_cosines):
            y = ranks.centred(times)
            spread = np.sqrt(x_spread * np.einsum("rn,rn,rn->r", y, y, times))
            with np.errstate(invalid="ignore", divide="ignore"):  # of equal ranks, the correlation is undefined
                found[number] = np.einsum("rn,rn->r", weighted, y) / spread
        found[~is_finite] = np.nan  # as in `word_pair_score`
        return _with_differences(found)

    return statistic


def accuracy_statistic(solved: Numbers, sides: Offsets) -> Statistic:
    """Return a statistic: the share of analogies that each model solves, then all differences.

    Args:
        solved: 1 or 0, float64[k, n], for k models and n questions.
        sides: The two word pairs of each question, int64[2, n].
    """

    def statistic(times: Numbers) -> Numbers:
        weights = times[:, sides[0]] * times[:, sides[1]]
        with np.errstate(invalid="ignore", divide="ignore"):  # of no questions
            return _with_differences((weights @ solved.T / weights.sum(axis=1, keepdims=True)).T)

    return statistic


def pairs_of_models(n_models: int) -> list[tuple[int, int]]:
    """Return each two models, in the order in which their differences stand."""
    return [(first, second) for first in range(n_models) for second in range(first + 1, n_models)]


def _with_differences(scores: Numbers) -> Numbers:
    """Append the difference of each two rows, first minus second."""
    return np.array([*scores, *(scores[first] - scores[second] for first, second in pairs_of_models(len(scores)))])


def word_pairs_of(questions: Sequence[tuple[str, ...]]) -> Offsets:
    """Return the numbers of the two word pairs of each analogy, int64[2, n]. Case is ignored."""
    numbers: dict[tuple[str, str], int] = {}
    found = [
        [numbers.setdefault((one.upper(), other.upper()), len(numbers)) for one, other in ((a, b), (c, d))]
        for a, b, c, d in questions
    ]
    return np.array(found, np.int64).reshape(-1, 2).T
