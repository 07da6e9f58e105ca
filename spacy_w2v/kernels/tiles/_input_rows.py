"""Gathering and scattering of input vectors by address, for the steps of the blocked kernels.

A step gathers the vectors of its words: it gets one address per word, reads the vector there and updates it in place.
If the word has a row of its own, the address is that row, and there is nothing to scatter. If several rows form the
vector, gathering writes it to a slot of the scratch memory, and scattering adds the change to each of the rows. A
frozen word is also copied to a slot, and its change is discarded.

The functions are chosen at compile time from `INPUT_ROWS`, by the type of the input layer. A new kind of input layer is
a new entry there, and needs no new kernel.

Arguments that the functions share:
    input_layer: How rows of `weights.input` form word vectors.
    word: The id of the word.
    slot: The number of a slot in the scratch memory that no other word of the step uses.
    rows: The addresses of the rows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import IdentityInput
from spacy_w2v._jit import INNER_OPTIONS, inlined
from spacy_w2v.kernels.tiles._row_instructions import byte_at, copy_row, prefetch_row


@inlined
def input_row(row, rows):
    """Return the address of a row of the input weights."""
    return rows.input + np.int64(row) * rows.n_bytes


@inlined
def is_frozen_row(word, rows):
    """Return whether a word is frozen, like `_frozen.is_frozen`."""
    return rows.frozen != 0 and byte_at(rows.frozen + np.int64(word)) != 0


def _gather_own_row(input_layer, word, slot, rows):
    row = input_row(word, rows)
    if is_frozen_row(word, rows):
        copy = rows.scratch + slot * rows.n_bytes
        copy_row(row, copy, copy, rows.n_vectors)
        row = copy
    return row


def _scatter_nothing(input_layer, word, slot, rows):
    pass


def _prefetch_own_row(input_layer, word, slot, rows):
    prefetch_row(input_row(word, rows), rows.n_bytes >> 6)


def _frozen_scratch_rows(input_layer, n_slots, settings):
    return n_slots if settings.frozen.size else 0


class InputRowFunctions(NamedTuple):
    """The functions of one kind of input layer, for row addresses. They take (input_layer, word, slot, rows)."""

    gather: Callable[..., Any]
    scatter: Callable[..., Any]
    prefetch: Callable[..., Any]
    n_scratch_rows: Callable[..., Any]
    """Takes (input_layer, n_slots, settings)."""


INPUT_ROWS = {
    IdentityInput: InputRowFunctions(_gather_own_row, _scatter_nothing, _prefetch_own_row, _frozen_scratch_rows)
}
"""The functions of each type of input layer."""


def gather_input(input_layer, word, slot, rows):
    """Return the address of a word's vector, which a step may read and update."""
    return INPUT_ROWS[type(input_layer)].gather(input_layer, word, slot, rows)


def scatter_input(input_layer, word, slot, rows):
    """Add the change of a gathered vector to the rows that form it."""
    INPUT_ROWS[type(input_layer)].scatter(input_layer, word, slot, rows)


def prefetch_input(input_layer, word, slot, rows):
    """Prefetch the rows that form the vector of a word, some steps before it is gathered. `slot` is ignored."""
    INPUT_ROWS[type(input_layer)].prefetch(input_layer, word, slot, rows)


def n_scratch_rows(input_layer, n_slots, settings):
    """Return the number of scratch rows that `n_slots` slots need. settings: a KernelSettings."""
    return INPUT_ROWS[type(input_layer)].n_scratch_rows(input_layer, n_slots, settings)


@overload(gather_input, jit_options=INNER_OPTIONS)
def _compile_gather_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].gather


@overload(scatter_input, jit_options=INNER_OPTIONS)
def _compile_scatter_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].scatter


@overload(prefetch_input, jit_options=INNER_OPTIONS)
def _compile_prefetch_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].prefetch


@overload(n_scratch_rows, jit_options=INNER_OPTIONS)
def _compile_n_scratch_rows(input_layer, n_slots, settings):
    return INPUT_ROWS[input_layer.instance_class].n_scratch_rows
