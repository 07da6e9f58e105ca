"""The contexts of a step of CBOW: computing their hidden vectors and applying the changes of these vectors."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.blocked._steps import mean_context_size
from spacy_w2v.kernels.tiles._input_rows import gather_input, n_scratch_rows
from spacy_w2v.kernels.tiles._instructions import STEP
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._row_instructions import add_rows, change_rows
from spacy_w2v.kernels.tiles._rows import aligned


class Contexts(NamedTuple):
    """Buffers of one call. `hidden` has one row for each centre of a step."""

    hidden: np.ndarray  # float32[STEP, d], flattened
    hidden_rows: np.ndarray  # int64[STEP], their addresses, or that of a row of zeros for centres without a context
    input_rows: np.ndarray  # int64[STEP, 2 window], addresses of the vectors of each context
    sizes: np.ndarray  # int64[STEP], number of words in each context
    sums: np.ndarray  # float32[d / LANES, STEP, LANES], flattened, changes of the hidden vectors
    scratch: np.ndarray  # see Rows; one slot for each word of each context


@inner
def make_contexts(settings, dimensions):
    """Return buffers for the window of the settings."""
    n_rows = n_scratch_rows(STEP * 2 * settings.window, settings)
    return Contexts(
        aligned(STEP * dimensions), np.empty(STEP, np.int64), np.empty((STEP, 2 * settings.window), np.int64),
        np.zeros(STEP, np.int64), aligned(STEP * dimensions), aligned(n_rows * dimensions),
    )  # fmt: skip


@inlined
def context_scale(n_words, settings):
    """Return the factor of a context's sum and of its words' changes: 1 / n_words for a mean, 1 for a sum."""
    return np.float32(1.0) / np.float32(n_words) if settings.cbow_mean else np.float32(1.0)


@inlined
def gradients_per_word(settings):
    """Return the sum of the factors with which a token takes part in the contexts of its neighbours, on average."""
    return 1 if settings.cbow_mean else mean_context_size(settings)


@inlined
def gather_contexts(first, last, tokens, settings, rows, contexts):
    """Compute the hidden vectors of a step, and return the number of centres that have a context.

    Args:
        first: The step's first token.
        last: The token after its last.
        tokens: The subsampled tokens.
        settings: KernelSettings.
        rows: Addresses of the rows.
        contexts: Buffers, which are filled.
    """
    n_centres, max_words = 0, contexts.input_rows.shape[1]
    for a in range(STEP):
        o = first + a
        contexts.hidden_rows[a], contexts.sizes[a] = rows.zero, 0
        if o >= last or tokens.highest[o] == tokens.lowest[o]:
            continue
        n = 0
        for i in range(tokens.lowest[o], tokens.highest[o] + 1):
            contexts.input_rows[a, n] = gather_input(i, a * max_words + n, tokens, rows)
            n += np.int64(i != o)
        hidden = contexts.hidden.ctypes.data + a * rows.n_bytes
        add_rows(
            contexts.input_rows.ctypes.data + 8 * a * max_words,
            n, context_scale(n, settings), hidden, rows.n_vectors,
        )  # fmt: skip
        contexts.hidden_rows[a], contexts.sizes[a] = hidden, n
        n_centres += 1
    return n_centres


@inlined
def change_contexts(settings, rows, contexts):
    """Add the changes of the hidden vectors to the vectors of their context words, and clear them.

    By the chain rule, each word takes the whole change of a sum, and 1 / n of the change of a mean of n words.
    word2vec.c and gensim apply the whole change of a mean, and gensim divides that of a sum (Irsoy, Benton & Stratos
    2021, arXiv 2012.15332).
    """
    max_words = contexts.input_rows.shape[1]
    for a in range(STEP):
        if contexts.sizes[a]:
            change_rows(
                contexts.input_rows.ctypes.data + 8 * a * max_words,
                contexts.sizes[a], context_scale(contexts.sizes[a], settings),
                contexts.sums.ctypes.data + 4 * LANES * a, rows.n_vectors,
            )  # fmt: skip
