"""Compiled loops over the rows of words: how often they are used, how much words share them, and their mean."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds, Vectors
from spacy_w2v._jit import inlined, kernel

NO_ROW = np.uint32(0xFFFFFFFF)
"""The row of a bucket that was never trained. It counts as a row of zeros."""


@kernel
def add_uses(
    offsets: Offsets,
    rows: TokenIds,
    weights: NDArray[np.float64],
    uses: NDArray[np.float64],
    is_used: NDArray[np.bool_],
) -> None:
    """Add the weight of each word to the uses of its rows.

    Args:
        offsets: v + 1; the boundaries of the words in `rows`.
        rows: The rows of all words.
        weights: v; the weight of each word, such as its count.
        uses: The sum of the weights of each row, which is updated.
        is_used: Whether any word has the row, which is updated. The weight of a word may be 0.
    """
    for word in range(offsets.size - 1):
        for place in range(offsets[word], offsets[word + 1]):
            uses[rows[place]] += weights[word]
            is_used[rows[place]] = True


@kernel
def fill_rows(
    offsets: Offsets,
    buckets: TokenIds,
    row_of_bucket: TokenIds,
    own_rows: NDArray[np.int64],
    new_offsets: Offsets,
    rows: TokenIds,
) -> None:
    """Write the rows of words: the own row if there is one, then those of the buckets.

    Args:
        offsets: n + 1; the boundaries of the words in `buckets`.
        buckets: The buckets of all words.
        row_of_bucket: The row of each bucket, or NO_ROW.
        own_rows: n; the own row of each word, or -1.
        new_offsets: n + 1; filled with the boundaries of the words in `rows`.
        rows: Filled with the rows of all words.
    """
    new_offsets[0] = 0
    end = 0
    for word in range(offsets.size - 1):
        if own_rows[word] >= 0:
            rows[end] = own_rows[word]
            end += 1
        for place in range(offsets[word], offsets[word + 1]):
            rows[end] = row_of_bucket[buckets[place]]
            end += 1
        new_offsets[word + 1] = end


@kernel
def shared_change(
    offsets: Offsets,
    rows: TokenIds,
    shares: NDArray[np.float64],
    changed: NDArray[np.float64],
    taken: NDArray[np.float64],
) -> float:
    """Return the expected share of a change of one word's vector that the vector of another token takes.

    A change of the vector of word a is added whole to each of its rows, so a row with m(a) places in a takes it m(a)
    times. The vector of word b is the mean of its n(b) rows, so it changes by the sum over rows of m(a) m(b) / n(b).
    The words a and b are drawn independently by their shares.

    Args:
        offsets: v + 1; the boundaries of the words in `rows`.
        rows: The rows of all words. NO_ROW stands for a row of zeros, which nothing changes.
        shares: v; the probability of each word.
        changed: One float64 zero per row.
        taken: One float64 zero per row.
    """
    for word in range(offsets.size - 1):
        n_rows = offsets[word + 1] - offsets[word]
        for place in range(offsets[word], offsets[word + 1]):
            if rows[place] != NO_ROW:
                changed[rows[place]] += shares[word]
                taken[rows[place]] += shares[word] / n_rows
    total = 0.0
    for row in range(changed.size):
        total += changed[row] * taken[row]
    return total


@inlined
def add_row(matrix, row, vector):
    """Add a row of a matrix to a vector."""
    for i in range(vector.size):
        vector[i] += matrix[row, i]


@kernel
def mean_rows(offsets: Offsets, rows: TokenIds, matrix: Vectors, vectors: Vectors) -> None:
    """Write the mean of the rows of each word. A word without rows has the zero vector.

    Args:
        offsets: n + 1; the boundaries of the words in `rows`.
        rows: The rows of all words. NO_ROW stands for a row of zeros.
        matrix: float32; the rows.
        vectors: float32[n, d]; the output. `matrix` may have more columns.
    """
    for word in range(offsets.size - 1):
        start, end = offsets[word], offsets[word + 1]
        vectors[word] = np.float32(0)
        for place in range(start, end):
            if rows[place] != NO_ROW:
                add_row(matrix, rows[place], vectors[word])
        if end > start:
            vectors[word] *= np.float32(1) / np.float32(end - start)
