"""Kernels that read lines of the text formats and records of the binary format."""

import numpy as np

from spacy_w2v._jit import exact_kernel, inlined

LINE_FEED, CARRIAGE_RETURN, SPACE, TAB = 10, 13, 32, 9
PLUS, MINUS, POINT, ZERO, SMALL_E, BIG_E = 43, 45, 46, 48, 101, 69

LARGEST_BEFORE_DIGIT = 10**14 - 1
"""A decimal number of at most 15 digits is an integer below 2^53 times a power of ten."""
LARGEST_POWER = 22
POWERS = 10.0 ** np.arange(LARGEST_POWER + 1)
"""Multiplying or dividing such an integer by one of these is correctly rounded (Clinger 1990)."""


@inlined
def read_number(data, place, end, powers):
    """Return the decimal number at a place, and the place after it. Place 0 means that Python has to read it."""
    negative = data[place] == MINUS
    if negative or data[place] == PLUS:
        place += 1
    mantissa = exponent = n_digits = 0
    after_point = False
    while place < end:
        digit = int(data[place]) - ZERO
        if 0 <= digit <= 9 and mantissa <= LARGEST_BEFORE_DIGIT:
            mantissa = 10 * mantissa + digit
            n_digits += 1
            exponent -= after_point
        elif data[place] == POINT and not after_point:
            after_point = True
        else:
            break
        place += 1
    if place < end and (data[place] == SMALL_E or data[place] == BIG_E) and n_digits > 0:
        place += 1
        below_one = place < end and data[place] == MINUS
        if below_one or (place < end and data[place] == PLUS):
            place += 1
        power = n_digits = 0
        while place < end and ZERO <= data[place] <= ZERO + 9 and n_digits < 4:
            power = 10 * power + (int(data[place]) - ZERO)
            n_digits += 1
            place += 1
        exponent += -power if below_one else power
    if n_digits == 0 or exponent < -LARGEST_POWER or exponent > LARGEST_POWER:
        return 0.0, 0
    value = mantissa / powers[-exponent] if exponent < 0 else mantissa * powers[exponent]
    return -value if negative else value, place


@inlined
def read_numbers(data, place, end, separator, powers, row):
    """Read the numbers of a line into a row, and return whether all could be read."""
    for column in range(row.size):
        value, place = read_number(data, place + 1, end, powers)
        if place == 0 or (place < end and data[place] != separator):
            return False
        row[column] = value
    return place == end


@exact_kernel
def read_lines(data, separator, powers, words, rows, taken):
    """Read complete lines, each a word and d numbers, and return how many were read.

    The word is everything before the last d numbers. Separators and a carriage return at the end of a line are skipped.

    Args:
        data: The bytes.
        separator: SPACE or TAB.
        powers: POWERS.
        words: Filled with the start and end of each word (n × 2).
        rows: Filled with the numbers (n × d).
        taken: Filled with the number of bytes read, and 1 if Python has to read the last line, because it is invalid or
            has long numbers. Its word is then the whole line.
    """
    d = rows.shape[1]
    size = data.size
    taken[:] = 0
    for line in range(rows.shape[0]):
        start = taken[0]
        stop = start
        n_separators = 0
        while stop < size and data[stop] != LINE_FEED:
            n_separators += data[stop] == separator
            stop += 1
        if stop == size:
            return line
        taken[0] = stop + 1
        end = stop - (stop > start and data[stop - 1] == CARRIAGE_RETURN)
        while end > start and data[end - 1] == separator:
            end -= 1
            n_separators -= 1
        words[line, 0] = start
        words[line, 1] = end
        word_end = start
        n_within = n_separators - d  # separators in the word
        while word_end < end and (n_within > 0 or data[word_end] != separator):
            n_within -= data[word_end] == separator
            word_end += 1
        if (
            n_separators < d
            or word_end == start
            or not read_numbers(data, word_end, end, separator, powers, rows[line])
        ):
            taken[1] = 1
            return line + 1
        words[line, 1] = word_end
    return rows.shape[0]


@exact_kernel
def read_records(data, line_breaks, words, rows, taken):
    """Read complete records, each a word, a space and the bytes of a vector, and return how many were read.

    Reading ends at a record that is incomplete or lacks its line feed.

    Args:
        data: The bytes.
        line_breaks: 1 if a line feed follows each vector, otherwise 0.
        words: Filled with the start and end of each word (n × 2).
        rows: Filled with the bytes of the vectors (n × 4 d).
        taken: Filled with the number of bytes read.
    """
    n_bytes = rows.shape[1]
    size = data.size
    taken[:] = 0
    for record in range(rows.shape[0]):
        start = taken[0]
        stop = start
        while stop < size and data[stop] != SPACE:
            stop += 1
        end = stop + 1 + n_bytes
        if end + line_breaks > size or (line_breaks and data[end] != LINE_FEED):
            return record
        words[record, 0] = start
        words[record, 1] = stop
        for place in range(n_bytes):
            rows[record, place] = data[stop + 1 + place]
        taken[0] = end + line_breaks
    return rows.shape[0]
