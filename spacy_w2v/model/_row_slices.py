"""The blocks of rows in which a matrix is read."""

from collections.abc import Iterator

FLOATS_PER_BLOCK = 1_000_000
"""Size of the blocks: 4 MB of float32."""


def row_slices(n_rows: int, size: int) -> Iterator[slice]:
    """Yield slices that cover n_rows rows of length `size`, each with at most FLOATS_PER_BLOCK numbers."""
    n_at_a_time = max(1, FLOATS_PER_BLOCK // size)
    for start in range(0, n_rows, n_at_a_time):
        yield slice(start, min(start + n_at_a_time, n_rows))
