"""CBOW with negative sampling, in blocks of centres with shared noise words.

The mean (or the sum) h of the input vectors of a centre's context predicts the centre o (Mikolov et al. 2013a, arXiv
1301.3781). As in `_skipgram_negative`, a block shares its noise words, and a *step* of at most STEP centres computes
its gradients at the same weights:
    J_o = log s(h.y_o) + negative / n_noise * sum_k m_ok log s(-h.y_k),   s(z) = 1 / (1 + exp(-z))
where m_ok = 0 if the noise word k is the centre, otherwise 1.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, Noise, RandomState, Subsampling, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._contexts import change_contexts, gather_contexts, gradients_per_word, make_contexts
from spacy_w2v.kernels.blocked._input_spans import end_span, make_span, next_span, overlap_of
from spacy_w2v.kernels.blocked._shared_noise import (
    copy_noise,
    draw_noise,
    find_centres,
    make_shared_noise,
    write_back_noise,
)
from spacy_w2v.kernels.blocked._steps import (
    LOGISTIC_INPUT_BOUND,
    OUTPUT_BOUND,
    alpha_at,
    cap_alpha,
    inputs_per_block,
    mean_context_size,
)
from spacy_w2v.kernels.blocked._subsampled import limit_window, subsample_tokens
from spacy_w2v.kernels.tiles._blocks import find_block_gradients, place_in_tiles
from spacy_w2v.kernels.tiles._input_rows import prefetch_input
from spacy_w2v.kernels.tiles._instructions import (
    PAIRS,
    STEP,
    gradients,
    hidden_block_update,
    pair_products,
    pair_update,
    spread_weights,
)
from spacy_w2v.kernels.tiles._llvm import LANES, OUTPUTS
from spacy_w2v.kernels.tiles._row_instructions import prefetch_row
from spacy_w2v.kernels.tiles._rows import aligned, reduce_loss, rows_of

AHEAD = 24  # centres between the prefetch of a row and its use


class Work(NamedTuple):
    """Buffers of one call; see _skipgram_negative."""

    centre_rows: np.ndarray  # int64[block], addresses of the output rows of the block's centres
    step_rows: np.ndarray  # int64[STEP], those of the step's centres, or of a row of zeros
    labels: np.ndarray  # float32[PAIRS], 1 for a centre with a context, otherwise 0
    gradient: np.ndarray  # float32[PAIRS], gradients of the centres
    noise_weights: np.ndarray  # float32[n_noise / OUTPUTS, STEP / 4, OUTPUTS, 4], flattened, -m_ok negative / n_noise
    noise_gradient: np.ndarray  # same shape as noise_weights
    input_weights: np.ndarray  # float32[STEP], negative / n_noise for a centre with a context, otherwise 0
    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _make_work(settings, dimensions):
    n_noise = settings.n_noise
    return Work(
        np.empty(settings.block, np.int64), np.empty(STEP, np.int64), aligned(PAIRS), aligned(PAIRS),
        aligned(n_noise * STEP), aligned(n_noise * STEP), aligned(STEP), aligned(LANES), aligned(dimensions),
    )  # fmt: skip


@inner
def _plan_step(alpha, overlap, subsampling, noise, settings):
    """Return the number of centres per step, 1 to STEP, for which it is stable; see `_steps`.

    A noise row sums centres * negative gradients, times its share in the noise. The row of a centre sums as many
    gradients as it has tokens in the step. The words of a context sum at most centres * (1 + negative) gradients,
    divided by the number of context words if h is their mean. Of the change of each other context word, they take the
    share `overlap`.
    """
    pooled = cap_alpha(alpha)
    inputs = (
        LOGISTIC_INPUT_BOUND
        * (mean_context_size(settings) if settings.cbow_mean else 1)
        / (pooled * (1 + settings.negative) * (1.0 + overlap * mean_context_size(settings)) + 1e-9)
    )
    noise_weight = settings.negative * max(1.0 / settings.n_noise, noise.highest_share)
    outputs = OUTPUT_BOUND / (pooled * max(noise_weight, subsampling.highest_share) + 1e-9)
    return max(1, min(STEP, np.int64(min(inputs, outputs))))


@inlined
def _set_weights(first, last, origin, n_collisions, settings, rows, shared, contexts, work):
    """Set the output rows and labels of a step's centres, and the weights of its noise words.

    Args:
        first: The step's first token.
        last: The token after its last.
        origin: The block's first token.
        n_collisions: Number of entries in `shared.collisions`.
        settings: KernelSettings.
        rows: Addresses of the rows.
        shared: The block's noise words.
        contexts: The contexts of the step.
        work: Buffers, which are filled.
    """
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for a in range(STEP):
        known = contexts.sizes[a] > 0
        work.step_rows[a] = work.centre_rows[first + a - origin] if known else rows.zero
        work.labels[a], work.input_weights[a] = np.float32(known), noise_share if known else np.float32(0.0)
    weights = work.noise_weights.ctypes.data
    spread_weights(
        work.input_weights.ctypes.data, shared.labels.ctypes.data, weights, settings.n_noise // OUTPUTS, STEP // 4
    )
    for c in range(n_collisions):
        if first <= shared.collisions[0, c] < last:
            work.noise_weights[place_in_tiles(shared.collisions[0, c] - first, shared.collisions[1, c])] = 0.0


@inlined
def _train_step(alpha, ahead, tokens, settings, rows, shared, contexts, work):
    """Compute all gradients at the current weights, then update the outputs and sum the changes of hidden vectors.

    ahead: the first centre of a later step and the one after its last, whose rows are prefetched bit by bit, as in
    `_skipgram_negative`.
    """
    n_vectors, n_ahead = rows.n_vectors, ahead[1] - ahead[0]
    hidden_rows, noise_rows, loss = contexts.hidden_rows.ctypes.data, shared.rows.ctypes.data, work.loss.ctypes.data
    gradient, sums = work.noise_gradient.ctypes.data, contexts.sums.ctypes.data
    n_tiles = shared.rows.shape[0] // OUTPUTS
    weights = work.noise_weights.ctypes.data
    find_block_gradients(hidden_rows, noise_rows, STEP // 4, n_tiles, weights, gradient, alpha, n_vectors, loss)
    centre_gradient = work.gradient.ctypes.data
    pair_products(hidden_rows, work.step_rows.ctypes.data, n_vectors, centre_gradient)
    gradients(centre_gradient, work.labels.ctypes.data, PAIRS // LANES, alpha, loss)
    for a in range(STEP):
        if contexts.sizes[a]:
            pair_update(
                contexts.hidden_rows[a], work.step_rows.ctypes.data + 8 * a, centre_gradient + 4 * a,
                sums + 4 * LANES * a, n_vectors,
            )  # fmt: skip
    for c in range(n_vectors):
        for i in range(ahead[0] + n_ahead * c // n_vectors, ahead[0] + n_ahead * (c + 1) // n_vectors):
            prefetch_input(i + settings.window, tokens, rows)
            prefetch_row(rows.output + np.int64(tokens.words[i]) * rows.n_bytes, rows.n_bytes >> 6)
        hidden_block_update(hidden_rows, noise_rows, n_tiles, gradient, sums + 4 * LANES * STEP * c, 4 * LANES * c)


@inner
def _train_blocks(
    tokens, n_kept, n_tokens, subsampling, span, noise, weights, settings, alphas, state, work, shared, contexts
):
    window, n_noise = settings.window, settings.n_noise
    rows = rows_of(span.first_row, weights, work.zero, contexts.scratch, settings)
    overlap, until = overlap_of(span.layer), window
    loss, n_predicted = 0.0, 0
    draw_noise(0, n_noise, noise, rows, state, shared)
    first = window
    while first < window + n_kept:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        pooled = cap_alpha(alpha) * (1 + settings.negative) * gradients_per_word(settings)
        last = min(first + inputs_per_block(pooled, overlap, settings), window + n_kept)
        copy_noise(rows, shared)
        n_collisions = find_centres(first, last, tokens, rows, shared, work.centre_rows)
        step = _plan_step(alpha, overlap, subsampling, noise, settings)
        drawn = 0
        for begin in range(first, last, step):
            end = min(begin + step, last)
            if begin >= until:
                until = next_span(begin, pooled, tokens, subsampling, settings, rows, span)
            to_draw = n_noise * (end - first) // (last - first)
            draw_noise(drawn, to_draw, noise, rows, state, shared)
            drawn = to_draw
            n_centres = gather_contexts(begin, end, tokens, settings, rows, contexts)
            if n_centres:
                n_predicted += n_centres
                _set_weights(begin, end, first, n_collisions, settings, rows, shared, contexts, work)
                ahead = begin + AHEAD, end + AHEAD
                _train_step(alpha, ahead, tokens, settings, rows, shared, contexts, work)
                change_contexts(settings, rows, contexts)
        write_back_noise(rows, shared)
        loss += reduce_loss(work.loss)
        first = last
    end_span(rows, span)
    return loss, n_predicted


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    input_layer: InputLayer,
    noise: Noise,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk and update the weights in place. See `kernels.TrainChunk`.

    The learning rate is that of a block's first token.
    """
    drawn_window, settings = settings.window, limit_window(settings, chunk)
    dimensions = weights.input.shape[1]
    tokens, n_kept = subsample_tokens(
        chunk, subsampling, input_layer, settings, drawn_window, random_state, AHEAD + STEP
    )
    work, contexts = _make_work(settings, dimensions), make_contexts(settings, dimensions)
    span = make_span(input_layer, settings.window, weights)
    shared = make_shared_noise(settings.n_noise, settings.block, dimensions, random_state)
    loss, n_predicted = _train_blocks(
        tokens, n_kept, chunk.tokens.size, subsampling, span, noise, weights, settings, alphas, random_state, work,
        shared, contexts,
    )  # fmt: skip
    return loss, n_predicted, n_kept
