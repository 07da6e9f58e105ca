"""The loops that find records in JSON, and rows and fields in CSV, in one pass for records of any length."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inner, kernel

# The state of a scan between two blocks of a file is an array of these.
LINE = 0  # the line of the next byte, counted from 1
STARTED = 1  # the line in which the incomplete record began
RECORD = 2  # where that record began, in bytes from the start of the waiting bytes, or NONE
FAULT = 3  # one of the faults below, if the scan has stopped
DEPTH = 4  # JSON: the number of open brackets
BASE = 5  # JSON: the depth of records, 1 within an array of all records
QUOTED = 6  # JSON: 1 within a string, ESCAPED after a backslash; CSV: 1 within a quoted field, 2 after a quote in it
BEFORE = 7  # JSON: the last byte that is not white space; CSV: 0 at the start of a field
FIELDS = 8  # CSV: the number of complete fields of the row
INSIDE = 9  # CSV: the number of separators within the open quotes
BREAKS = 10  # CSV: the number of line breaks within the open quotes
PENDING = 11  # CSV: the first of these, where the row may have ended, or NONE, or NO_END if it is known not to have
PENDING_LINE = 12  # CSV: the line after PENDING
PENDING_FIELDS = 13  # CSV: the number of separators in that line, or NONE as long as it is empty
IS_BROKEN = 14  # CSV: whether the quotes end within a field of that line
REWIND = 15  # CSV: where the next scan has to start, or NONE
STATE_SIZE = 16

NONE = -1
ESCAPED = 2
NO_END = -2

TOO_DEEP = 1
NOT_AN_OBJECT = 2
BROKEN_STRING = 3
BROKEN_OBJECT = 4
OPEN_QUOTE = 5

MAX_DEPTH = 500
"""Parsers of JSON are recursive, and crash at some 100,000 levels."""

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
    """Write where objects start and end, and return how many have ended.

    Objects may be one per line, over several lines, side by side, or in arrays. At something that a parser must not
    see, the scan stops and sets FAULT.

    Args:
        data: The next block of the file.
        offset: The number of bytes that were scanned before, and wait for the end of their record.
        state: The state of the scan, which is updated.
        starts: Room for data.size / 2 + 1 objects.
        ends: Room for as many.
    """
    line, depth, base = state[LINE], state[DEPTH], state[BASE]
    quoted, before = state[QUOTED], state[BEFORE]
    n_records = 0
    for i in range(data.size):
        byte = data[i]
        if quoted:
            quoted = _after_byte_of_string(byte, quoted)
            if quoted == NONE:
                state[FAULT] = BROKEN_STRING
                break
            continue
        if byte == NEWLINE:
            line += 1
            continue
        if byte in (SPACE, TAB, RETURN):
            continue
        if byte in (OPEN_BRACE, OPEN_BRACKET):
            state[FAULT] = _fault_of_opening(byte, depth, base, before)
            if state[FAULT]:
                break
            if depth == base and byte == OPEN_BRACKET:
                base = 1
            elif depth == base:
                state[RECORD] = offset + i
                state[STARTED] = line
            depth += 1
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
    state[QUOTED], state[BEFORE] = quoted, before
    return n_records


@inner
def _after_byte_of_string(byte: int, quoted: int) -> int:
    """Return QUOTED after a byte of a string of JSON, or NONE if strings must not have the byte."""
    if quoted == ESCAPED:
        return 1
    if byte == BACKSLASH:
        return ESCAPED
    if byte == QUOTE:
        return 0
    return NONE if byte == NEWLINE else 1


@inner
def _fault_of_opening(byte: int, depth: int, base: int, before: int) -> int:
    """Return the fault of an opening bracket of JSON, or 0."""
    if depth == base:
        return NOT_AN_OBJECT if byte == OPEN_BRACKET and depth == 1 else 0
    if before != COLON and before != COMMA and before != OPEN_BRACKET:
        return BROKEN_OBJECT
    return TOO_DEEP if depth == MAX_DEPTH else 0


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
    """Write where rows of CSV start and end, and return how many have ended; empty rows are skipped.

    A quoted field may contain separators, line breaks, and doubled quotes. If other text follows the closing quote, the
    field ends at the next separator, as in pandas; over several lines this is the fault OPEN_QUOTE. Most programs write
    .tsv files without quotes. So with n_columns > 0, quotes in such a field are ordinary characters. The same holds for
    a field whose quote is not closed in its line, if this line and the next one have all columns. If that field began
    in an earlier block, the next scan has to start at REWIND.

    Args:
        data: The next block of the file.
        offset: The number of bytes that were scanned before, and wait for the end of their record.
        state: The state of the scan, which is updated.
        starts: Room for data.size + 1 rows.
        ends: Room for as many.
        separator: The character between fields.
        n_columns: The number of columns of a .tsv file, or 0.
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
            if pending_fields + 1 == n_columns:  # this line is a row too: the quote is ordinary
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
        if quoted == 2:  # after a quote within quotes
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
    """Copy one field of each row, without its quotes. r = rows.

    Args:
        data: The rows.
        starts: Where each row starts: r.
        ends: Where each row ends: r.
        separator: The character between fields.
        is_literal: Whether a quote that is not closed is an ordinary character, as in `scan_rows` with n_columns.
        column: The number of the field.
        out: Room for all of `data`, to which the fields are written.
        offsets: Room for the offsets of the fields in `out`: r + 1.
        missing: Set where a row has too few columns: r.
    """
    place = 0
    offsets[0] = 0
    for row in range(starts.size):
        i, end = starts[row], ends[row]
        if end > i and data[end - 1] == RETURN:  # which an open quote hid from the scan
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
    """Return where the quote at `start` is closed by one that is not doubled, or NONE."""
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
    """Return where a field ends: at a separator, or at the end of the row."""
    i = start
    if start < end and data[start] == QUOTE:
        close = _closing_quote(data, start, end)
        closes = close != NONE and (close + 1 == end or data[close + 1] == separator)
        if closes or (close != NONE and not is_literal):
            i = close + 1
    while i < end and data[i] != separator:
        i += 1
    return i
