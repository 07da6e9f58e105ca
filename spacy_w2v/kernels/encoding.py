"""The loop that turns pieces of text into numbered tokens."""

import numpy as np

from spacy_w2v.kernels.jit import kernel
from spacy_w2v.types import Offsets, TokenIds


@kernel
def expand_pieces(
    piece_rows: Offsets,
    line_offsets: Offsets,
    row_starts: Offsets,
    row_types: TokenIds,
    min_tokens: int,
    number_of_type: TokenIds,
) -> tuple[TokenIds, Offsets, TokenIds]:
    """Replace each piece by its tokens, and number the types of the tokens in order of first appearance.

    r = rows of the table of known pieces; row i has the types row_types[row_starts[i]:row_starts[i + 1]].

    piece_rows: the row of each piece of the batch; line i has the pieces line_offsets[i] to line_offsets[i + 1].
    min_tokens: lines with fewer tokens are dropped, as are lines without any.
    number_of_type: scratch with an entry per type of the table, 0 everywhere; is 0 again on return.

    Returns the numbers of the tokens, the number of tokens of each line that is left, and the type of each number.
    """
    n_tokens = 0
    for piece in range(piece_rows.size):
        row = piece_rows[piece]
        n_tokens += row_starts[row + 1] - row_starts[row]
    numbers = np.empty(n_tokens, np.uint32)
    lengths = np.empty(max(line_offsets.size - 1, 0), np.int64)
    types = np.empty(min(n_tokens, number_of_type.size), np.uint32)
    token = 0
    n_lines = 0
    n_types = 0
    for line in range(line_offsets.size - 1):
        length = 0
        for piece in range(line_offsets[line], line_offsets[line + 1]):
            row = piece_rows[piece]
            length += row_starts[row + 1] - row_starts[row]
        if length == 0 or length < min_tokens:
            continue
        for piece in range(line_offsets[line], line_offsets[line + 1]):
            row = piece_rows[piece]
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
    return numbers[:token], lengths[:n_lines], types[:n_types]
