"""Numbers the types of a corpus in which phrases are joined, in the order in which they appear."""

from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, TokenIds
from spacy_w2v._jit import exact_kernel

NO_ID = 0xFFFFFFFF
"""The id of a number that has not occurred yet."""


@exact_kernel
def number_in_order(
    numbers: "NDArray", ids: TokenIds, origins: TokenIds, counts: Counts, n_ids: int, numbered: TokenIds
) -> int:
    """Give an id to each number when it first occurs, and count the ids.

    Args:
        numbers: n; the provisional number of each token.
        ids: The id of each number so far, or NO_ID. It is updated.
        origins: The number of each id so far. It is updated.
        counts: The count of each id so far. It is updated.
        n_ids: The number of ids so far.
        numbered: n; receives the id of each token.

    Returns:
        The number of ids.
    """
    for place in range(numbers.size):
        number = numbers[place]
        if ids[number] == NO_ID:
            ids[number] = n_ids
            origins[n_ids] = number
            n_ids += 1
        token_id = ids[number]
        counts[token_id] += 1
        numbered[place] = token_id
    return n_ids
