"""CBOW with hierarchical softmax by blocks of centres that share copies of the upper nodes.

The mean (or the sum) h of the input vectors of a centre's context predicts the centre by its path through the tree
(Morin & Bengio 2005; Mikolov et al. 2013b, arXiv 1310.4546, section 2.1):
    J_o = sum over the path of log s((1 - 2 code) h.y_node),   s(z) = 1 / (1 + exp(-z))
A *step* of at most STEP centres takes its gradients at the same weights, and applies them before the next step.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, KernelSettings, RandomState, Subsampling, Tree, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._contexts import change_contexts, gather_contexts, make_contexts
from spacy_w2v.kernels.blocked._groups import change_outputs, find_gradients, make_groups, pad_groups
from spacy_w2v.kernels.blocked._kept import keep_tokens, within_sentences
from spacy_w2v.kernels.blocked._steps import (
    INPUT_BOUND,
    OUTPUT_BOUND,
    alpha_at,
    bounded,
    life_of_copies,
    words_of_a_window,
)
from spacy_w2v.kernels.blocked._tree_paths import (
    close_upper_nodes,
    find_path,
    make_upper_nodes,
    open_upper_nodes,
    prefetch_codes,
    prefetch_path,
)
from spacy_w2v.kernels.tiles._instructions import STEP, prefetch_row
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned, input_row, rows_of, take_loss

AHEAD = 16  # centres from asking for a row to using it


class Work(NamedTuple):
    """Buffers of one call."""

    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _plan_step(alpha, mean_length, settings):
    """How many centres share a step, 1 to STEP, so that it is stable: see `steps`.

    The root pools the centres of a step. The words of a context pool centres * length of a path, divided by their
    number where h is their mean.
    """
    pooled = bounded(alpha)
    inputs = INPUT_BOUND * (words_of_a_window(settings) if settings.cbow_mean else 1) / (pooled * mean_length + 1e-9)
    return max(1, min(STEP, np.int64(min(inputs, OUTPUT_BOUND / (pooled + 1e-9)))))


@inlined
def _collect_paths(first, kept, tree, rows, upper, contexts, groups):
    """The nodes on the paths of the step's centres, in groups. Returns how many groups."""
    n_groups = 0
    for a in range(STEP):
        if contexts.sizes[a]:
            start = 4 * n_groups
            end = start + find_path(kept.words[first + a], tree, rows, upper, start, groups.y_rows, groups.labels)
            while 4 * n_groups < end:
                groups.x_rows[n_groups], groups.inputs[n_groups] = contexts.hidden_rows[a], a
                n_groups += 1
            for p in range(end, 4 * n_groups):
                groups.y_rows[p], groups.labels[p] = rows.zero, 0.0
    pad_groups(n_groups, rows, groups)
    return n_groups


@inner
def _train_blocks(kept, n_kept, n_tokens, tree, weights, settings, alphas, work, upper, contexts, groups):
    window, n_nodes = settings.window, weights.output.shape[0]
    rows = rows_of(weights, work.zero, contexts.spare, settings)
    n_vectors = rows.n_bytes // (4 * LANES)
    mean_length = np.log2(max(n_nodes, 1)) + 1
    loss, n_predicted = 0.0, 0
    first = window
    while first < window + n_kept:
        alpha = alpha_at(kept.places[first], n_tokens, alphas)
        last = min(first + life_of_copies(alpha, 1, settings), window + n_kept)
        step = _plan_step(alpha, mean_length, settings)
        open_upper_nodes(n_nodes, rows, upper)
        for begin in range(first, last, step):
            end = min(begin + step, last)
            for i in range(begin + AHEAD, end + AHEAD):
                prefetch_row(input_row(kept.words[i + window], rows), rows.n_bytes >> 6)
                prefetch_path(kept.words[i], tree, rows, upper)
                prefetch_codes(kept.words[i + AHEAD], tree)
            n_centres = gather_contexts(begin, end, kept, settings, rows, contexts)
            if n_centres:
                n_predicted += n_centres
                n_groups = _collect_paths(begin, kept, tree, rows, upper, contexts, groups)
                if n_groups:  # else there is one word only, and nothing to tell apart
                    find_gradients(n_groups, alpha, n_vectors, groups, work.loss.ctypes.data)
                    change_outputs(n_groups, n_vectors, groups, contexts.sums.ctypes.data)
                    change_contexts(settings, rows, contexts)
        close_upper_nodes(n_nodes, rows, upper)
        loss += take_loss(work.loss)
        first = last
    return loss, n_predicted


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    tree: Tree,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk. Returns the summed loss, the number of centres with a context and of kept tokens.

    weights: as in skipgram_negative, but the output rows are those of the tree's inner nodes.
    """
    widest, settings = settings.window, within_sentences(settings, chunk)
    dimensions = weights.input.shape[1]
    kept, n_kept = keep_tokens(chunk, subsampling, settings, widest, random_state, settings.window + 2 * AHEAD + STEP)
    work, contexts = Work(aligned(LANES), aligned(dimensions)), make_contexts(settings, dimensions)
    upper, groups = make_upper_nodes(weights.output.shape[0], dimensions), make_groups(STEP * (tree.longest // 4 + 1))
    loss, n_predicted = _train_blocks(
        kept, n_kept, chunk.tokens.size, tree, weights, settings, alphas, work, upper, contexts, groups
    )
    return loss, n_predicted, n_kept
