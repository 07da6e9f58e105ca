"""Skip-gram with hierarchical softmax: the product of a centre's context and its tree path, in tiles.

As in word2vec.c, the input is the context word and the output is the centre. So all words of a context share a path:
    J_io = sum over the path of o of log s((1 - 2 code) x_i.y_node),   s(z) = 1 / (1 + exp(-z))
(Mikolov et al. 2013b, arXiv 1310.4546, section 2.1). A *step* of at most STEP words of a context computes its gradients
at the same weights, and applies them before the next step. The centres of a block share copies of the upper nodes.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Tree, Weights
from spacy_w2v._jit import inlined, inner, kernel
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
from spacy_w2v.kernels.tiles._blocks import find_block_gradients
from spacy_w2v.kernels.tiles._input_rows import gather_input, n_scratch_rows, prefetch_input
from spacy_w2v.kernels.tiles._instructions import STEP, block_update, half_block_update, spread_weights
from spacy_w2v.kernels.tiles._llvm import LANES, OUTPUTS
from spacy_w2v.kernels.tiles._rows import aligned, reduce_loss, rows_of

AHEAD = 8  # centres between the prefetch of a row and its use


class Work(NamedTuple):
    """Buffers of one call. A tile is OUTPUTS nodes by 4 inputs, one vector; the longest path has q tiles."""

    x_rows: np.ndarray  # int64[2 window + STEP], addresses of the context's input rows
    y_rows: np.ndarray  # int64[OUTPUTS q], addresses of the path's rows
    labels: np.ndarray  # float32[OUTPUTS q], 1 or -1, 0 for padding
    input_weights: np.ndarray  # float32[STEP], 1, 0 for padding
    weights: np.ndarray  # float32[q, 1 or 2, OUTPUTS, 4], flattened, label of the node
    gradient: np.ndarray  # same shape as weights
    sums: np.ndarray  # float32[STEP, LANES], flattened, zeros
    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]
    scratch: np.ndarray  # see Rows; one slot for each word of a context, and one for the centre


@inner
def _make_work(settings, longest, dimensions):
    n_outputs = (longest + OUTPUTS - 1) // OUTPUTS * OUTPUTS
    n_rows = n_scratch_rows(2 * settings.window + 1, settings)
    return Work(
        np.empty(2 * settings.window + STEP, np.int64), np.empty(n_outputs, np.int64), aligned(n_outputs),
        aligned(STEP), aligned(STEP * n_outputs), aligned(STEP * n_outputs), aligned(STEP * LANES), aligned(LANES),
        aligned(dimensions), aligned(n_rows * dimensions),
    )  # fmt: skip


@inner
def _plan_step(alpha, mean_length, share):
    """Return the number of context words per step, 1 to STEP, for which it is stable; see `_steps`.

    A node sums the gradients of all words of the step. A word sums one gradient per node of the path, for each of its
    occurrences in the context.

    Args:
        alpha: The learning rate.
        mean_length: Mean length of a path.
        share: Share of the words of the context whose change a vector takes: the share of the most frequent word, plus
            `overlap_of` the layer.
    """
    pooled = cap_alpha(alpha)
    inputs = LOGISTIC_INPUT_BOUND / (pooled * mean_length * share + 1e-9)
    return max(1, min(STEP, np.int64(min(inputs, OUTPUT_BOUND / (pooled + 1e-9)))))


@inlined
def _gather_context(centre, tokens, rows, work):
    """Find the addresses of the input vectors of a centre's context, padded, and return their number."""
    n = 0
    for i in range(tokens.lowest[centre], tokens.highest[centre] + 1):
        work.x_rows[n] = gather_input(i, n, tokens, rows)
        n += np.int64(i != centre)
    for a in range(n, n + STEP):
        work.x_rows[a] = rows.zero
    return n


@inlined
def _train_step(first, n_inputs, n_tiles, alpha, n_vectors, work):
    """Compute all gradients of a step at the current weights, then update inputs and outputs.

    Args:
        first: Index of the step's first context word.
        n_inputs: Number of its context words, at most STEP.
        n_tiles: Number of nodes on the padded path / OUTPUTS.
        alpha: The learning rate.
        n_vectors: d / LANES.
        work: Buffers.
    """
    x_rows, y_rows = work.x_rows.ctypes.data + 8 * first, work.y_rows.ctypes.data
    gradient, weights, sums = work.gradient.ctypes.data, work.weights.ctypes.data, work.sums.ctypes.data
    n_fours = 1 if n_inputs <= STEP // 2 else 2
    for a in range(4 * n_fours):
        work.input_weights[a] = np.float32(a < n_inputs)
    spread_weights(work.input_weights.ctypes.data, work.labels.ctypes.data, weights, n_tiles, n_fours)
    loss = work.loss.ctypes.data
    find_block_gradients(x_rows, y_rows, n_fours, n_tiles, weights, gradient, alpha, n_vectors, loss)
    for c in range(n_vectors):
        if n_fours == 1:
            half_block_update(x_rows, y_rows, n_tiles, gradient, sums, 4 * LANES * c)
        else:
            block_update(x_rows, y_rows, n_tiles, gradient, sums, 4 * LANES * c)


@inner
def _train_blocks(tokens, n_kept, n_tokens, subsampling, span, tree, weights, settings, alphas, work, upper):
    window, n_nodes = settings.window, weights.output.shape[0]
    rows = rows_of(span.first_row, weights, work.zero, work.scratch, settings)
    share, until = subsampling.highest_share + overlap_of(span.layer), window
    mean_length = np.log2(max(n_nodes, 1)) + 1
    loss, n_pairs = 0.0, 0
    single, turn = settings.workers == 1, 0
    first = window
    while first < window + n_kept:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        last = min(first + centres_per_copy(alpha, mean_context_size(settings), settings), window + n_kept)
        step = _plan_step(alpha, mean_length, share)
        pooled = cap_alpha(alpha * mean_context_size(settings)) * mean_length
        if single or first == window:
            copy_upper_nodes(n_nodes, rows, upper)
        for centre in range(first, last):
            if centre >= until:
                until = next_span(centre, pooled, tokens, subsampling, settings, rows, span)
            prefetch_input(centre + window + AHEAD, tokens, rows)
            prefetch_path(tokens.words[centre + AHEAD], tree, rows, upper)
            prefetch_codes(tokens.words[centre + 2 * AHEAD], tree)
            n_context = _gather_context(centre, tokens, rows, work)
            n_pairs += n_context
            length = find_path(tokens.words[centre], tree, rows, upper, 0, work.y_rows, work.labels)
            n_tiles = (length + OUTPUTS - 1) // OUTPUTS
            for p in range(length, n_tiles * OUTPUTS):
                work.y_rows[p], work.labels[p] = rows.zero, 0.0
            if n_tiles:
                for begin in range(0, n_context, step):
                    n_inputs = min(step, n_context - begin)
                    if begin and centre >= until:  # then each step has a span, in which words have the same slots
                        until = next_span(centre, pooled, tokens, subsampling, settings, rows, span)
                    _train_step(begin, n_inputs, n_tiles, alpha, rows.n_vectors, work)
        if single or last == window + n_kept:
            write_back_upper_nodes(n_nodes, rows, upper)
        else:
            exchange_upper_nodes(turn, n_nodes, rows, upper)
            turn += 1
        loss += reduce_loss(work.loss)
        first = last
    end_span(rows, span)
    return loss, n_pairs


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
        chunk, subsampling, input_layer, settings, drawn_window, random_state, settings.window + 2 * AHEAD
    )
    work = _make_work(settings, tree.longest, dimensions)
    span = make_span(input_layer, settings.window, weights)
    upper = make_upper_nodes(weights.output.shape[0], dimensions, settings)
    loss, n_pairs = _train_blocks(
        tokens, n_kept, chunk.tokens.size, subsampling, span, tree, weights, settings, alphas, work, upper
    )
    return loss, n_pairs, n_kept
