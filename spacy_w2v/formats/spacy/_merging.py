"""The most similar frequent word of each rare word, whose vector the rare word can share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._postprocessed_matrix import Matrix
from spacy_w2v.model._row_slices import row_slices

BLOCK_FLOATS = 4_000_000
"""Similarities in memory at a time: 16 MB."""


def nearest_kept(vectors: Matrix, n_kept: int, *, order: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Find the most similar kept row for each row that is removed.

    The search is exact. It compares each removed row with all kept rows, in blocks of limited size. The kept rows are
    in memory, normalized.

    Args:
        vectors: Vectors, float32 or float16, rows × d.
        n_kept: How many rows are kept.
        order: The n rows that count, the most frequent words first; None for all in their order.

    Returns:
        For each row from n_kept on, the kept row with the highest cosine similarity, the first of equals. It is -1 for
        vectors of zeros.

    Raises:
        ConfigError: Vectors have numbers that are not finite.
    """
    n, size = len(vectors) if order is None else len(order), vectors.shape[1]
    kept = np.empty((n_kept, size), np.float32)
    for some in row_slices(n_kept, size):
        kept[some] = _normalized(vectors, some, order=order)
    usable = kept.any(axis=1)
    nearest = np.full(n - n_kept, -1, np.int64)
    if not usable.any():
        return nearest
    n_rows = max(1, BLOCK_FLOATS // max(n_kept, size))
    for start in range(n_kept, n, n_rows):
        rare = _normalized(vectors, slice(start, start + n_rows), order=order)
        similarities = rare @ kept.T
        similarities[:, ~usable] = -np.inf
        rows = similarities.argmax(axis=1)
        nearest[start - n_kept : start - n_kept + len(rare)] = np.where(rare.any(axis=1), rows, -1)
    return nearest


class KeptKeys(NamedTuple):
    """The keys that remain if only the first rows of a table are kept."""

    places: NDArray[np.int64]
    """Positions of the remaining keys, in the order of the new table."""
    rows: NDArray[np.int64]
    """The row of each of them."""


def keep_first_rows(
    rows: NDArray[np.int64],
    vectors: Matrix,
    n_kept: int,
    *,
    merge_rare: bool,
    order: NDArray[np.int64] | None = None,
) -> KeptKeys:
    """Return the keys that remain if the first rows of a table are kept.

    Args:
        rows: The row of each key, in `order`.
        vectors: All vectors, as for `nearest_kept`.
        n_kept: How many rows are kept.
        order: As for `nearest_kept`.
        merge_rare: Whether keys of removed rows are mapped to the row of `nearest_kept`, unless their vector is zero.
            Otherwise they are removed. Mapped keys come first, so that the last key of a row, which spaCy takes as
            its name, is its own word.
    """
    is_kept = rows < n_kept
    own = np.flatnonzero(is_kept)
    if not merge_rare:
        return KeptKeys(own, rows[own])
    rare = np.flatnonzero(~is_kept)
    merged = nearest_kept(vectors, n_kept, order=order)[rows[rare] - n_kept]
    found = merged >= 0
    return KeptKeys(np.concatenate((rare[found], own)), np.concatenate((merged[found], rows[own])))


def _normalized(matrix: Matrix, some: slice, *, order: NDArray[np.int64] | None) -> Vectors:
    """Return vectors normalized to length 1, as float32. Vectors of zeros are unchanged.

    Args:
        matrix: All vectors.
        some: Their ranks by frequency.
        order: As for `nearest_kept`.

    Raises:
        ConfigError: A number is not finite.
    """
    vectors = matrix[some if order is None else order[some]]
    largest = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float32)
    if not np.isfinite(largest).all():
        rank = some.start + int(np.flatnonzero(~np.isfinite(largest))[0])
        raise ConfigError(
            f"merge_rare needs vectors of finite numbers, but that of the word at rank {rank:,} (from 0) is not."
        )
    # divided by the largest number first, because squares may overflow or underflow in float32
    scaled: Vectors = np.divide(vectors, largest, out=np.zeros(vectors.shape, np.float32), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    np.divide(scaled, norms, out=scaled, where=norms > 0)
    return scaled
