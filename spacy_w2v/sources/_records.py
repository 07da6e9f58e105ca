"""Splits the blocks of a file into complete records, in linear time. The scans of `kernels` find the records."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import CorpusError

MAX_RECORD_BYTES = 256 << 20
"""The maximum size of a record. Reading takes some seven times its size: bytes, parser, string and batch."""

Scan = Callable[[NDArray[np.uint8], int, NDArray[np.int64], Offsets, Offsets], int]
"""A kernel, such as `scan_json`."""


class Records(NamedTuple):
    """Complete records of a file. n = records."""

    data: bytes
    """The bytes of the records."""
    starts: Offsets
    """The offset of the first byte of each record in `data`: n."""
    ends: Offsets
    """The offset after the last byte of each record: n."""
    position: int
    """The number of bytes of the file before `data`."""
    line: int
    """The line of the file in which `data` begins, counted from 1."""

    def line_of(self, offset: int) -> int:
        """Return the line of the file for an offset in `data`."""
        return self.line + self.data.count(b"\n", 0, max(offset, 0))

    def invalid_text(self, offset: int, *, name: str) -> str:
        """Return the message for a byte of `data` that is not valid UTF-8.

        Args:
            offset: The offset of the byte in `data`.
            name: The name of the file.
        """
        return (
            f"Text must be valid utf-8, but {name} has the byte 0x{self.data[offset]:02x} at position "
            f"{self.position + offset}, in line {self.line_of(offset)}. Correct the file, name its encoding, or set "
            'encoding_errors = "replace".'
        )


def whole_records(
    blocks: Iterable[bytes], scan: Scan, state: NDArray[np.int64], *, name: str, faults: dict[int, str]
) -> Iterator[Records]:
    """Yield the complete records of a file.

    Args:
        blocks: The blocks of the file.
        scan: The kernel that finds the records.
        state: The state of the scan, which is updated. At the end it shows whether the last record is incomplete.
        name: The name of the file, for errors.
        faults: The messages of faults, by the number that the scan stores in FAULT of the state.

    Raises:
        CorpusError: The scan finds a fault, or a record is longer than MAX_RECORD_BYTES. The message has the line.
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
            for entry in (RECORD, PENDING):
                if state[entry] >= 0:
                    state[entry] -= end
        else:
            parts.append(block)
            offset += len(block)
            if state[RECORD] == NONE:  # bytes between records are not needed
                parts, position, line, offset = [], position + offset, int(state[LINE]), 0
        if state[FAULT]:
            raise CorpusError(_fault(state, name, faults))
        if offset > MAX_RECORD_BYTES:
            raise CorpusError(
                f"A record must have at most {MAX_RECORD_BYTES >> 20} MiB, but {name} has a longer one, which begins "
                f"in line {state[STARTED]}. Split it into several records."
            )


def _fault(state: NDArray[np.int64], name: str, faults: dict[int, str]) -> str:
    """Return the message for the fault in the state of a scan; see `whole_records` for the arguments."""
    from spacy_w2v.sources.kernels._records import FAULT, LINE, NONE, RECORD, STARTED

    text = f"{name} {faults[int(state[FAULT])]}, line {state[LINE]}."
    if state[RECORD] != NONE and state[STARTED] != state[LINE]:
        text += f" It belongs to the record that begins in line {state[STARTED]}."
    return text
