"""Input vectors during a span of a chunk, for the steps of the blocked kernels.

A step reads and updates the vectors of its inputs in place. If each word has a row of its own, these are the rows of
the weights. If several rows form the vector of a word, the vectors of the words of a *span* are copies, and the end of
the span adds their changes to the rows.

The functions are chosen at compile time from `INPUT_SPANS`, by the type of the input layer. A new kind of input layer
is a new entry there, and needs no new kernel. `_input_vectors` has the functions for kernels that take arrays.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import IdentityInput, SubwordInput
from spacy_w2v._jit import INNER_OPTIONS
from spacy_w2v.kernels.blocked._subword_spans import (
    end_subword_span,
    make_subword_span,
    next_subword_span,
    number_slots,
    subword_overlap,
)

WHOLE_CHUNK = np.int64(2**62)
"""The end of a span that has all tokens of a chunk."""


class OwnRows(NamedTuple):
    """The span of a layer in which each word has a row of its own: the whole chunk."""

    layer: IdentityInput
    first_row: int  # address of the vector with the number 0


def _own_rows(layer, reach, weights):
    return OwnRows(layer, weights.input.ctypes.data)


def _words(layer, words):
    return words


def _no_overlap(layer):
    return 0.0


def _whole_chunk(first, pooled, tokens, subsampling, settings, rows, span):
    return WHOLE_CHUNK


def _change_nothing(rows, span):
    pass


class InputSpanFunctions(NamedTuple):
    """The functions of one kind of input layer, which the functions of this module call."""

    make: Callable[..., Any]
    number: Callable[..., Any]
    overlap: Callable[..., Any]
    next: Callable[..., Any]
    end: Callable[..., Any]


INPUT_SPANS = {
    IdentityInput: InputSpanFunctions(_own_rows, _words, _no_overlap, _whole_chunk, _change_nothing),
    SubwordInput: InputSpanFunctions(
        make_subword_span, number_slots, subword_overlap, next_subword_span, end_subword_span
    ),
}
"""The functions of each type of input layer."""


def make_span(layer, reach, weights):
    """Return the buffers of a chunk's spans, a named tuple with `layer` and `first_row`, as `OwnRows`.

    Args:
        layer: The input layer.
        reach: The number of tokens before and after a span whose vectors its steps read.
        weights: The weights.
    """
    return INPUT_SPANS[type(layer)].make(layer, reach, weights)


def number_inputs(layer, words):
    """Return `SubsampledTokens.inputs`, uint32[n]. words: uint32[n]; the words of the tokens."""
    return INPUT_SPANS[type(layer)].number(layer, words)


def overlap_of(layer):
    """Return the mean share of the change of one token's vector that the vector of another token takes, float64.

    It is 0 if each word has a row of its own. The bounds of steps, blocks and spans depend on it; see `_steps`.
    """
    return INPUT_SPANS[type(layer)].overlap(layer)


def next_span(first, pooled, tokens, subsampling, settings, rows, span):
    """End the span before, begin the next one, and return the token before which it ends.

    If that is `first`, the vectors overlap so much that each turn of a step should have a span of its own.

    Args:
        first: The first token of the span.
        pooled: The learning rate times the sum of the weights of the gradients that the vector of a token takes.
        tokens: The subsampled tokens. Their `inputs` are set.
        subsampling: For the share of the most frequent word.
        settings: KernelSettings.
        rows: Addresses of the rows.
        span: The buffers.
    """
    return INPUT_SPANS[type(span.layer)].next(first, pooled, tokens, subsampling, settings, rows, span)


def end_span(rows, span):
    """End the last span of a chunk."""
    INPUT_SPANS[type(span.layer)].end(rows, span)


def _functions(span):
    return INPUT_SPANS[span.types[span.fields.index("layer")].instance_class]


@overload(make_span, jit_options=INNER_OPTIONS)
def _compile_make_span(layer, reach, weights):
    return INPUT_SPANS[layer.instance_class].make


@overload(number_inputs, jit_options=INNER_OPTIONS)
def _compile_number_inputs(layer, words):
    return INPUT_SPANS[layer.instance_class].number


@overload(overlap_of, jit_options=INNER_OPTIONS)
def _compile_overlap_of(layer):
    return INPUT_SPANS[layer.instance_class].overlap


@overload(next_span, jit_options=INNER_OPTIONS)
def _compile_next_span(first, pooled, tokens, subsampling, settings, rows, span):
    return _functions(span).next


@overload(end_span, jit_options=INNER_OPTIONS)
def _compile_end_span(rows, span):
    return _functions(span).end
