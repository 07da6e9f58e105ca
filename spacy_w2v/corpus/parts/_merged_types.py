"""Merges the types of parts, as Arrow columns, with compiled loops: some millions of types in a second."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.corpus._arrow_files import TYPES_SCHEMA
from spacy_w2v.corpus._bounded_counts import BoundedCounts
from spacy_w2v.tokenization._string_table import StringTable

BETWEEN = b"\xff"
"""The byte between the text and the key of a type. It does not occur in UTF-8."""


class MergedTypes:
    """The types of parts, in order of first appearance, with their counts."""

    def __init__(self, max_types: int | None):
        """Create an empty table.

        Args:
            max_types: As for `BoundedCounts`.
        """
        self.counted = BoundedCounts(max_types)
        """The ids and counts."""
        self._table = StringTable()

    def add(self, types: pa.RecordBatch) -> TokenIds:
        """Add types with their counts, and return the id of each.

        Args:
            types: The types, without duplicates: columns orth, key and count, without nulls.
        """
        from spacy_w2v.tokenization.kernels._strings import hash_slices

        columns = [types.column(name).cast(pa.large_binary()) for name in ("orth", "key")]
        joined = pc.binary_join_element_wise(*columns, pa.scalar(BETWEEN, pa.large_binary()))
        _, offsets, data = joined.buffers()
        places = np.frombuffer(offsets, np.int64)[joined.offset : joined.offset + len(joined) + 1]
        content = np.frombuffer(data, np.uint8)
        rows = self._table.rows(content, hash_slices(content, places[:-1].copy(), places[1:].copy()))
        counts = types.column("count").to_numpy()
        ids = self.counted.add(rows.astype(np.int64), counts, n_types=len(self._table))
        while self.counted.is_too_large:
            self._table.keep(self.counted.drop_rarest())
        return ids

    def types(self) -> pa.Table:
        """Return all types, with the columns of `read_types`."""
        text, starts = self._table.text_from(0), self._table.starts
        places = np.flatnonzero(text == ord(BETWEEN))
        orths, keys = _strings(text, starts[:-1], places), _strings(text, places + 1, starts[1:] - 1)
        columns = {"id": self.counted.ids, "orth": orths, "key": keys, "count": self.counted.counts}
        return pa.table(columns, schema=TYPES_SCHEMA)


def _strings(text: NDArray[np.uint8], starts: Offsets, ends: Offsets) -> pa.LargeStringArray:
    """Return slices of UTF-8 as strings.

    Args:
        text: The bytes.
        starts: The offset of the first byte of each slice, increasing.
        ends: The offset after the last byte of each slice.
    """
    changes = np.zeros(text.size + 1, np.int8)
    changes[starts] += 1
    changes[ends] -= 1
    data = text[np.cumsum(changes[:-1], dtype=np.int8).view(np.bool_)]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - starts)])
    return pa.LargeStringArray.from_buffers(starts.size, pa.py_buffer(offsets), pa.py_buffer(data))
