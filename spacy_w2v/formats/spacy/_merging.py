"""Which frequent word a rare word is most like, so that it can share its vector."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import ConfigError

BLOCK_FLOATS = 4_000_000
"""Similarities that are held at a time: 16 MB."""


def nearest_kept(vectors: Vectors, n_kept: int) -> NDArray[np.int64]:
    """Return for each row from n_kept on the row before n_kept with the highest cosine, or -1 for a vector of zeros.

    vectors: n × d, the most frequent first. Of rows that are equally near, the first. Exact: each is compared with all
    that are kept, in blocks, so that memory is bounded but for one copy of the kept vectors. Raises ConfigError for
    numbers that are not finite.
    """
    kept = _normalized(vectors[:n_kept], first=0)
    usable = kept.any(axis=1)
    nearest = np.full(len(vectors) - n_kept, -1, np.int64)
    if not usable.any():
        return nearest
    n_rows = max(1, BLOCK_FLOATS // n_kept)
    for start in range(n_kept, len(vectors), n_rows):
        rare = _normalized(vectors[start : start + n_rows], first=start)
        similarities = rare @ kept.T
        similarities[:, ~usable] = -np.inf
        rows = similarities.argmax(axis=1)
        nearest[start - n_kept : start - n_kept + len(rare)] = np.where(rare.any(axis=1), rows, -1)
    return nearest


class KeptKeys(NamedTuple):
    """What becomes of the keys of a table of which only the first rows are kept."""

    places: NDArray[np.int64]
    """Of the keys that have a row, in the order in which spaCy is to have them."""
    rows: NDArray[np.int64]
    """The row of each of these."""


def keep_first(rows: NDArray[np.int64], vectors: Vectors, n_kept: int, *, merge_rare: bool) -> KeptKeys:
    """Return the keys that stay where the first rows of a table are kept.

    Args:
        rows: The row of each key.
        vectors: All rows, as for `nearest_kept`.
        n_kept: How many rows are kept.
        merge_rare: Whether keys of other rows get that of `nearest_kept`, but those of zeros; else they go. They come
            first, so that the last key of a row, by which spaCy names it, is its own word.
    """
    is_kept = rows < n_kept
    own = np.flatnonzero(is_kept)
    if not merge_rare:
        return KeptKeys(own, rows[own])
    rare = np.flatnonzero(~is_kept)
    merged = nearest_kept(vectors, n_kept)[rows[rare] - n_kept]
    found = merged >= 0
    return KeptKeys(np.concatenate((rare[found], own)), np.concatenate((merged[found], rows[own])))


def _normalized(vectors: Vectors, *, first: int) -> Vectors:
    """Return vectors of length 1, as float32; those of zeros stay. first: the row of the first one, for errors."""
    largest = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float32)
    if not np.isfinite(largest).all():
        row = first + int(np.flatnonzero(~np.isfinite(largest))[0])
        raise ConfigError(
            f"merge_rare needs vectors of finite numbers, but that of the word at rank {row:,}, from 0, has others."
        )
    # by the largest number first: squares of large and of small ones are beyond float32
    scaled: Vectors = np.divide(vectors, largest, out=np.zeros(vectors.shape, np.float32), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    np.divide(scaled, norms, out=scaled, where=norms > 0)
    return scaled
