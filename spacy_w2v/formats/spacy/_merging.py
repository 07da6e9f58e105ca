"""Which frequent word a rare word is most like, so that it can share its vector."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import ConfigError

Key = TypeVar("Key", bound=Hashable)

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


def keys_of_kept(key_rows: Mapping[Key, int], n_kept: int) -> dict[Key, int]:
    """Return the keys of the rows before n_kept, with their rows."""
    return {key: row for key, row in key_rows.items() if row < n_kept}


def merged_keys(key_rows: Mapping[Key, int], vectors: Vectors, n_kept: int) -> dict[Key, int]:
    """Return the keys of all rows, those from n_kept on with the row of `nearest_kept`; vectors: as there.

    These come first, so that the last key of a row, by which spaCy names it, is its own word. Those of zeros are left
    out.
    """
    nearest = nearest_kept(vectors, n_kept).tolist()
    rare = {key: nearest[row - n_kept] for key, row in key_rows.items() if row >= n_kept}
    return {key: row for key, row in rare.items() if row >= 0} | keys_of_kept(key_rows, n_kept)


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
