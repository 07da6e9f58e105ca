"""The contexts of a step of CBOW: their hidden vectors, and what becomes of the changes of these."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._input_rows import borrow_input, give_back_input, n_scratch_rows
from spacy_w2v.kernels.tiles._instructions import STEP, add_rows, change_rows
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned


class Contexts(NamedTuple):
    """Buffers of one call: a row of `hidden` for each centre of a step."""

    hidden: np.ndarray  # float32[STEP, d] in one row
    hidden_rows: np.ndarray  # int64[STEP], their addresses; of a row of zeros for centres without a context
    input_rows: np.ndarray  # int64[STEP, 2 window], addresses of the vectors of each context
    sizes: np.ndarray  # int64[STEP], words of each context
    sums: np.ndarray  # float32[d / LANES, STEP, LANES] in one row, change of the hidden vectors
    scratch: np.ndarray  # see Rows; a slot for each word of each context


@inner
def make_contexts(input_layer, settings, dimensions):
    """Buffers for windows of these settings."""
    n_rows = n_scratch_rows(input_layer, STEP * 2 * settings.window, settings)
    return Contexts(
        aligned(STEP * dimensions), np.empty(STEP, np.int64), np.empty((STEP, 2 * settings.window), np.int64),
        np.zeros(STEP, np.int64), aligned(STEP * dimensions), aligned(n_rows * dimensions),
    )  # fmt: skip


@inlined
def context_scale(n_words, settings):
    """What the sum of a context is multiplied by, and the change of each of its words: it is a mean, or stays a sum."""
    return np.float32(1.0) / np.float32(n_words) if settings.cbow_mean else np.float32(1.0)


@inlined
def gather_contexts(first, last, tokens, input_layer, settings, rows, contexts):
    """The hidden vectors of the centres `first` to `last`. Returns how many have a context."""
    n_centres, most = 0, contexts.input_rows.shape[1]
    for a in range(STEP):
        o = first + a
        contexts.hidden_rows[a], contexts.sizes[a] = rows.zero, 0
        if o >= last or tokens.highest[o] == tokens.lowest[o]:
            continue
        n = 0
        for i in range(tokens.lowest[o], tokens.highest[o] + 1):
            contexts.input_rows[a, n] = borrow_input(input_layer, tokens.words[i], a * most + n, rows)
            n += np.int64(i != o)
        hidden = contexts.hidden.ctypes.data + a * rows.n_bytes
        add_rows(
            contexts.input_rows.ctypes.data + 8 * a * most,
            n, context_scale(n, settings), hidden, rows.n_bytes // (4 * LANES),
        )  # fmt: skip
        contexts.hidden_rows[a], contexts.sizes[a] = hidden, n
        n_centres += 1
    return n_centres


@inlined
def change_contexts(first, tokens, input_layer, settings, rows, contexts):
    """Pass the changes of the hidden vectors on to the words of their contexts, and clear them.

    Each word takes what the chain rule gives it: the change of the mean divided by the number of words, that of the sum
    whole. word2vec.c passes on the change of the mean undivided, as gensim does, which divides that of the sum instead:
    see Irsoy, Benton & Stratos 2021 (arXiv 2012.15332).
    """
    most = contexts.input_rows.shape[1]
    for a in range(STEP):
        if contexts.sizes[a]:
            change_rows(
                contexts.input_rows.ctypes.data + 8 * a * most,
                contexts.sizes[a], context_scale(contexts.sizes[a], settings),
                contexts.sums.ctypes.data + 4 * LANES * a, rows.n_bytes // (4 * LANES),
            )  # fmt: skip
            n = 0
            for i in range(tokens.lowest[first + a], tokens.highest[first + a] + 1):
                if i != first + a:
                    give_back_input(input_layer, tokens.words[i], a * most + n, rows)
                    n += 1
