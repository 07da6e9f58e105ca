"""Blocks of rows: the unit in which rows are read, multiplied and summed, and at whose edges shards are cut."""

from collections.abc import Iterator
from itertools import pairwise

BLOCK_ROWS = 512
"""Rows of a block. With 300 dimensions a block is 0.6 MB, and stays in the cache from one product to the next."""


def shard_rows(n_rows: int, n_shards: int) -> list[slice]:
    """Return the rows of each shard: consecutive, as equal in number as whole blocks allow.

    Shards of few rows may be empty.

    Args:
        n_rows: Number of rows of a matrix.
        n_shards: Number of shards, at least 1.
    """
    n_blocks = -(-n_rows // BLOCK_ROWS)
    cuts = [min(n_rows, BLOCK_ROWS * (n_blocks * k // n_shards)) for k in range(n_shards + 1)]
    return [slice(first, last) for first, last in pairwise(cuts)]


def blocks_of(n_rows: int) -> Iterator[slice]:
    """Yield the rows of each block of a shard with n_rows rows."""
    for first in range(0, n_rows, BLOCK_ROWS):
        yield slice(first, min(first + BLOCK_ROWS, n_rows))
