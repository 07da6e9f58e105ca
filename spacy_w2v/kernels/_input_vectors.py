"""Reading and updating the input vector of a word as an array.

The functions are chosen at compile time from `INPUT_VECTORS`, by the type of the input layer. A new kind of input layer
is a new entry there, and needs no new kernel. `blocked._input_spans` has functions for kernels that take addresses.

Arguments that the functions share:
    input_layer: How rows of `weights.input` form word vectors.
    word: The id of the word.
    weights: The weights. Their `input` is read and updated.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import IdentityInput, SubwordInput
from spacy_w2v._jit import INNER_OPTIONS


def _own_row(input_layer, word, weights, scratch):
    return weights.input[word]


def _change_own_row(input_layer, word, scale, change, weights):
    for i in range(weights.input.shape[1]):
        weights.input[word, i] += scale * change[i]


def _mean_of_rows(input_layer, word, weights, scratch):
    begin, end = input_layer.offsets[word], input_layer.offsets[word + 1]
    for i in range(scratch.size):
        scratch[i] = 0.0
    for p in range(begin, end):
        row = input_layer.rows[p]
        for i in range(scratch.size):
            scratch[i] += weights.input[row, i]
    scale = np.float32(1.0) / np.float32(end - begin)
    for i in range(scratch.size):
        scratch[i] *= scale
    return scratch


def _change_each_row(input_layer, word, scale, change, weights):
    for p in range(input_layer.offsets[word], input_layer.offsets[word + 1]):
        row = input_layer.rows[p]
        for i in range(weights.input.shape[1]):
            weights.input[row, i] += scale * change[i]


class InputVectorFunctions(NamedTuple):
    """The functions of one kind of input layer, for arrays, which `input_vector` and `change_input` call."""

    vector: Callable[..., Any]
    change: Callable[..., Any]


INPUT_VECTORS = {
    IdentityInput: InputVectorFunctions(_own_row, _change_own_row),
    SubwordInput: InputVectorFunctions(_mean_of_rows, _change_each_row),
}
"""The functions of each type of input layer."""


def input_vector(input_layer, word, weights, scratch):
    """Return the vector of a word, float32[d]: a view of its row, or `scratch`, float32[d], filled from its rows."""
    return INPUT_VECTORS[type(input_layer)].vector(input_layer, word, weights, scratch)


def change_input(input_layer, word, scale, change, weights):
    """Add `scale` times `change`, float32[d], to each row that forms the vector of a word."""
    INPUT_VECTORS[type(input_layer)].change(input_layer, word, scale, change, weights)


# Inlined by LLVM, since with inline="always" numba 0.68 loses the summed loss in kernels that call BLAS.
@overload(input_vector, jit_options=INNER_OPTIONS)
def _compile_input_vector(input_layer, word, weights, scratch):
    return INPUT_VECTORS[input_layer.instance_class].vector


@overload(change_input, jit_options=INNER_OPTIONS)
def _compile_change_input(input_layer, word, scale, change, weights):
    return INPUT_VECTORS[input_layer.instance_class].change
