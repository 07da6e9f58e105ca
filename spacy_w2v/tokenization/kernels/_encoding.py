"""Compiled loops that find the pre-tokens of texts, and replace pre-tokens by their tokens."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Offsets, TokenIds
from spacy_w2v._jit import inlined, kernel
from spacy_w2v.tokenization.kernels._strings import BYTE, WORD, Slices, mix, no_slices

ORDINARY, BLANK, BREAK, LEAD = 0, 1, 2, 3


def _kinds_of_bytes() -> NDArray[np.uint8]:
    """Return for each byte whether it is white space, a line break, or may begin longer white space in UTF-8."""
    kinds = np.full(256, ORDINARY, np.uint8)
    kinds[list(b"\t\v\f\x1c\x1d\x1e\x1f ")] = BLANK
    kinds[list(b"\n\r")] = BREAK
    kinds[[0xC2, 0xE1, 0xE2, 0xE3]] = LEAD
    return kinds


KINDS = _kinds_of_bytes()
ZERO, SPACE = np.uint8(0), np.uint8(0x20)


class Pretokens(NamedTuple):
    """The pre-tokens of texts. p = pre-tokens."""

    slices: Slices
    """The slice of each pre-token in the texts: p."""
    is_next: NDArray[np.bool_]
    """Whether exactly one ASCII space separates each pre-token from the previous one: p."""
    line_offsets: Offsets
    """The offsets of the lines (or texts) that have pre-tokens, and the end."""


@inlined
def white_space_length(first, second, third):  # typed by numba
    """Return the number of bytes of the white space character (str.isspace) at the start of three bytes, or 0."""
    if KINDS[first] != LEAD:
        return 0 if KINDS[first] == ORDINARY else 1
    if first == 0xC2:  # U+0085, U+00A0
        return 2 if second == 0x85 or second == 0xA0 else 0
    if first == 0xE1:  # U+1680
        return 3 if second == 0x9A and third == 0x80 else 0
    if first == 0xE3:  # U+3000
        return 3 if second == 0x80 and third == 0x80 else 0
    if second == 0x80:  # U+2000 to U+200A, U+2028, U+2029, U+202F
        return 3 if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
    return 3 if second == 0x81 and third == 0x9F else 0  # U+205F


def split_texts(data: NDArray[np.uint8], text_offsets: Offsets, by_line: bool) -> Pretokens:
    """Return the pre-tokens of texts, as in str.split(), with their hashes.

    Args:
        data: The UTF-8 of the texts. Text i has the bytes text_offsets[i] to text_offsets[i + 1].
        text_offsets: The offset of each text, and the end.
        by_line: Whether lines end at line breaks, rather than only at the ends of texts.
    """
    n_texts = text_offsets.size - 1
    n_most = int(text_offsets[n_texts] - text_offsets[0]) // 2 + n_texts + 1
    pretokens = Pretokens(no_slices(n_most), np.empty(n_most, np.bool_), np.empty(n_most + 1, np.int64))
    sizes = np.zeros(2, np.int64)
    find_pretokens(data, text_offsets, by_line, pretokens, sizes)
    n, n_lines = sizes
    return Pretokens(
        Slices(*(part[:n] for part in pretokens.slices)), pretokens.is_next[:n], pretokens.line_offsets[: n_lines + 1]
    )


@kernel
def find_pretokens(
    data: NDArray[np.uint8], text_offsets: Offsets, by_line: bool, pretokens: Pretokens, sizes: Counts
) -> None:
    """Compute `split_texts`.

    Args:
        data: The UTF-8 of the texts.
        text_offsets: The offset of each text, and the end.
        by_line: Whether lines end at line breaks.
        pretokens: The output for the pre-tokens.
        sizes: The output for the number of pre-tokens and the number of lines: 2.
    """
    slices, is_next, line_offsets = pretokens
    starts, ends, hashes = slices
    line_offsets[0] = 0
    n_texts = text_offsets.size - 1
    n = 0
    n_lines = 0
    for text in range(n_texts):
        i = text_offsets[text]
        end = text_offsets[text + 1]
        last_end = np.int64(-1)
        value = word = shift = np.uint64(0)  # the state of _strings.hash_of
        in_pretoken = False
        while i < end:
            byte = data[i]
            length = 0
            if KINDS[byte] != ORDINARY:
                second = data[i + 1] if i + 1 < end else ZERO
                length = white_space_length(byte, second, data[i + 2] if i + 2 < end else ZERO)
            if length == 0:
                if not in_pretoken:
                    in_pretoken = True
                    starts[n] = i
                    is_next[n] = i == last_end + 1 and last_end >= 0 and data[last_end] == SPACE
                    value = word = shift = np.uint64(0)
                word |= np.uint64(byte) << shift
                shift += BYTE
                if shift == WORD:
                    value = mix(value ^ word)
                    word = shift = np.uint64(0)
                i += 1
                continue
            if in_pretoken:
                in_pretoken = False
                ends[n] = last_end = i
                hashes[n] = mix(value ^ word) if shift else value
                n += 1
            if by_line and KINDS[byte] == BREAK and n > line_offsets[n_lines]:
                n_lines += 1
                line_offsets[n_lines] = n
            i += length
        if in_pretoken:
            ends[n] = end
            hashes[n] = mix(value ^ word) if shift else value
            n += 1
        if n > line_offsets[n_lines]:
            n_lines += 1
            line_offsets[n_lines] = n
    sizes[0], sizes[1] = n, n_lines


def expand_pretokens(
    pretoken_rows: NDArray[np.int32],
    line_offsets: Offsets,
    row_starts: Offsets,
    row_types: TokenIds,
    min_tokens: int,
    number_of_type: TokenIds,
) -> tuple[TokenIds, Offsets, TokenIds]:
    """Replace each pre-token by its tokens, and number the types of the tokens in order of first appearance.

    Args:
        pretoken_rows: The row of each pre-token of the batch in the table of pre-tokens.
        line_offsets: The offsets of lines: line i has the pre-tokens line_offsets[i] to line_offsets[i + 1].
        row_starts: The offsets of rows: row i has the types row_types[row_starts[i]:row_starts[i + 1]].
        row_types: The types of the tokens of all rows.
        min_tokens: The minimum number of tokens of a line. Shorter lines, and empty lines, are left out.
        number_of_type: A temporary array of zeros, one for each type of the table. The function resets it to zeros.

    Returns:
        The number of each token's type, the number of tokens of each remaining line, and the type of each number.
    """
    n_tokens = count_tokens(pretoken_rows, row_starts)
    numbers = np.empty(n_tokens, np.uint32)
    lengths = np.empty(max(line_offsets.size - 1, 0), np.int64)
    types = np.empty(min(n_tokens, number_of_type.size), np.uint32)
    sizes = np.zeros(3, np.int64)
    write_tokens(
        pretoken_rows, line_offsets, row_starts, row_types, min_tokens, number_of_type, numbers, lengths, types, sizes
    )
    return numbers[: sizes[0]], lengths[: sizes[1]], types[: sizes[2]]


@kernel
def count_tokens(pretoken_rows: NDArray[np.int32], row_starts: Offsets) -> int:
    """Return the total number of tokens of pre-tokens."""
    n_tokens = 0
    for pretoken in range(pretoken_rows.size):
        row = pretoken_rows[pretoken]
        n_tokens += row_starts[row + 1] - row_starts[row]
    return n_tokens


@kernel
def write_tokens(
    pretoken_rows: NDArray[np.int32],
    line_offsets: Offsets,
    row_starts: Offsets,
    row_types: TokenIds,
    min_tokens: int,
    number_of_type: TokenIds,
    numbers: TokenIds,
    lengths: Offsets,
    types: TokenIds,
    sizes: Counts,
) -> None:
    """Compute `expand_pretokens`, with the outputs `numbers`, `lengths` and `types`, and their lengths in `sizes`."""
    token = 0
    n_lines = 0
    n_types = 0
    for line in range(line_offsets.size - 1):
        length = 0
        for pretoken in range(line_offsets[line], line_offsets[line + 1]):
            row = pretoken_rows[pretoken]
            length += row_starts[row + 1] - row_starts[row]
        if length == 0 or length < min_tokens:
            continue
        for pretoken in range(line_offsets[line], line_offsets[line + 1]):
            row = pretoken_rows[pretoken]
            for entry in range(row_starts[row], row_starts[row + 1]):
                type_id = row_types[entry]
                if number_of_type[type_id] == 0:
                    types[n_types] = type_id
                    n_types += 1
                    number_of_type[type_id] = n_types
                numbers[token] = number_of_type[type_id] - 1
                token += 1
        lengths[n_lines] = length
        n_lines += 1
    for i in range(n_types):
        number_of_type[types[i]] = 0
    sizes[0], sizes[1], sizes[2] = token, n_lines, n_types
