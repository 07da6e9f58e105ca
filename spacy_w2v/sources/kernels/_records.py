"""The loops that find records in JSON and rows and fields in CSV: one pass, whatever the length of a record."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inner, kernel

# Where a scan stands, as an array of these; it goes on with the next block of a file.
LINE = 0  # of the next byte, from 1 on
STARTED = 1  # line in which the record began that is not yet complete
RECORD = 2  # where it began, in bytes from the start of what has not been handed on; NONE
FAULT = 3  # one of those below; the scan has stopped
DEPTH = 4  # of JSON: open brackets
BASE = 5  # of JSON: depth of records, 1 within an array of all
QUOTED = 6  # within a string of JSON (1), or a quoted field (1) or behind a quote in it (2)
ESCAPED = 7  # of JSON: behind a backslash
BEFORE = 8  # the last byte that is not white space (JSON), or within the row (CSV: 0 at the start of a field)
FIELDS = 9  # of CSV: fields of the row that are complete
INSIDE = 10  # of CSV: separators within the open quotes
BREAKS = 11  # of CSV: line breaks within them
PENDING = 12  # of CSV: the first of them, where the row may have ended; NONE, or NO_END once that is known
PENDING_LINE = 13  # of CSV: the line behind it
PENDING_FIELDS = 14  # of CSV: separators in that line; NONE as long as it is empty
IS_BROKEN = 15  # of CSV: whether the quotes end within a field of that line
REWIND = 16  # of CSV: where the next scan has to begin again; NONE
STATE_SIZE = 17

NONE = -1
NO_END = -2

TOO_DEEP = 1
NOT_AN_OBJECT = 2
BROKEN_STRING = 3
BROKEN_OBJECT = 4
OPEN_QUOTE = 5

MAX_DEPTH = 500
"""Parsers of JSON call themselves for each level, and end in a crash at some 100,000."""

TAB, NEWLINE, RETURN, SPACE, QUOTE, COMMA = (np.uint8(ord(mark)) for mark in '\t\n\r ",')
COLON, BACKSLASH = np.uint8(ord(":")), np.uint8(ord("\\"))
OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET = (np.uint8(ord(mark)) for mark in "{}[]")


def start_of_file() -> NDArray[np.int64]:
    """Return the state of a scan at the start of a file."""
    state = np.zeros(STATE_SIZE, np.int64)
    state[LINE] = 1
    state[RECORD] = state[PENDING] = state[REWIND] = NONE
    return state


@kernel
def scan_json(data: NDArray[np.uint8], offset: int, state: NDArray[np.int64], starts: Offsets, ends: Offsets) -> int:
    """Write where objects start and end, and return how many have ended; `starts` of them begin behind `offset`.

    Objects may stand on a line each, over several lines, side by side, or in arrays. `offset`: bytes that have been
    scanned and wait for the end of their record. There is room for data.size / 2 + 1 objects. Sets FAULT of the state
    and stops at what no parser should see.
    """
    line, depth, base = state[LINE], state[DEPTH], state[BASE]
    quoted, escaped, before = state[QUOTED], state[ESCAPED], state[BEFORE]
    n_records = 0
    for i in range(data.size):
        byte = data[i]
        if quoted:
            if escaped:
                escaped = 0
            elif byte == BACKSLASH:
                escaped = 1
            elif byte == QUOTE:
                quoted = 0
            elif byte == NEWLINE:
                state[FAULT] = BROKEN_STRING
                break
            continue
        if byte == NEWLINE:
            line += 1
            continue
        if byte in (SPACE, TAB, RETURN):
            continue
        if byte in (OPEN_BRACE, OPEN_BRACKET):
            if depth == base:
                if byte == OPEN_BRACKET:
                    if depth == 1:
                        state[FAULT] = NOT_AN_OBJECT
                        break
                    base = 1
                else:
                    state[RECORD] = offset + i
                    state[STARTED] = line
            elif before != COLON and before != COMMA and before != OPEN_BRACKET:
                state[FAULT] = BROKEN_OBJECT
                break
            depth += 1
            if depth > MAX_DEPTH:
                state[FAULT] = TOO_DEEP
                break
        elif byte in (CLOSE_BRACE, CLOSE_BRACKET):
            depth -= 1
            if depth < 0:
                state[FAULT] = NOT_AN_OBJECT
                break
            if depth < base:
                base = 0
            elif depth == base:
                starts[n_records] = state[RECORD]
                ends[n_records] = offset + i + 1
                state[RECORD] = NONE
                n_records += 1
        elif depth == base:
            if byte != COMMA:
                state[FAULT] = NOT_AN_OBJECT
                break
        elif byte == QUOTE:
            if before != COLON and before != COMMA and before != OPEN_BRACKET and before != OPEN_BRACE:
                state[FAULT] = BROKEN_OBJECT
                break
            quoted = 1
        before = byte
    state[LINE], state[DEPTH], state[BASE] = line, depth, base
    state[QUOTED], state[ESCAPED], state[BEFORE] = quoted, escaped, before
    return n_records


@kernel
def scan_rows(
    data: NDArray[np.uint8],
    offset: int,
    state: NDArray[np.int64],
    starts: Offsets,
    ends: Offsets,
    separator: int,
    n_columns: int,
) -> int:
    """Write where rows of CSV start and end, and return how many have ended; empty ones are skipped.

    A field in quotes may hold separators, line breaks, and quotes that are doubled. One that begins with a quote and
    has another one within, without a separator behind, ends at the next separator, as pandas reads it; over lines this
    is the fault OPEN_QUOTE. n_columns > 0 (of .tsv files, which most programs write without quotes): such a field is
    taken as it stands. So is one that nothing closes in its line, if this line has all columns, and the next one too;
    if that one began in an earlier block, REWIND is where to go on. There is room for data.size + 1 rows.
    """
    line, quoted, before = state[LINE], state[QUOTED], state[BEFORE]
    fields, inside, breaks, record = state[FIELDS], state[INSIDE], state[BREAKS], state[RECORD]
    pending, pending_fields = state[PENDING], state[PENDING_FIELDS]
    n_rows = 0
    i = 0
    while i < data.size:
        byte = data[i]
        is_break = byte in (NEWLINE, RETURN)
        if record == NONE and not is_break:
            record, fields, before, quoted, pending = offset + i, 0, 0, 0, NONE
            state[STARTED] = line
        if not is_break and pending_fields == NONE:
            pending_fields = 0
        if pending >= 0 and pending_fields >= 0 and (byte == NEWLINE or (is_break and quoted != 1)):
            if pending_fields + 1 == n_columns:  # this line is a row like the one before: the quote encloses nothing
                starts[n_rows] = record
                ends[n_rows] = pending
                n_rows += 1
                line, record, quoted = state[PENDING_LINE], NONE, 0
                i = pending + 1 - offset
                pending = NONE
                if i < 0:
                    state[REWIND] = offset + i
                    break
                continue
            if state[IS_BROKEN]:
                state[FAULT] = OPEN_QUOTE
                break
            pending = NO_END
        i += 1
        if byte == separator:
            pending_fields += 1
        if quoted == 2:  # behind a quote within quotes
            if byte == QUOTE:
                quoted = 1
                continue
            if not (is_break or byte == separator) and breaks > 0:
                if pending < 0:
                    state[FAULT] = OPEN_QUOTE
                    break
                state[IS_BROKEN] = 1
                quoted = 1
                continue
            if not (is_break or byte == separator) and n_columns:
                fields += inside
            quoted = 0
        elif quoted == 1:
            if byte == QUOTE:
                quoted = 2
            elif byte == separator:
                inside += 1
            elif byte == NEWLINE:
                breaks += 1
                line += 1
                if n_columns and breaks == 1 and fields + inside + 1 == n_columns:
                    pending, pending_fields = offset + i - 1, NONE
                    state[PENDING_LINE], state[IS_BROKEN] = line, 0
            continue
        if is_break:
            line += byte == NEWLINE
            if record != NONE:
                starts[n_rows] = record
                ends[n_rows] = offset + i - 1
                n_rows += 1
                record = NONE
        elif byte == separator:
            fields += 1
            before = 0
        else:
            if byte == QUOTE and before == 0:
                quoted, inside, breaks = 1, 0, 0
            before = 1
    state[LINE], state[QUOTED], state[BEFORE] = line, quoted, before
    state[FIELDS], state[INSIDE], state[BREAKS], state[RECORD] = fields, inside, breaks, record
    state[PENDING], state[PENDING_FIELDS] = pending, pending_fields
    return n_rows


@kernel
def copy_fields(
    data: NDArray[np.uint8],
    starts: Offsets,
    ends: Offsets,
    separator: int,
    is_literal: bool,
    column: int,
    out: NDArray[np.uint8],
    offsets: Offsets,
    missing: NDArray[np.bool_],
) -> None:
    """Copy one field of each row to `out`, which has room for all of `data`, without its quotes. r = rows.

    offsets: r + 1, written. missing: r, set where a row has fewer columns. is_literal: a quote that nothing closes is
    a mark like any other, as `scan_rows` takes it with n_columns.
    """
    place = 0
    offsets[0] = 0
    for row in range(starts.size):
        i, end = starts[row], ends[row]
        if end > i and data[end - 1] == RETURN:  # where a quote that encloses nothing hid it
            end -= 1
        for _ in range(column):
            i = _end_of_field(data, i, end, separator, is_literal) + 1
            if i > end:
                break
        missing[row] = i > end
        if i <= end:
            stop = _end_of_field(data, i, end, separator, is_literal)
            close = _closing_quote(data, i, end) if i < end and data[i] == QUOTE else NONE
            if close != NONE and (not is_literal or close + 1 == stop):
                i += 1
                while i < close:
                    out[place] = data[i]
                    place += 1
                    i += 2 if data[i] == QUOTE else 1
                i = close + 1
            while i < stop:
                out[place] = data[i]
                place += 1
                i += 1
        offsets[row + 1] = place


@inner
def _closing_quote(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Return where the quote at `start` is closed, by one that is not doubled; NONE."""
    i = start + 1
    while i < end:
        if data[i] == QUOTE:
            if i + 1 == end or data[i + 1] != QUOTE:
                return i
            i += 1
        i += 1
    return NONE


@inner
def _end_of_field(data: NDArray[np.uint8], start: int, end: int, separator: int, is_literal: bool) -> int:
    """Return where the field that starts there ends: at a separator, or at the end of the row."""
    i = start
    if start < end and data[start] == QUOTE:
        close = _closing_quote(data, start, end)
        closes = close != NONE and (close + 1 == end or data[close + 1] == separator)
        if closes or (close != NONE and not is_literal):
            i = close + 1
    while i < end and data[i] != separator:
        i += 1
    return i
