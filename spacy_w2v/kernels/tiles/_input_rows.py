"""Addresses of input vectors, for the steps of the blocked kernels.

A step gets one address per input, reads the vector there and updates it in place. The vector of input i is in row
`inputs[i]` after the address `Rows.input`; see `blocked._input_spans`. A frozen word is copied to the scratch memory,
and its change is discarded.
"""

import numpy as np

from spacy_w2v._jit import inlined
from spacy_w2v.kernels.tiles._row_instructions import byte_at, copy_row, prefetch_row


@inlined
def input_row(number, rows):
    """Return the address of an input vector, from its number in `SubsampledTokens.inputs`."""
    return rows.input + np.int64(number) * rows.n_bytes


@inlined
def is_frozen_row(word, rows):
    """Return whether a word is frozen, like `_frozen.is_frozen`."""
    return rows.frozen != 0 and byte_at(rows.frozen + np.int64(word)) != 0


@inlined
def gather_input(i, slot, tokens, rows):
    """Return the address of the vector of an input, which a step may read and update.

    Args:
        i: The input, an index in `tokens`.
        slot: The number of a scratch row that no other input of the step uses.
        tokens: The subsampled tokens.
        rows: Addresses of the rows.
    """
    row = input_row(tokens.inputs[i], rows)
    if is_frozen_row(tokens.words[i], rows):
        copy = rows.scratch + slot * rows.n_bytes
        copy_row(row, copy, copy, rows.n_vectors)
        row = copy
    return row


@inlined
def prefetch_input(i, tokens, rows):
    """Prefetch the vector of an input, some steps before it is gathered."""
    prefetch_row(input_row(tokens.inputs[i], rows), rows.n_bytes >> 6)


@inlined
def n_scratch_rows(n_slots, settings):
    """Return the number of scratch rows that `n_slots` slots need. settings: a KernelSettings."""
    return n_slots if settings.frozen.size else 0
