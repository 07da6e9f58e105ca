"""CBOW with hierarchical softmax, in blocks of centres that share copies of the upper tree nodes.

The mean (or the sum) h of the input vectors of a centre's context predicts the centre by its path through the tree
(Morin & Bengio 2005; Mikolov et al. 2013b, arXiv 1310.4546, section 2.1):
    J_o = sum over the path of log s((1 - 2 code) h.y_node),   s(z) = 1 / (1 + exp(-z))
A *step* of at most STEP centres computes its gradients at the same weights, and applies them before the next step.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Tree, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._contexts import change_contexts, gather_contexts, gradients_per_word, make_contexts
from spacy_w2v.kernels.blocked._groups import change_outputs, find_gradients, make_groups, pad_groups
from spacy_w2v.kernels.blocked._input_spans import end_span, make_span, next_span, overlap_of
from spacy_w2v.kernels.blocked._steps import (
    LOGISTIC_INPUT_BOUND,
    OUTPUT_BOUND,
    alpha_at,
    cap_alpha,
    centres_per_copy,
    mean_context_size,
)
from spacy_w2v.kernels.blocked._subsampled import limit_window, subsample_tokens
from spacy_w2v.kernels.blocked._tree_paths import (
    copy_upper_nodes,
    exchange_upper_nodes,
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

AHEAD = 16  # centres between the prefetch of a row and its use


class Work(NamedTuple):
    """Buffers of one call."""

    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _plan_step(alpha, mean_length, overlap, settings):
    """Return the number of centres per step, 1 to STEP, for which it is stable; see `_steps`.

    The root sums the gradients of all centres of a step. The words of a context sum centres * path length gradients,
    divided by their number if h is their mean. Of the change of each other context word, they take the share `overlap`.

    Args:
        alpha: The learning rate.
        mean_length: Mean length of a path.
        overlap: See `overlap_of`.
        settings: KernelSettings.
    """
    pooled = cap_alpha(alpha)
    inputs = (
        LOGISTIC_INPUT_BOUND
        * (mean_context_size(settings) if settings.cbow_mean else 1)
        / (pooled * mean_length * (1.0 + overlap * mean_context_size(settings)) + 1e-9)
    )
    return max(1, min(STEP, np.int64(min(inputs, OUTPUT_BOUND / (pooled + 1e-9)))))


@inlined
def _collect_paths(first, tokens, tree, rows, upper, contexts, groups):
    """Fill `groups` with the nodes on the paths of a step's centres, and return the number of groups.

    The step begins at token `first`.
    """
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
    tokens, n_kept, n_tokens, subsampling, span, tree, weights, settings, alphas, work, upper, contexts, groups
):
    window, n_nodes = settings.window, weights.output.shape[0]
    rows = rows_of(span.first_row, weights, work.zero, contexts.scratch, settings)
    n_vectors = rows.n_vectors
    mean_length = np.log2(max(n_nodes, 1)) + 1
    overlap, until = overlap_of(span.layer), window
    loss, n_predicted = 0.0, 0
    single, turn = settings.workers == 1, 0
    first = window
    while first < window + n_kept:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        last = min(first + centres_per_copy(alpha, 1, settings), window + n_kept)
        step = _plan_step(alpha, mean_length, overlap, settings)
        if single or first == window:
            copy_upper_nodes(n_nodes, rows, upper)
        for begin in range(first, last, step):
            end = min(begin + step, last)
            if begin >= until:
                pooled = cap_alpha(alpha) * mean_length * gradients_per_word(settings)
                until = next_span(begin, pooled, tokens, subsampling, settings, rows, span)
            for i in range(begin + AHEAD, end + AHEAD):
                prefetch_input(i + window, tokens, rows)
                prefetch_path(tokens.words[i], tree, rows, upper)
                prefetch_codes(tokens.words[i + AHEAD], tree)
            n_centres = gather_contexts(begin, end, tokens, settings, rows, contexts)
            if n_centres:
                n_predicted += n_centres
                n_groups = _collect_paths(begin, tokens, tree, rows, upper, contexts, groups)
                if n_groups:  # no groups if the vocabulary has only one word: its path is empty
                    find_gradients(n_groups, alpha, n_vectors, groups, work.loss.ctypes.data)
                    change_outputs(n_groups, n_vectors, groups, contexts.sums.ctypes.data)
                    change_contexts(settings, rows, contexts)
        if single or last == window + n_kept:
            write_back_upper_nodes(n_nodes, rows, upper)
        else:
            exchange_upper_nodes(turn, n_nodes, rows, upper)
            turn += 1
        loss += reduce_loss(work.loss)
        first = last
    end_span(rows, span)
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
    """Train on a chunk and update the weights in place. See `kernels.TrainChunk`.

    The output rows are those of the tree's inner nodes. The learning rate is that of a block's first token.
    """
    drawn_window, settings = settings.window, limit_window(settings, chunk)
    dimensions = weights.input.shape[1]
    tokens, n_kept = subsample_tokens(
        chunk, subsampling, input_layer, settings, drawn_window, random_state, settings.window + 2 * AHEAD + STEP
    )
    work, contexts = Work(aligned(LANES), aligned(dimensions)), make_contexts(settings, dimensions)
    span = make_span(input_layer, settings.window, weights)
    upper, groups = (
        make_upper_nodes(weights.output.shape[0], dimensions, settings),
        make_groups(STEP * (tree.longest // 4 + 1)),
    )
    loss, n_predicted = _train_blocks(
        tokens, n_kept, chunk.tokens.size, subsampling, span, tree, weights, settings, alphas, work, upper, contexts,
        groups,
    )  # fmt: skip
    return loss, n_predicted, n_kept
