"""Joins blocks of a file to whole records, which the scans of `kernels` find, in linear time."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import CorpusError

MAX_RECORD_BYTES = 256 << 20
"""A record is kept in memory some seven times: as bytes, by the parser, as a string, and as part of a batch."""

Scan = Callable[[NDArray[np.uint8], int, NDArray[np.int64], Offsets, Offsets], int]
"""A kernel, such as `scan_json`."""


class Records(NamedTuple):
    """Some whole records of a file. n = records."""

    data: bytes
    starts: Offsets
    """The first byte of each in `data`: n."""
    ends: Offsets
    """The byte after the last one of each: n."""
    position: int
    """The number of bytes of the file before `data`."""
    line: int
    """The line of the file in which `data` begins, counted from 1."""

    def line_of(self, place: int) -> int:
        """Return the line of the file that a byte of `data` is in."""
        return self.line + self.data.count(b"\n", 0, max(place, 0))

    def invalid_text(self, place: int, *, name: str) -> str:
        """Return the message for a byte of `data` that is not valid UTF-8.

        Args:
            place: The byte.
            name: The name of the file.
        """
        return (
            f"Text must be valid utf-8, but {name} has the byte 0x{self.data[place]:02x} at position "
            f"{self.position + place}, in line {self.line_of(place)}. Correct the file, name its encoding, or set "
            'encoding_errors = "replace".'
        )


def whole_records(
    blocks: Iterable[bytes], scan: Scan, state: NDArray[np.int64], *, name: str, faults: dict[int, str]
) -> Iterator[Records]:
    """Join blocks to whole records.

    Args:
        blocks: The blocks of the file.
        scan: The kernel that finds the records.
        state: The state of the scan, which is updated. At the end it shows whether a record is incomplete.
        name: The name of the file.
        faults: The messages of errors, by the number in FAULT of the state.

    Raises:
        CorpusError: The scan finds a fault, or a record is longer than MAX_RECORD_BYTES. It names the line.
    """
    from spacy_w2v.sources.kernels._records import FAULT, LINE, NONE, PENDING, RECORD, REWIND, STARTED

    parts: list[bytes] = []
    offset = position = 0
    line = 1
    remaining = iter(blocks)
    again: bytes | None = None
    while (block := next(remaining, None) if again is None else again) is not None:
        starts, ends = np.empty(len(block) + 1, np.int64), np.empty(len(block) + 1, np.int64)
        n_records = scan(np.frombuffer(block, np.uint8), offset, state, starts, ends)
        again = None
        if n_records:
            rewind = int(state[REWIND])
            end = int(ends[n_records - 1]) if rewind == NONE else rewind
            data = b"".join([*parts, block]) if parts else block
            records = Records(data[:end], starts[:n_records], ends[:n_records], position, line)
            line = records.line_of(end)
            yield records
            parts, offset, position = [data[end:]], len(data) - end, position + end
            if rewind != NONE:
                again, parts, offset = data[end:], [], 0
                state[REWIND] = NONE
            for place in (RECORD, PENDING):
                if state[place] >= 0:
                    state[place] -= end
        else:
            parts.append(block)
            offset += len(block)
            if state[RECORD] == NONE:  # what is between records is not needed
                parts, position, line, offset = [], position + offset, int(state[LINE]), 0
        if state[FAULT]:
            raise CorpusError(_fault(state, name, faults))
        if offset > MAX_RECORD_BYTES:
            raise CorpusError(
                f"A record must have at most {MAX_RECORD_BYTES >> 20} MiB, but {name} has a longer one, which begins "
                f"in line {state[STARTED]}. Split it into several."
            )


def _fault(state: NDArray[np.int64], name: str, faults: dict[int, str]) -> str:
    from spacy_w2v.sources.kernels._records import FAULT, LINE, NONE, RECORD, STARTED

    text = f"{name} {faults[int(state[FAULT])]}, line {state[LINE]}."
    if state[RECORD] != NONE and state[STARTED] != state[LINE]:
        text += f" It belongs to the record that begins in line {state[STARTED]}."
    return text
