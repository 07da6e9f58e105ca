"""CBOW with negative sampling by blocks: shared noise, and products of vector instructions.

The mean (or the sum) h of the input vectors of a centre's context predicts the centre o (Mikolov et al. 2013a, arXiv
1301.3781). As in `_skipgram_negative`, a block, here of centres, shares noise words, and a *step* of at most STEP
centres takes its gradients at the same weights:
    J_o = log s(h.y_o) + negative / n_noise * sum_k m_ok log s(-h.y_k),   s(z) = 1 / (1 + exp(-z))
with m_ok = 0 where the noise word k is the centre, else 1.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, Noise, RandomState, Subsampling, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._contexts import change_contexts, gather_contexts, make_contexts
from spacy_w2v.kernels.blocked._shared_noise import (
    copy_noise,
    draw_noise,
    find_centres,
    make_shared_noise,
    write_back_noise,
)
from spacy_w2v.kernels.blocked._steps import INPUT_BOUND, OUTPUT_BOUND, alpha_at, bounded, words_of_a_window
from spacy_w2v.kernels.blocked._subsampled import subsample_tokens, within_sentences
from spacy_w2v.kernels.tiles._blocks import find_block_gradients, place_in_tiles
from spacy_w2v.kernels.tiles._input_rows import prefetch_input
from spacy_w2v.kernels.tiles._instructions import (
    STEP,
    gradients,
    hidden_block_update,
    pair_products,
    pair_update,
    prefetch_row,
    spread_weights,
)
from spacy_w2v.kernels.tiles._llvm import LANES, QUADS
from spacy_w2v.kernels.tiles._rows import aligned, reduce_loss, rows_of


class Work(NamedTuple):
    """Buffers of one call; see _skipgram_negative."""

    centre_rows: np.ndarray  # int64[block], output rows of the block's centres
    step_rows: np.ndarray  # int64[STEP], those of the step's centres
    labels: np.ndarray  # float32[LANES], 1 for a centre with a context, else 0
    gradient: np.ndarray  # float32[LANES], of the centres
    noise_weights: np.ndarray  # float32[n_noise / QUADS, STEP / 4, QUADS, 4] in one row, -m_ok negative / n_noise
    noise_gradient: np.ndarray  # as noise_weights
    input_weights: np.ndarray  # float32[STEP], negative / n_noise for a centre with a context, else 0
    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _make_work(settings, dimensions):
    n_noise = settings.n_noise
    return Work(
        np.empty(settings.block, np.int64), np.empty(STEP, np.int64), aligned(LANES), aligned(LANES),
        aligned(n_noise * STEP), aligned(n_noise * STEP), aligned(STEP), aligned(LANES), aligned(dimensions),
    )  # fmt: skip


@inner
def _plan_step(alpha, subsampling, noise, settings):
    """How many centres share a step, 1 to STEP, so that it is stable: see `_steps`.

    A noise row pools centres * negative, times its share in the noise, and the row of a centre its share in the tokens.
    The words of a context move together: over a step they pool at most centres * (1 + negative), divided by the words
    of a context where h is their mean.
    """
    pooled = bounded(alpha)
    inputs = (
        INPUT_BOUND
        * (words_of_a_window(settings) if settings.cbow_mean else 1)
        / (pooled * (1 + settings.negative) + 1e-9)
    )
    of_noise = settings.negative * max(1.0 / settings.n_noise, noise.highest_share)
    outputs = OUTPUT_BOUND / (pooled * max(of_noise, subsampling.highest_share) + 1e-9)
    return max(1, min(STEP, np.int64(min(inputs, outputs))))


@inlined
def _weigh(first, last, origin, n_collisions, settings, rows, shared, contexts, work):
    """The output rows of the step's centres, their labels, and the weights of the noise."""
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for a in range(STEP):
        known = contexts.sizes[a] > 0
        work.step_rows[a] = work.centre_rows[first + a - origin] if known else rows.zero
        work.labels[a], work.input_weights[a] = np.float32(known), noise_share if known else np.float32(0.0)
    weights = work.noise_weights.ctypes.data
    spread_weights(
        work.input_weights.ctypes.data, shared.labels.ctypes.data, weights, settings.n_noise // QUADS, STEP // 4
    )
    for c in range(n_collisions):
        if first <= shared.collisions[0, c] < last:
            work.noise_weights[place_in_tiles(shared.collisions[0, c] - first, shared.collisions[1, c])] = 0.0


@inlined
def _train_step(alpha, n_vectors, shared, contexts, work):
    """All products and their gradients at the current weights, and then the changes of outputs and hidden vectors."""
    hidden_rows, noise_rows, loss = contexts.hidden_rows.ctypes.data, shared.rows.ctypes.data, work.loss.ctypes.data
    gradient, sums = work.noise_gradient.ctypes.data, contexts.sums.ctypes.data
    n_quads = shared.rows.shape[0] // QUADS
    weights = work.noise_weights.ctypes.data
    find_block_gradients(hidden_rows, noise_rows, STEP // 4, n_quads, weights, gradient, alpha, n_vectors, loss)
    of_centres = work.gradient.ctypes.data
    pair_products(hidden_rows, work.step_rows.ctypes.data, n_vectors, of_centres)
    gradients(of_centres, work.labels.ctypes.data, 1, alpha, loss)
    for a in range(STEP):
        if contexts.sizes[a]:
            pair_update(
                contexts.hidden_rows[a], work.step_rows.ctypes.data + 8 * a, of_centres + 4 * a, sums + 4 * LANES * a,
                n_vectors,
            )  # fmt: skip
    for c in range(n_vectors):
        hidden_block_update(hidden_rows, noise_rows, n_quads, gradient, sums + 4 * LANES * STEP * c, 4 * LANES * c)


@inner
def _train_blocks(
    tokens, n_kept, n_tokens, subsampling, input_layer, noise, weights, settings, alphas, state, work, shared, contexts
):
    window, block, n_noise = settings.window, settings.block, settings.n_noise
    rows = rows_of(weights, work.zero, contexts.scratch, settings)
    loss, n_predicted = 0.0, 0
    draw_noise(0, n_noise, noise, rows, state, shared)
    for first in range(window, window + n_kept, block):
        last = min(first + block, window + n_kept)
        copy_noise(rows, shared)
        n_collisions = find_centres(first, last, tokens, rows, shared, work.centre_rows)
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        step = _plan_step(alpha, subsampling, noise, settings)
        drawn = 0
        for begin in range(first, last, step):
            end = min(begin + step, last)
            until = n_noise * (end - first) // (last - first)
            draw_noise(drawn, until, noise, rows, state, shared)
            drawn = until
            for i in range(begin + block, end + block):
                prefetch_input(input_layer, tokens.words[i + window], 0, rows)
                prefetch_row(rows.output + np.int64(tokens.words[i]) * rows.n_bytes, rows.n_bytes >> 6)
            n_centres = gather_contexts(begin, end, tokens, input_layer, settings, rows, contexts)
            if n_centres:
                n_predicted += n_centres
                _weigh(begin, end, first, n_collisions, settings, rows, shared, contexts, work)
                _train_step(alpha, rows.n_bytes // (4 * LANES), shared, contexts, work)
                change_contexts(begin, tokens, input_layer, settings, rows, contexts)
        write_back_noise(rows, shared)
        loss += reduce_loss(work.loss)
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
    """Train on a chunk. Returns the summed loss, the number of centres with a context and of kept tokens.

    Arguments as in _skipgram_negative.
    """
    widest, settings = settings.window, within_sentences(settings, chunk)
    dimensions = weights.input.shape[1]
    tokens, n_kept = subsample_tokens(chunk, subsampling, settings, widest, random_state, 2 * settings.block)
    work, contexts = _make_work(settings, dimensions), make_contexts(input_layer, settings, dimensions)
    shared = make_shared_noise(settings.n_noise, settings.block, dimensions, random_state)
    loss, n_predicted = _train_blocks(
        tokens, n_kept, chunk.tokens.size, subsampling, input_layer, noise, weights, settings, alphas, random_state,
        work, shared, contexts,
    )  # fmt: skip
    return loss, n_predicted, n_kept
