"""The input vector of a word by its address, for steps that read it and change it where it lies.

A step *borrows* the vectors of its words: it gets an address for each, at which it reads and to which it adds. Where a
word has one row of its own, that is the row, and nothing is to be done after the step. Where several rows make a vector
together, it is gathered in a slot of the scratch memory, and giving it back adds what the step has changed to each of
the rows. A frozen word is copied to a slot as well, and what a step adds to that is dropped.

What the functions do depends on the type of the input layer, and is chosen at compile time by `INPUT_ROWS`: another
kind of layer is another entry, and not another kernel. slot: number of a place in the scratch memory that no other word
of the step has. rows: where the rows lie.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import IdentityInput
from spacy_w2v._jit import INNER_OPTIONS, inlined
from spacy_w2v.kernels.tiles._instructions import byte_at, copy_row, prefetch_row
from spacy_w2v.kernels.tiles._llvm import LANES


@inlined
def input_row(row, rows):
    """The address of a row of the input weights."""
    return rows.input + np.int64(row) * rows.n_bytes


@inlined
def is_frozen_row(word, rows):
    """Whether a word is frozen, as `_frozen.is_frozen`."""
    return rows.frozen != 0 and byte_at(rows.frozen + np.int64(word)) != 0


def _borrow_own_row(input_layer, word, slot, rows):
    row = input_row(word, rows)
    if is_frozen_row(word, rows):
        copy = rows.scratch + slot * rows.n_bytes
        copy_row(row, copy, copy, rows.n_bytes // (4 * LANES))
        row = copy
    return row


def _give_back_nothing(input_layer, word, slot, rows):
    pass


def _prefetch_own_row(input_layer, word, slot, rows):
    prefetch_row(input_row(word, rows), rows.n_bytes >> 6)


def _slots_of_frozen(input_layer, n_slots, settings):
    return n_slots if settings.frozen.size else 0


class InputRowFunctions(NamedTuple):
    """What one kind of input layer does where it is asked by addresses."""

    borrow: Callable[..., Any]
    give_back: Callable[..., Any]
    prefetch: Callable[..., Any]
    n_scratch_rows: Callable[..., Any]


INPUT_ROWS = {
    IdentityInput: InputRowFunctions(_borrow_own_row, _give_back_nothing, _prefetch_own_row, _slots_of_frozen)
}
"""Type of the input layer → what it does."""


def borrow_input(input_layer, word, slot, rows):
    """Return the address of a word's vector, for a step that reads it and adds to it."""
    return INPUT_ROWS[type(input_layer)].borrow(input_layer, word, slot, rows)


def give_back_input(input_layer, word, slot, rows):
    """Pass on what steps have added to a borrowed vector."""
    INPUT_ROWS[type(input_layer)].give_back(input_layer, word, slot, rows)


def prefetch_input(input_layer, word, slot, rows):
    """Ask for what makes the vector of a word, some steps before it is borrowed. slot: of no meaning."""
    INPUT_ROWS[type(input_layer)].prefetch(input_layer, word, slot, rows)


def n_scratch_rows(input_layer, n_slots, settings):
    """Return how many rows of scratch memory so many slots take."""
    return INPUT_ROWS[type(input_layer)].n_scratch_rows(input_layer, n_slots, settings)


@overload(borrow_input, jit_options=INNER_OPTIONS)
def _compile_borrow_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].borrow


@overload(give_back_input, jit_options=INNER_OPTIONS)
def _compile_give_back_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].give_back


@overload(prefetch_input, jit_options=INNER_OPTIONS)
def _compile_prefetch_input(input_layer, word, slot, rows):
    return INPUT_ROWS[input_layer.instance_class].prefetch


@overload(n_scratch_rows, jit_options=INNER_OPTIONS)
def _compile_n_scratch_rows(input_layer, n_slots, settings):
    return INPUT_ROWS[input_layer.instance_class].n_scratch_rows
