"""The compiled loops that find the rows and fields of a CSV file."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inner, kernel
from spacy_w2v.sources.kernels._records import (
    AFTER_QUOTE,
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
    WITHIN,
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
    """Find the rows that end in a block. Empty rows are skipped.

    A quoted field may contain separators, line breaks, and doubled quotes. If other text follows the closing quote, the
    field ends at the next separator, as in pandas. If the quotes contain line breaks, this is the fault OPEN_QUOTE.

    Most programs write TSV files without quotes. So with n_columns > 0, quotes in such a field are ordinary characters.
    If a quote is not closed in its line, it is also an ordinary character, provided that this line and the next one
    have all columns. If that field began in an earlier block, the next scan must start at REWIND.

    Args:
        data: The next block of the file.
        offset: The number of pending bytes before the block, whose row has not ended.
        state: The state of the scan, which is updated.
        starts: The output for the offsets of the rows, with space for data.size + 1.
        ends: The output for the offsets after the rows, with the same space.
        separator: The character between fields.
        n_columns: The number of columns of a TSV file, or 0.

    Returns:
        The number of rows that have ended.
    """
    is_mark = _marks(separator)
    n_rows = i = 0
    while i < data.size and not state[FAULT]:
        byte, place = data[np.uint64(i)], offset + i
        if byte not in (NEWLINE, RETURN):
            _continue_row(state, place)
        elif _ends_line_after_quote(state, byte):
            if state[PENDING_FIELDS] + 1 == n_columns:  # this line is a complete row, so the quote is ordinary
                starts[n_rows], ends[n_rows] = state[RECORD], state[PENDING]
                n_rows += 1
                i = _end_row_before_quote(state) - offset
                if i < 0:
                    state[REWIND] = offset + i
                    break
                continue
            if state[IS_BROKEN]:
                state[FAULT] = OPEN_QUOTE
                break
            state[PENDING] = NO_END
        if _ends_row(state, byte, place, separator, n_columns):
            starts[n_rows], ends[n_rows] = state[RECORD], place
            n_rows += 1
            state[RECORD] = NONE
        i += 1
        if not is_mark[byte]:  # further bytes of text do not change the state
            while i < data.size and not is_mark[data[np.uint64(i)]]:  # unsigned: no test for i < 0
                i += 1
    return n_rows


@inner
def _marks(separator: int) -> NDArray[np.bool_]:
    """Return for each of the 256 bytes whether it can end a field or is a quote."""
    is_mark = np.zeros(256, np.bool_)
    is_mark[separator] = is_mark[NEWLINE] = is_mark[RETURN] = is_mark[QUOTE] = True
    return is_mark


@inner
def _continue_row(state: NDArray[np.int64], place: int) -> None:
    """Continue a row, or begin one, with a byte that is not a line break, and mark the line as not empty."""
    if state[RECORD] == NONE:
        state[RECORD], state[STARTED] = place, state[LINE]
        state[FIELDS] = state[BEFORE] = state[QUOTED] = 0
        state[PENDING] = NONE
    if state[PENDING_FIELDS] == NONE:
        state[PENDING_FIELDS] = 0


@inner
def _ends_line_after_quote(state: NDArray[np.int64], byte: int) -> bool:
    """Return whether a line break ends the first nonempty line after a line with an open quote."""
    if state[PENDING] < 0 or state[PENDING_FIELDS] < 0:
        return False
    return byte == NEWLINE or state[QUOTED] != WITHIN


@inner
def _end_row_before_quote(state: NDArray[np.int64]) -> int:
    """End the row at the first line break in its open quotes, and return the offset of the next row."""
    start = state[PENDING] + 1
    state[LINE], state[RECORD], state[QUOTED], state[PENDING] = state[PENDING_LINE], NONE, 0, NONE
    return start


@inner
def _ends_row(state: NDArray[np.int64], byte: int, place: int, separator: int, n_columns: int) -> bool:
    """Update the state with a byte, and return whether the byte ends a row.

    Args:
        state: The state of the scan.
        byte: The byte.
        place: Its offset.
        separator: The character between fields.
        n_columns: The number of columns of a TSV file, or 0.
    """
    state[PENDING_FIELDS] += byte == separator
    if state[QUOTED] == WITHIN:
        _read_within_quotes(state, byte, place, separator, n_columns)
        return False
    if state[QUOTED] == AFTER_QUOTE and not _ends_quotes(state, byte, separator, n_columns):
        return False
    if byte in (NEWLINE, RETURN):
        state[LINE] += byte == NEWLINE
        return state[RECORD] != NONE
    if byte == separator:
        state[FIELDS] += 1
        state[BEFORE] = 0
        return False
    if byte == QUOTE and state[BEFORE] == 0:
        state[QUOTED] = WITHIN
        state[INSIDE] = state[BREAKS] = 0
    state[BEFORE] = 1
    return False


@inner
def _read_within_quotes(state: NDArray[np.int64], byte: int, place: int, separator: int, n_columns: int) -> None:
    """Update the state with a byte in quotes; see `_ends_row` for the arguments."""
    if byte == QUOTE:
        state[QUOTED] = AFTER_QUOTE
    elif byte == separator:
        state[INSIDE] += 1
    elif byte == NEWLINE:
        state[BREAKS] += 1
        state[LINE] += 1
        if n_columns and state[BREAKS] == 1 and state[FIELDS] + state[INSIDE] + 1 == n_columns:
            state[PENDING], state[PENDING_FIELDS] = place, NONE
            state[PENDING_LINE], state[IS_BROKEN] = state[LINE], 0


@inner
def _ends_quotes(state: NDArray[np.int64], byte: int, separator: int, n_columns: int) -> bool:
    """Return whether the quote before a byte closed the field. Otherwise, continue the quotes or set FAULT.

    Args:
        state: The state of the scan.
        byte: The byte after the quote.
        separator: The character between fields.
        n_columns: The number of columns of a TSV file, or 0.
    """
    if byte == QUOTE:
        state[QUOTED] = WITHIN
        return False
    if byte != separator and byte not in (NEWLINE, RETURN):
        if state[BREAKS] > 0:
            if state[PENDING] < 0:
                state[FAULT] = OPEN_QUOTE
            else:
                state[IS_BROKEN], state[QUOTED] = 1, WITHIN
            return False
        if n_columns:
            state[FIELDS] += state[INSIDE]
    state[QUOTED] = 0
    return True


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
        data: The bytes of the rows.
        starts: The offset of each row: r.
        ends: The offset after each row: r.
        separator: The character between fields.
        is_literal: Whether a quote that is not closed is an ordinary character, as in `scan_rows` with n_columns > 0.
        column: The index of the field.
        out: The output for the fields, with the size of `data`.
        offsets: The output for the offsets of the fields in `out`: r + 1.
        missing: The output for whether a row has too few columns: r.
    """
    place = 0
    offsets[0] = 0
    for row in range(starts.size):
        i, end = starts[row], ends[row]
        if end > i and data[end - 1] == RETURN:  # the scan did not remove it because of an open quote
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
    """Return the offset of the quote that closes a field, or NONE. Doubled quotes do not close it.

    Args:
        data: The bytes of the rows.
        start: The offset of the opening quote.
        end: The offset after the row.
    """
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
    """Return the offset of the end of a field: a separator, or the end of the row.

    Args:
        data: The bytes of the rows.
        start: The offset of the field.
        end: The offset after the row.
        separator: The character between fields.
        is_literal: Whether a quote that is not closed is an ordinary character.
    """
    i = start
    if start < end and data[start] == QUOTE:
        close = _closing_quote(data, start, end)
        closes = close != NONE and (close + 1 == end or data[close + 1] == separator)
        if closes or (close != NONE and not is_literal):
            i = close + 1
    while i < end and data[i] != separator:
        i += 1
    return i
