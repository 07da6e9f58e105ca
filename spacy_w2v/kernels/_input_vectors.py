"""The input vector of a word as an array, and where its change goes: asked of the type of the input layer.

What the two functions do is chosen at compile time by `INPUT_VECTORS`: another kind of layer is another entry, and not
another kernel. `tiles._input_rows` asks the same by addresses.

input_layer: what makes input vectors. word: its id. weights: of which rows of `weights.input` are read and changed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from numba.extending import overload

from spacy_w2v._arrays import IdentityInput
from spacy_w2v._jit import INNER_OPTIONS


def _own_row(input_layer, word, weights, scratch):
    return weights.input[word]


def _change_own_row(input_layer, word, scale, change, weights):
    for i in range(weights.input.shape[1]):
        weights.input[word, i] += scale * change[i]


class InputVectorFunctions(NamedTuple):
    """What one kind of input layer does where it is asked by arrays."""

    vector: Callable[..., Any]
    change: Callable[..., Any]


INPUT_VECTORS = {IdentityInput: InputVectorFunctions(_own_row, _change_own_row)}
"""Type of the input layer → what it does."""


def input_vector(input_layer, word, weights, scratch):
    """Return the vector of a word: its row itself, or in `scratch`, d floats, what its rows make together."""
    return INPUT_VECTORS[type(input_layer)].vector(input_layer, word, weights, scratch)


def change_input(input_layer, word, scale, change, weights):
    """Add `scale` times `change`, d floats, to the vector of a word, through the rows that make it."""
    INPUT_VECTORS[type(input_layer)].change(input_layer, word, scale, change, weights)


# Inlined by LLVM: with inline="always", numba 0.68 loses the sum of the losses of kernels that call BLAS.
@overload(input_vector, jit_options=INNER_OPTIONS)
def _compile_input_vector(input_layer, word, weights, scratch):
    return INPUT_VECTORS[input_layer.instance_class].vector


@overload(change_input, jit_options=INNER_OPTIONS)
def _compile_change_input(input_layer, word, scale, change, weights):
    return INPUT_VECTORS[input_layer.instance_class].change
