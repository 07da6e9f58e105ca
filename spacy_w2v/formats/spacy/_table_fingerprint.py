"""Fingerprints of spaCy's vectors tables: their shape, and checksums of some rows."""

import zlib
from typing import Annotated, Any

import numpy as np
from pydantic import Field, NonNegativeInt
from thinc.util import to_numpy

from spacy_w2v.model._blocks import Block

ROWS_SAMPLED = 64


class TableFingerprint(Block):
    """The shape of a vectors table and checksums of some rows, which identify the table.

    The component saves it in its meta.json.
    """

    n_rows: NonNegativeInt
    vector_size: NonNegativeInt
    checksums: Annotated[tuple[NonNegativeInt, ...], Field(strict=False)]  # a list in JSON
    """A checksum for each of some rows that are spread over the table."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and dimensions."""
        return self.n_rows, self.vector_size

    def matches(self, other: "TableFingerprint") -> bool:
        """Return whether two tables have the same shape and at least half of the sampled rows are equal.

        Some rows may change, for instance by `Vocab.set_vector`.
        """
        n_same = sum(mine == theirs for mine, theirs in zip(self.checksums, other.checksums, strict=False))
        return self.shape == other.shape and 2 * n_same >= len(self.checksums)


def fingerprint_of(table: Any, *, n_rows: int | None = None) -> TableFingerprint:  # Any: spaCy's Vectors has no types
    """Return the fingerprint of a table, or of its first n_rows."""
    n_rows = min(len(table.data), len(table.data) if n_rows is None else n_rows)
    sampled = np.unique(np.linspace(0, max(n_rows - 1, 0), min(n_rows, ROWS_SAMPLED)).astype(np.int64))
    checksums = tuple(zlib.crc32(row.tobytes()) for row in to_numpy(table.data[sampled]))
    return TableFingerprint(n_rows=n_rows, vector_size=int(table.shape[1]), checksums=checksums)
