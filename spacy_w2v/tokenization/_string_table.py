"""A table of distinct byte strings, numbered in order of appearance, with compiled loops."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Offsets

if TYPE_CHECKING:
    from spacy_w2v.tokenization.kernels._strings import Slices, StringIndex

FIRST_ROWS = 1 << 12
BYTES_PER_ROW = 16


class StringTable:
    """Distinct byte strings, one per row."""

    def __init__(self, strings: Iterable[str] = ()) -> None:
        self._index = _new_index(FIRST_ROWS, FIRST_ROWS * BYTES_PER_ROW)
        data = np.frombuffer("".join(f"{string}\n" for string in strings).encode(), np.uint8)
        if data.size:
            from spacy_w2v.tokenization.kernels._strings import hash_slices

            ends = np.flatnonzero(data == ord("\n"))
            self.rows(data, hash_slices(data, np.append(0, ends[:-1] + 1), ends))

    def __len__(self) -> int:
        return int(self._index.n_rows[0])

    @property
    def n_seen(self) -> Counts:
        """The number of lookups of each row."""
        return self._index.n_seen[: len(self)]

    @property
    def starts(self) -> Offsets:
        """The offset of each row in `text_from(0)`, and the end. Each row is followed by a line break."""
        return self._index.starts[: len(self) + 1]

    def rows(self, data: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the row of each slice of `data`, after adding new strings."""
        from spacy_w2v.tokenization.kernels._strings import look_up

        data = read_only(data)
        rows = np.empty(slices.starts.size, np.int32)
        done = look_up(data, slices, self._index, rows, 0, False)
        while done < rows.size:
            self._grow(int(slices.ends[done] - slices.starts[done]))
            done = look_up(data, slices, self._index, rows, done, False)
        return rows

    def find(self, data: NDArray[np.uint8], slices: "Slices") -> NDArray[np.int32]:
        """Return the row of each slice of `data`, or -1 if it is not in the table."""
        from spacy_w2v.tokenization.kernels._strings import look_up

        rows = np.empty(slices.starts.size, np.int32)
        look_up(read_only(data), slices, self._index, rows, 0, True)
        return rows

    def text_from(self, first: int) -> NDArray[np.uint8]:
        """Return the bytes of the rows from `first` on, with a line break after each: a view, valid until `rows`."""
        return self._index.text[self._index.starts[first] : self._index.starts[len(self)]]

    def strings_from(self, first: int) -> list[str]:
        """Return the rows from `first` on as strings. They must be UTF-8 without line breaks."""
        return self.text_from(first).tobytes().decode().split("\n")[:-1]

    def bytes_of(self, row: int) -> bytes:
        """Return the bytes of a row."""
        start, end = self._index.starts[row : row + 2]
        return self._index.text[start : end - 1].tobytes()

    def keep(self, rows: Offsets) -> None:
        """Keep only some rows, renumbered in this order. `n_seen` is halved, so that recent lookups count more."""
        old = self._index
        text, starts = selected(old.text, old.starts, rows)
        self._index = _new_index(max(rows.size, FIRST_ROWS), max(text.size, FIRST_ROWS * BYTES_PER_ROW))
        self._fill(old.hashes[rows], starts, text, old.n_seen[rows] // 2)

    def _grow(self, n_bytes: int) -> None:
        """Double the capacity, and reserve space for a new row of `n_bytes` bytes."""
        old, n_rows = self._index, len(self)
        self._index = _new_index(2 * old.hashes.size, 2 * old.text.size + n_bytes + 1)
        self._fill(old.hashes[:n_rows], old.starts[: n_rows + 1], old.text, old.n_seen[:n_rows])

    def _fill(self, hashes: NDArray[np.uint64], starts: Offsets, text: NDArray[np.uint8], n_seen: Counts) -> None:
        """Add rows to an empty index. r = rows.

        Args:
            hashes: The hash of each row: r.
            starts: The offset of each row in `text`, and the end: r + 1.
            text: The bytes of all rows, with a line break after each.
            n_seen: The number of lookups of each row: r.
        """
        from spacy_w2v.tokenization.kernels._strings import fill_slots

        index = self._index
        index.hashes[: hashes.size] = hashes
        index.starts[: starts.size] = starts
        index.text[: starts[-1]] = text[: starts[-1]]
        index.n_seen[: n_seen.size] = n_seen
        index.n_rows[0] = hashes.size
        fill_slots(index.slots, hashes)


def _new_index(n_rows: int, n_bytes: int) -> "StringIndex":
    """Return an empty index with a capacity of `n_rows` rows and `n_bytes` bytes of text."""
    from spacy_w2v.tokenization.kernels._strings import StringIndex

    n_slots = 1 << (2 * n_rows - 1).bit_length()  # at most half of them are used
    return StringIndex(
        slots=np.full(n_slots, -1, np.int32),
        hashes=np.empty(n_rows, np.uint64),
        starts=np.zeros(n_rows + 1, np.int64),
        text=np.empty(n_bytes, np.uint8),
        n_seen=np.zeros(n_rows, np.int64),
        n_rows=np.zeros(1, np.int64),
    )


_Array = TypeVar("_Array", bound=NDArray[Any])  # Any: arrays of any type


def read_only(array: _Array) -> _Array:
    """Return a read-only view. Kernels are compiled for read-only arrays, because Arrow's buffers are read-only."""
    view = array.view()
    view.flags.writeable = False
    return view


def selected(flat: NDArray, starts: Offsets, rows: Offsets) -> tuple[NDArray, Offsets]:  # type: ignore[type-arg]
    """Return some rows of a ragged array, and their offsets.

    Args:
        flat: The elements of all rows, of any type.
        starts: The offset of each row in `flat`, and the end.
        rows: The rows to return, in this order.
    """
    lengths = np.diff(starts)[rows]
    new_starts = np.concatenate(([0], np.cumsum(lengths)))
    return flat[np.repeat(starts[rows] - new_starts[:-1], lengths) + np.arange(new_starts[-1])], new_starts
