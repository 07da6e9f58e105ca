"""The contexts of a step of CBOW: their hidden vectors, and what becomes of the changes of these."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._instructions import STEP, add_rows, change_rows
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned, input_row, row_stays


class Contexts(NamedTuple):
    """Buffers of one call: a row of `hidden` for each centre of a step."""

    hidden: np.ndarray  # float32[STEP, d] in one row
    hidden_rows: np.ndarray  # int64[STEP], their addresses; of a row of zeros for centres without a context
    input_rows: np.ndarray  # int64[STEP, 2 window], where the words of each context take their changes
    sizes: np.ndarray  # int64[STEP], words of each context
    sums: np.ndarray  # float32[d / LANES, STEP, LANES] in one row, change of the hidden vectors
    spare: np.ndarray  # float32[d], takes the changes of frozen words


@inner
def make_contexts(settings, dimensions):
    """Buffers for windows of these settings."""
    return Contexts(
        aligned(STEP * dimensions), np.empty(STEP, np.int64), np.empty((STEP, 2 * settings.window), np.int64),
        np.zeros(STEP, np.int64), aligned(STEP * dimensions), aligned(dimensions),
    )  # fmt: skip


@inlined
def context_scale(n_words, settings):
    """What the sum of a context is multiplied by, and the change of each of its words: it is a mean, or stays a sum."""
    return np.float32(1.0) / np.float32(n_words) if settings.cbow_mean else np.float32(1.0)


@inlined
def gather_contexts(first, last, kept, settings, rows, contexts):
    """The hidden vectors of the centres `first` to `last`. Returns how many have a context."""
    n_centres = 0
    for a in range(STEP):
        o = first + a
        contexts.hidden_rows[a], contexts.sizes[a] = rows.zero, 0
        if o >= last or kept.highest[o] == kept.lowest[o]:
            continue
        n = 0
        for i in range(kept.lowest[o], kept.highest[o] + 1):
            contexts.input_rows[a, n] = input_row(kept.words[i], rows)
            n += np.int64(i != o)
        hidden = contexts.hidden.ctypes.data + a * rows.n_bytes
        add_rows(
            contexts.input_rows.ctypes.data + 8 * a * contexts.input_rows.shape[1],
            n, context_scale(n, settings), hidden, rows.n_bytes // (4 * LANES),
        )  # fmt: skip
        contexts.hidden_rows[a], contexts.sizes[a] = hidden, n
        n_centres += 1
        if rows.frozen:
            _spare_frozen(a, o, kept, rows, contexts)
    return n_centres


@inlined
def _spare_frozen(a, o, kept, rows, contexts):
    """Let the changes of the frozen words in the context of centre `o` go to the spare row."""
    n = 0
    for i in range(kept.lowest[o], kept.highest[o] + 1):
        if i != o:
            if row_stays(kept.words[i], rows):
                contexts.input_rows[a, n] = rows.spare
            n += 1


@inlined
def change_contexts(settings, rows, contexts):
    """Hand the changes of the hidden vectors on to the words of their contexts, and clear them.

    Each word takes what the chain rule gives it: the change of the mean divided by the number of words, that of the sum
    whole. word2vec.c hands on the change of the mean undivided, as gensim does, which divides that of the sum instead:
    see Irsoy, Benton & Stratos 2021 (arXiv 2012.15332).
    """
    for a in range(STEP):
        if contexts.sizes[a]:
            change_rows(
                contexts.input_rows.ctypes.data + 8 * a * contexts.input_rows.shape[1],
                contexts.sizes[a], context_scale(contexts.sizes[a], settings),
                contexts.sums.ctypes.data + 4 * LANES * a, rows.n_bytes // (4 * LANES),
            )  # fmt: skip
