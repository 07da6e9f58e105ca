"""Spans of the input layer in which the vector of a word is the mean of rows that words share.

At the start of a span, each distinct word among its tokens gets a slot: its rows are averaged into a local copy. The
steps train the copies. At the end of the span, the change of each copy is added to each row of its word. Training the
rows themselves would read and write some 20 rows for each step of a token.

The copies of a span do not see each other's changes, which add up in the rows. The vector of a token takes `overlap`
times the change of each other token, on average. So in a span of S tokens it takes alpha W with W = S overlap times the
gradients of a token, as if S overlap workers had copied one row, and `SPAN_BOUND` limits S. Several workers add up in
the same way, and they also copy the same frequent words. If not even one token is below the bound, each turn of a step
has a span of its own, and a step has fewer inputs and more turns; see `_plan_steps` of `_skipgram_negative`.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import SubwordInput
from spacy_w2v._jit import inlined
from spacy_w2v.kernels.blocked._steps import SPAN_BOUND
from spacy_w2v.kernels.tiles._instructions import STEP
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._row_instructions import (
    WIDE,
    change_each_row,
    mean_of_rows,
    wide_change_each_row,
    wide_mean_of_rows,
)
from spacy_w2v.kernels.tiles._rows import aligned

LONGEST_SPAN = 1024
"""Tokens of the longest span.

On 3.4 million words, in five epochs with two seeds, 4096 tokens solved 1 percentage point fewer of the syntactic
analogies, and took 9 to 20 % less processor time.
"""
HASH_FACTOR = np.uint32(2654435769)
"""2³² divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, section 6.4)."""


class SubwordSpan(NamedTuple):
    """Buffers of one call, for spans with at most c distinct words."""

    layer: SubwordInput
    first_row: int  # address of the first copy
    matrix: int  # address of the input weights
    reach: int  # tokens before and after a span whose vectors its steps read
    n_slots: np.ndarray  # int64[1], number of distinct words in this span
    words: np.ndarray  # uint32[c], these words
    entries: np.ndarray  # uint32[2^bits > c], a hash table by word: its slot + 1, or 0
    shift: int  # 32 - bits
    copies: np.ndarray  # float32[2, c, d], flattened: the vectors that are trained, and the originals


def make_subword_span(layer, reach, weights):
    """See `_input_spans.make_span`."""
    n_words = min(LONGEST_SPAN + STEP + 2 * reach, layer.offsets.size - 1)
    bits = 4
    while 1 << bits < 2 * n_words:
        bits += 1
    copies = aligned(2 * n_words * weights.input.shape[1])
    return SubwordSpan(
        layer, copies.ctypes.data, weights.input.ctypes.data, reach, np.zeros(1, np.int64),
        np.empty(n_words, np.uint32), np.zeros(1 << bits, np.uint32), 32 - bits, copies,
    )  # fmt: skip


def number_slots(layer, words):
    """See `_input_spans.number_inputs`. Tokens that are not in a span yet have the number 0."""
    return np.zeros(words.size, np.uint32)


def subword_overlap(layer):
    """See `_input_spans.overlap_of`."""
    return layer.overlap


@inlined
def _find_slots(first, last, tokens, span):
    """Give a slot to each distinct word of the tokens `first` to `last` - 1, and the slots to these tokens."""
    n, mask = np.int64(0), np.uint32(span.entries.size - 1)
    for i in range(first, last):
        word = tokens.words[i]
        place = np.uint32(word * HASH_FACTOR) >> np.uint32(span.shift)
        while span.entries[place] != 0 and span.words[span.entries[place] - 1] != word:
            place = (place + np.uint32(1)) & mask
        if span.entries[place] == 0:
            span.words[n] = word
            n += 1
            span.entries[place] = n
        tokens.inputs[i] = span.entries[place] - 1
    span.n_slots[0] = n
    span.entries[:] = 0


@inlined
def _gather_slots(rows, span):
    """Average the rows of each word of a span."""
    n_slots, ids, offsets = span.n_slots[0], span.layer.rows.ctypes.data, span.layer.offsets
    originals = span.words.size * rows.n_bytes
    n_wide = rows.n_vectors // WIDE * WIDE
    for slot in range(n_slots):
        begin = offsets[span.words[slot]]
        n_rows = offsets[span.words[slot] + 1] - begin
        scale, vector = np.float32(1.0) / np.float32(n_rows), span.first_row + slot * rows.n_bytes
        for c in range(0, n_wide, WIDE):
            place = 4 * LANES * c
            wide_mean_of_rows(
                ids + 4 * begin, n_rows, span.matrix + place, rows.n_bytes, scale, vector + place,
                vector + originals + place,
            )  # fmt: skip
        for c in range(n_wide, rows.n_vectors):
            place = 4 * LANES * c
            mean_of_rows(
                ids + 4 * begin, n_rows, span.matrix + place, rows.n_bytes, scale, vector + place,
                vector + originals + place,
            )  # fmt: skip


@inlined
def _scatter_slots(rows, span):
    """Add the change of each word of a span to each of its rows."""
    n_slots, ids, offsets = span.n_slots[0], span.layer.rows.ctypes.data, span.layer.offsets
    originals = span.words.size * rows.n_bytes
    n_wide = rows.n_vectors // WIDE * WIDE
    for slot in range(n_slots - 1, -1, -1):  # the rows that were read last may still be in the cache
        begin = offsets[span.words[slot]]
        n_rows, vector = offsets[span.words[slot] + 1] - begin, span.first_row + slot * rows.n_bytes
        for c in range(0, n_wide, WIDE):
            place = 4 * LANES * c
            wide_change_each_row(
                ids + 4 * begin, n_rows, span.matrix + place, rows.n_bytes, vector + place, vector + originals + place
            )
        for c in range(n_wide, rows.n_vectors):
            place = 4 * LANES * c
            change_each_row(
                ids + 4 * begin, n_rows, span.matrix + place, rows.n_bytes, vector + place, vector + originals + place
            )


def next_subword_span(first, pooled, tokens, subsampling, settings, rows, span):
    """See `_input_spans.next_span`."""
    _scatter_slots(rows, span)
    share = span.layer.overlap
    if settings.workers > 1:  # each of them has a copy of a frequent word, and all their changes add up
        share += subsampling.highest_share
    length = min(LONGEST_SPAN, np.int64(SPAN_BOUND / (pooled * share * settings.workers + 1e-9)))
    last = first + max(length, 1) + STEP - 1 + span.reach  # a step that begins in the span may end after it
    _find_slots(first - span.reach, min(last, tokens.words.size), tokens, span)
    _gather_slots(rows, span)
    return first + length


def end_subword_span(rows, span):
    """See `_input_spans.end_span`."""
    _scatter_slots(rows, span)
