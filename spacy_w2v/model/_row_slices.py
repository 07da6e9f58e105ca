"""The blocks of rows in which a matrix is read."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors

FLOATS_PER_BLOCK = 1_000_000
"""Size of the blocks: 4 MB of float32."""

Rows = slice | NDArray[np.int64] | int
"""The rows that an index names."""


def row_slices(n_rows: int, size: int) -> Iterator[slice]:
    """Yield slices that cover n_rows rows of length `size`, each with at most FLOATS_PER_BLOCK numbers."""
    n_at_a_time = max(1, FLOATS_PER_BLOCK // size)
    for start in range(0, n_rows, n_at_a_time):
        yield slice(start, min(start + n_at_a_time, n_rows))


def computed_in_blocks(rows: Rows, compute: Callable[[Rows], Vectors], *, shape: tuple[int, int]) -> Vectors:
    """Return rows of a matrix that are computed on access.

    Many rows are computed in blocks, so that intermediate results take little memory beside the rows themselves.

    Args:
        rows: The rows.
        compute: Computes some of them, float32.
        shape: Number of rows and columns of the matrix.
    """
    n_rows, size = shape
    wanted: range | NDArray[np.int64] = range(n_rows)[rows] if isinstance(rows, slice) else np.asarray(rows)
    if isinstance(wanted, np.ndarray) and wanted.dtype == np.bool_:
        wanted = np.flatnonzero(wanted)
    if (isinstance(wanted, np.ndarray) and wanted.ndim != 1) or len(wanted) * size <= FLOATS_PER_BLOCK:
        return compute(rows)
    computed = np.empty((len(wanted), size), np.float32)
    for some in row_slices(len(wanted), size):
        part = wanted[some]
        computed[some] = compute(_as_slice(part) if isinstance(part, range) else part)
    return computed


def _as_slice(rows: range) -> slice:
    """Return the slice of the same rows, of which there is at least one."""
    return slice(rows.start, rows.stop if rows.stop >= 0 else None, rows.step)
