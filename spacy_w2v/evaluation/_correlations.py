"""Rank and linear correlations, many at a time."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def average_ranks(values: Numbers) -> Numbers:
    """Return the rank of each number, from 1 for the smallest. Equal numbers share the mean of their ranks.

    It is the method "average" of `scipy.stats.rankdata`, which loads much more than these lines.

    Args:
        values: float64[n].

    Returns:
        float64[n].
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # the largest rank among equal numbers
    ranks: Numbers = (last - (counts - 1) / 2)[places]
    return ranks


def correlation(left: Numbers, right: Numbers) -> float | None:
    """Return Pearson's correlation of two rows of numbers, in [-1, 1].

    Args:
        left: float64[n].
        right: float64[n].

    Returns:
        The correlation, or None where it is undefined: fewer than two numbers, equal numbers in a row, NaN or infinity.
    """
    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    left, right = left - left.mean(), right - right.mean()
    value = float(left @ right / (np.linalg.norm(left) * np.linalg.norm(right)))
    return min(1.0, max(-1.0, value)) if np.isfinite(value) else None
