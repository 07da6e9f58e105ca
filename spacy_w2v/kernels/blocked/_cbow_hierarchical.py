"""CBOW with hierarchical softmax by blocks of centres that share copies of the upper nodes.

The mean (or the sum) h of the input vectors of a centre's context predicts the centre by its path through the tree
(Morin & Bengio 2005; Mikolov et al. 2013b, arXiv 1310.4546, section 2.1):
    J_o = sum over the path of log s((1 - 2 code) h.y_node),   s(z) = 1 / (1 + exp(-z))
A *step* of at most STEP centres takes its gradients at the same weights, and applies them before the next step.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Tree, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._contexts import change_contexts, gather_contexts, make_contexts
from spacy_w2v.kernels.blocked._groups import change_outputs, find_gradients, make_groups, pad_groups
from spacy_w2v.kernels.blocked._steps import (
    INPUT_BOUND,
    OUTPUT_BOUND,
    alpha_at,
    bounded,
    life_of_copies,
    words_of_a_window,
)
from spacy_w2v.kernels.blocked._subsampled import subsample_tokens, within_sentences
from spacy_w2v.kernels.blocked._tree_paths import (
    copy_upper_nodes,
    find_path,
    make_upper_nodes,
    prefetch_codes,
    prefetch_path,
    write_back_upper_nodes,
)
from spacy_w2v.kernels.tiles._input_rows import prefetch_input
from spacy_w2v.kernels.tiles._instructions import STEP
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned, reduce_loss, rows_of

AHEAD = 16  # centres from asking for a row to using it


class Work(NamedTuple):
    """Buffers of one call."""

    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _plan_step(alpha, mean_length, settings):
    """How many centres share a step, 1 to STEP, so that it is stable: see `_steps`.

    The root pools the centres of a step. The words of a context pool centres * length of a path, divided by their
    number where h is their mean.
    """
    pooled = bounded(alpha)
    inputs = INPUT_BOUND * (words_of_a_window(settings) if settings.cbow_mean else 1) / (pooled * mean_length + 1e-9)
    return max(1, min(STEP, np.int64(min(inputs, OUTPUT_BOUND / (pooled + 1e-9)))))


@inlined
def _collect_paths(first, tokens, tree, rows, upper, contexts, groups):
    """The nodes on the paths of the step's centres, in groups. Returns how many groups."""
    n_groups = 0
    for a in range(STEP):
        if contexts.sizes[a]:
            start = 4 * n_groups
            end = start + find_path(tokens.words[first + a], tree, rows, upper, start, groups.y_rows, groups.labels)
            while 4 * n_groups < end:
                groups.x_rows[n_groups], groups.inputs[n_groups] = contexts.hidden_rows[a], a
                n_groups += 1
            for p in range(end, 4 * n_groups):
                groups.y_rows[p], groups.labels[p] = rows.zero, 0.0
    pad_groups(n_groups, rows, groups)
    return n_groups


@inner
def _train_blocks(
    tokens, n_kept, n_tokens, input_layer, tree, weights, settings, alphas, work, upper, contexts, groups
):
    window, n_nodes = settings.window, weights.output.shape[0]
    rows = rows_of(weights, work.zero, contexts.scratch, settings)
    n_vectors = rows.n_bytes // (4 * LANES)
    mean_length = np.log2(max(n_nodes, 1)) + 1
    loss, n_predicted = 0.0, 0
    first = window
    while first < window + n_kept:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        last = min(first + life_of_copies(alpha, 1, settings), window + n_kept)
        step = _plan_step(alpha, mean_length, settings)
        copy_upper_nodes(n_nodes, rows, upper)
        for begin in range(first, last, step):
            end = min(begin + step, last)
            for i in range(begin + AHEAD, end + AHEAD):
                prefetch_input(input_layer, tokens.words[i + window], 0, rows)
                prefetch_path(tokens.words[i], tree, rows, upper)
                prefetch_codes(tokens.words[i + AHEAD], tree)
            n_centres = gather_contexts(begin, end, tokens, input_layer, settings, rows, contexts)
            if n_centres:
                n_predicted += n_centres
                n_groups = _collect_paths(begin, tokens, tree, rows, upper, contexts, groups)
                if n_groups:  # else there is one word only, and nothing to tell apart
                    find_gradients(n_groups, alpha, n_vectors, groups, work.loss.ctypes.data)
                    change_outputs(n_groups, n_vectors, groups, contexts.sums.ctypes.data)
                    change_contexts(begin, tokens, input_layer, settings, rows, contexts)
        write_back_upper_nodes(n_nodes, rows, upper)
        loss += reduce_loss(work.loss)
        first = last
    return loss, n_predicted


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    input_layer: InputLayer,
    tree: Tree,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk. Returns the summed loss, the number of centres with a context and of kept tokens.

    weights: as in _skipgram_negative, but the output rows are those of the tree's inner nodes.
    """
    widest, settings = settings.window, within_sentences(settings, chunk)
    dimensions = weights.input.shape[1]
    tokens, n_kept = subsample_tokens(
        chunk, subsampling, settings, widest, random_state, settings.window + 2 * AHEAD + STEP
    )
    work, contexts = Work(aligned(LANES), aligned(dimensions)), make_contexts(input_layer, settings, dimensions)
    upper, groups = make_upper_nodes(weights.output.shape[0], dimensions), make_groups(STEP * (tree.longest // 4 + 1))
    loss, n_predicted = _train_blocks(
        tokens, n_kept, chunk.tokens.size, input_layer, tree, weights, settings, alphas, work, upper, contexts, groups
    )
    return loss, n_predicted, n_kept
