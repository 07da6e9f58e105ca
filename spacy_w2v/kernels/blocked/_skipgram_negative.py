"""Skip-gram with negative sampling, in blocks of inputs with shared noise words.

Pairs are those of word2vec.c (Mikolov et al. 2013b, arXiv 1310.4546): the output is the centre, the input a word within
the centre's random radius, and a pair never crosses a sentence boundary. The kernel differs from the sequential one in
three ways (after Ji et al. 2016, arXiv 1604.04661, and Rengasamy et al. 2017):

- Noise is shared. `n_noise` words are drawn for `block` consecutive *inputs*. Input i has n_i positive pairs, and its
  noise gradient has the weight n_i * negative / n_noise, so the expectation is that of the sequential objective:
      J_i = sum_o log s(x_i.y_o) + negative / n_noise * sum_k m_ik log s(-x_i.y_k),   s(z) = 1 / (1 + exp(-z))
  where m_ik is the number of pairs of i whose centre is not the word k (word2vec.c skips such noise).
  With blocks of inputs, each input is multiplied by the noise of one block only. With blocks of T centres, each block
  would multiply T + 2 window inputs.
- A *step* of at most STEP inputs computes its gradients at the same weights and applies them before the next step, with
  the same noise words. So the step, not the block, limits how much a noise row changes at once (see `_plan_steps`).
- The products are computed in tiles of vector instructions. The noise rows are copied for the duration of a block; all
  other rows are read and written in place.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, Noise, RandomState, Subsampling, Weights
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels.blocked._groups import change_outputs, find_gradients, make_groups, pad_groups
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
from spacy_w2v.kernels.tiles._input_rows import gather_input, n_scratch_rows, prefetch_input
from spacy_w2v.kernels.tiles._instructions import STEP, block_update, spread_weights
from spacy_w2v.kernels.tiles._llvm import LANES, OUTPUTS
from spacy_w2v.kernels.tiles._row_instructions import prefetch_row
from spacy_w2v.kernels.tiles._rows import aligned, reduce_loss, rows_of

AHEAD = 24  # inputs between the prefetch of a row and its use


class Work(NamedTuple):
    """Buffers of one call. A tile is OUTPUTS rows by 4 inputs, one vector.

    Tile functions take the addresses of these arrays, which do not keep them alive. So the function that allocates them
    must not return before the functions that use them.
    """

    x_rows: np.ndarray  # int64[STEP], addresses of the step's input rows
    centre_rows: np.ndarray  # int64[block + 2 window], addresses of the output rows of the block's centres
    noise_weights: np.ndarray  # float32[n_noise / OUTPUTS, STEP / 4, OUTPUTS, 4], flattened, -m_ik negative / n_noise
    noise_gradient: np.ndarray  # same shape as noise_weights
    input_weights: np.ndarray  # float32[STEP], n_i negative / n_noise
    sums: np.ndarray  # float32[d / LANES, STEP, LANES], flattened, changes of the input rows
    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]
    scratch: np.ndarray  # see Rows; one slot for each input of a step


@inner
def _make_work(settings, dimensions):
    n_noise, n_rows = settings.n_noise, n_scratch_rows(STEP, settings)
    return Work(
        np.empty(STEP, np.int64), np.empty(settings.block + 2 * settings.window, np.int64), aligned(n_noise * STEP),
        aligned(n_noise * STEP), aligned(STEP), aligned(dimensions * STEP), aligned(LANES), aligned(dimensions),
        aligned(n_rows * dimensions),
    )  # fmt: skip


@inner
def _plan_steps(alpha, overlap, subsampling, noise, settings):
    """Return the inputs per step, 1 to STEP, and the turns over an input's pairs, for which a step is stable.

    A step trains its inputs on all their pairs, in one or more turns. See `_steps` for the bounds. In a turn,

    - an input vector sums pairs / turns * (1 + negative) gradients for each occurrence of its word in the step, and
      `overlap` times as many of itself and of each other word;
    - a noise row sums inputs * pairs / turns * negative gradients, times its share in the noise;
    - the row of a centre sums inputs * pairs / turns gradients, times its share in the tokens.

    The shares only matter for vocabularies of a few dozen words.
    """
    pooled = cap_alpha(alpha * mean_context_size(settings))
    gradients = pooled * (1 + settings.negative) * (1.0 + overlap)
    turns = min(2 * settings.window, 1 + np.int64(gradients / LOGISTIC_INPUT_BOUND))
    noise_weight = settings.negative * max(1.0 / settings.n_noise, noise.highest_share)
    outputs = OUTPUT_BOUND / max(noise_weight, subsampling.highest_share)
    inputs = LOGISTIC_INPUT_BOUND / ((1 + settings.negative) * (subsampling.highest_share + overlap))
    return max(1, min(STEP, np.int64(min(outputs, inputs) * turns / (pooled + 1e-9)))), turns


@inlined
def _collect_pairs(first, last, turn, turns, origin, tokens, settings, rows, work, groups):
    """Fill `groups` with the positive pairs of a step's inputs, and return the numbers of pairs and groups.

    Args:
        first: The step's first input.
        last: The input after its last.
        turn: The turn, from 0. It has every `turns`-th position of a window.
        turns: Number of turns.
        origin: The first of the block's centres.
        tokens: The subsampled tokens.
        settings: KernelSettings.
        rows: Addresses of the rows.
        work: Buffers, whose input rows and weights are set.
        groups: Buffers, which are filled.
    """
    n_pairs = n_groups = 0
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for a in range(STEP):
        i = first + a
        if i >= last:
            work.x_rows[a] = rows.zero
            work.input_weights[a] = 0.0
            continue
        row = gather_input(i, a, tokens, rows)
        work.x_rows[a] = row
        start = p = 4 * n_groups
        for o in range(i - settings.window + turn, i, turns):
            groups.y_rows[p] = work.centre_rows[o - origin]
            p += np.int64(tokens.highest[o] >= i)
        for o in range(i + 1 + turn, i + settings.window + 1, turns):
            groups.y_rows[p] = work.centre_rows[o - origin]
            p += np.int64(tokens.lowest[o] <= i)
        n_pairs += p - start
        work.input_weights[a] = np.float32(p - start) * noise_share
        while 4 * n_groups < p:
            for j in range(4):
                groups.labels[4 * n_groups + j] = np.float32(4 * n_groups + j < p)
            groups.x_rows[n_groups], groups.inputs[n_groups] = row, a
            n_groups += 1
        for q in range(p, 4 * n_groups):
            groups.y_rows[q] = rows.zero
    pad_groups(n_groups, rows, groups)
    return n_pairs, n_groups


@inlined
def _set_noise_weights(first, last, turn, turns, n_collisions, tokens, settings, shared, work):
    """Set the weights of the noise words, -m_ik negative / n_noise, for the inputs `first` to `last` - 1 of a turn."""
    weights = work.noise_weights.ctypes.data
    spread_weights(
        work.input_weights.ctypes.data, shared.labels.ctypes.data, weights, settings.n_noise // OUTPUTS, STEP // 4
    )
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for c in range(n_collisions):
        o, k = shared.collisions[0, c], shared.collisions[1, c]
        for i in range(max(first, tokens.lowest[o]), min(last, tokens.highest[o] + 1)):
            if (i < o and (o - i - 1) % turns == turn) or (i > o and (o - i + settings.window) % turns == turn):
                work.noise_weights[place_in_tiles(i - first, k)] += noise_share


@inlined
def _train_step(n_groups, alpha, ahead, tokens, settings, rows, shared, work, groups):
    """Compute all gradients of a step at the current weights, then update inputs and outputs.

    Args:
        n_groups: Number of groups of positive pairs.
        alpha: The learning rate.
        ahead: The first input of a later step and the one after its last, whose rows are prefetched. This happens
            bit by bit, since a processor can wait for a few cache lines only before it stops.
        tokens: The subsampled tokens.
        settings: KernelSettings.
        rows: Addresses of the rows.
        shared: The block's noise words.
        work: Buffers.
        groups: The positive pairs.
    """
    n_vectors, n_ahead = rows.n_vectors, ahead[1] - ahead[0]
    x_rows, noise_rows, loss = work.x_rows.ctypes.data, shared.rows.ctypes.data, work.loss.ctypes.data
    gradient, sums = work.noise_gradient.ctypes.data, work.sums.ctypes.data
    n_tiles = shared.rows.shape[0] // OUTPUTS
    weights = work.noise_weights.ctypes.data
    find_block_gradients(x_rows, noise_rows, STEP // 4, n_tiles, weights, gradient, alpha, n_vectors, loss)
    find_gradients(n_groups, alpha, n_vectors, groups, loss)
    change_outputs(n_groups, n_vectors, groups, sums)
    for c in range(n_vectors):
        for i in range(ahead[0] + n_ahead * c // n_vectors, ahead[0] + n_ahead * (c + 1) // n_vectors):
            prefetch_input(i, tokens, rows)
            prefetch_row(rows.output + np.int64(tokens.words[i + settings.window]) * rows.n_bytes, rows.n_bytes >> 6)
        block_update(x_rows, noise_rows, n_tiles, gradient, sums + 4 * LANES * STEP * c, 4 * LANES * c)


@inner
def _train_blocks(
    tokens, n_kept, n_tokens, subsampling, span, noise, weights, settings, alphas, state, work, shared, groups
):
    window, n_noise = settings.window, settings.n_noise
    rows = rows_of(span.first_row, weights, work.zero, work.scratch, settings)
    overlap, until = overlap_of(span.layer), window
    loss, n_pairs = 0.0, 0
    draw_noise(0, n_noise, noise, rows, state, shared)
    first = window
    while first < window + n_kept:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        pooled = cap_alpha(alpha * mean_context_size(settings)) * (1 + settings.negative)
        last = min(first + inputs_per_block(pooled, overlap, settings), window + n_kept)
        copy_noise(rows, shared)
        n_collisions = find_centres(first - window, last + window, tokens, rows, shared, work.centre_rows)
        step, turns = _plan_steps(alpha, overlap, subsampling, noise, settings)
        drawn = 0
        for begin in range(first, last, step):
            end = min(begin + step, last)
            to_draw = n_noise * (end - first) // (last - first)
            draw_noise(drawn, to_draw, noise, rows, state, shared)
            drawn = to_draw
            for turn in range(turns):
                if begin >= until:
                    until = next_span(begin, pooled, tokens, subsampling, settings, rows, span)
                pairs, n_groups = _collect_pairs(
                    begin, end, turn, turns, first - window, tokens, settings, rows, work, groups
                )
                n_pairs += pairs
                if pairs:
                    _set_noise_weights(begin, end, turn, turns, n_collisions, tokens, settings, shared, work)
                    ahead = begin + AHEAD, (end if turn == 0 else begin) + AHEAD
                    _train_step(n_groups, alpha, ahead, tokens, settings, rows, shared, work, groups)
        write_back_noise(rows, shared)
        loss += reduce_loss(work.loss)
        first = last
    end_span(rows, span)
    return loss, n_pairs


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

    The rows of the weights must have a multiple of 16 columns, and should begin at multiples of 64 bytes. `block` must
    be a multiple of STEP, and `n_noise` a multiple of 4. The learning rate is that of a block's first token.
    """
    drawn_window, settings = settings.window, limit_window(settings, chunk)
    dimensions, n_centres = weights.input.shape[1], settings.block + 2 * settings.window
    tokens, n_kept = subsample_tokens(
        chunk, subsampling, input_layer, settings, drawn_window, random_state, AHEAD + STEP
    )
    work, groups = _make_work(settings, dimensions), make_groups(STEP * ((2 * settings.window + 3) // 4))
    span = make_span(input_layer, 0, weights)
    shared = make_shared_noise(settings.n_noise, n_centres, dimensions, random_state)
    loss, n_pairs = _train_blocks(
        tokens, n_kept, chunk.tokens.size, subsampling, span, noise, weights, settings, alphas, random_state, work,
        shared, groups,
    )  # fmt: skip
    return loss, n_pairs, n_kept
