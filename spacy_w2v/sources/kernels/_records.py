"""The state of the scans, which find the records of a file in one pass, block by block."""

import numpy as np
from numpy.typing import NDArray

# Indices into the state of a scan between two blocks. The state is an array of integers.
LINE = 0  # the line of the next byte, counted from 1
STARTED = 1  # the line in which the incomplete record began
RECORD = 2  # the offset of that record in the pending bytes, or NONE
FAULT = 3  # one of the faults below if the scan has stopped, or 0
DEPTH = 4  # JSON: the number of open brackets
BASE = 5  # JSON: the depth of records: 1 in an array of records, otherwise 0
QUOTED = 6  # JSON: 1 within a string, ESCAPED after a backslash; CSV: 0, WITHIN or AFTER_QUOTE
BEFORE = 7  # JSON: the last byte that is not white space; CSV: 0 at the start of a field
FIELDS = 8  # CSV: the number of complete fields of the row
INSIDE = 9  # CSV: the number of separators within the open quotes
BREAKS = 10  # CSV: the number of line breaks within the open quotes
PENDING = 11  # CSV: the offset of the first of these, which may be the end of the row; NONE; or NO_END if it is not
PENDING_LINE = 12  # CSV: the line after PENDING
PENDING_FIELDS = 13  # CSV: the number of separators in that line, or NONE while it is empty
IS_BROKEN = 14  # CSV: whether the quotes end within a field of that line
REWIND = 15  # CSV: the offset at which the next scan must start, or NONE
STATE_SIZE = 16

NONE = -1
ESCAPED = 2
WITHIN = 1
AFTER_QUOTE = 2
NO_END = -2

TOO_DEEP = 1
NOT_AN_OBJECT = 2
BROKEN_STRING = 3
BROKEN_OBJECT = 4
OPEN_QUOTE = 5

TAB, NEWLINE, RETURN, SPACE, QUOTE, COMMA = (np.uint8(ord(mark)) for mark in '\t\n\r ",')


def start_of_file() -> NDArray[np.int64]:
    """Return the state of a scan at the start of a file."""
    state = np.zeros(STATE_SIZE, np.int64)
    state[LINE] = 1
    state[RECORD] = state[PENDING] = state[REWIND] = NONE
    return state
