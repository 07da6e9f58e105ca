"""The loops that find rows and fields in CSV."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inner, kernel
from spacy_w2v.sources.kernels._records import (
    BEFORE,
    BREAKS,
    FAULT,
    FIELDS,
    INSIDE,
    IS_BROKEN,
    LINE,
    NEWLINE,
    NO_END,
    NONE,
    OPEN_QUOTE,
    PENDING,
    PENDING_FIELDS,
    PENDING_LINE,
    QUOTE,
    QUOTED,
    RECORD,
    RETURN,
    REWIND,
    STARTED,
)


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
