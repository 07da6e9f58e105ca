"""The compiled loop that finds the objects of a JSON file."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inner, kernel
from spacy_w2v.sources.kernels._records import (
    BASE,
    BEFORE,
    BROKEN_OBJECT,
    BROKEN_STRING,
    COMMA,
    DEPTH,
    ESCAPED,
    FAULT,
    LINE,
    NEWLINE,
    NONE,
    NOT_AN_OBJECT,
    QUOTE,
    QUOTED,
    RECORD,
    RETURN,
    SPACE,
    STARTED,
    TAB,
    TOO_DEEP,
)

MAX_DEPTH = 500
"""The maximum number of open brackets. JSON parsers are recursive, and crash at some 100,000 levels."""

COLON, BACKSLASH = np.uint8(ord(":")), np.uint8(ord("\\"))
OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET = (np.uint8(ord(mark)) for mark in "{}[]")


@kernel
def scan_json(data: NDArray[np.uint8], offset: int, state: NDArray[np.int64], starts: Offsets, ends: Offsets) -> int:
    """Find the objects that end in a block.

    Objects may be one per line, over several lines, several per line, or in arrays. If the input is not safe for a
    parser, the scan stops and sets FAULT.

    Args:
        data: The next block of the file.
        offset: The number of pending bytes before the block, whose record has not ended.
        state: The state of the scan, which is updated.
        starts: The output for the offsets of the objects, with space for data.size / 2 + 1.
        ends: The output for the offsets after the objects, with the same space.

    Returns:
        The number of objects that have ended.
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
    """Return QUOTED after a byte of a JSON string, or NONE if strings cannot contain the byte."""
    if quoted == ESCAPED:
        return 1
    if byte == BACKSLASH:
        return ESCAPED
    if byte == QUOTE:
        return 0
    return NONE if byte == NEWLINE else 1


@inner
def _fault_of_opening(byte: int, depth: int, base: int, before: int) -> int:
    """Return the fault of an opening bracket, or 0.

    Args:
        byte: The bracket.
        depth: The number of open brackets before it.
        base: The depth of records.
        before: The last byte before it that is not white space.
    """
    if depth == base:
        return NOT_AN_OBJECT if byte == OPEN_BRACKET and depth == 1 else 0
    if before != COLON and before != COMMA and before != OPEN_BRACKET:
        return BROKEN_OBJECT
    return TOO_DEEP if depth == MAX_DEPTH else 0
