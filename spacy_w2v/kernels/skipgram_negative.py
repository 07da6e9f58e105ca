"""Skip-gram with negative sampling by blocks: shared noise, and products of vector instructions.

Pairs follow word2vec.c (Mikolov et al. 2013b, arXiv 1310.4546): the output is the centre, the input a word within the
centre's random radius, and a pair never crosses a sentence. The kernel differs from the sequential one in three things
(after Ji et al. 2016, arXiv 1604.04661, and Rengasamy et al. 2017):

- Noise is shared. `n_noise` words are drawn for `block` consecutive *inputs*; input i has n_i positive pairs, and
  its noise gradient is weighted n_i * negative / n_noise, so the expectation is that of the sequential objective:
      J_i = sum_o log s(x_i.y_o) + negative / n_noise * sum_k m_ik log s(-x_i.y_k),   s(z) = 1 / (1 + exp(-z))
  with m_ik = the number of the pairs of i whose centre is not the word k (word2vec.c skips such noise).
  Blocking inputs, not centres, makes each input meet the noise once: with T centres a block, T + 2 window would.
- A *step* of at most STEP inputs takes its gradients at the same weights and applies them before the next step, while
  the noise stays: what a noise row moves at once is bounded by the step, not by the block (see `_plan_steps`).
- The products are tiles of vector instructions. The noise rows are copied for the length of a block, all others are
  read and written where they are.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v.kernels.arguments import OUT_OF_VOCABULARY, Alphas, Chunk, KernelSettings, Noise, Subsampling, Weights
from spacy_w2v.kernels.jit import inlined, inner, kernel
from spacy_w2v.kernels.llvm import LANES, QUADS
from spacy_w2v.kernels.random import next_random, noise_bucket, noise_word, scale_below
from spacy_w2v.kernels.tiles import (
    STEP,
    bring_row,
    gradients,
    noise_logits,
    noise_update,
    pair_logits,
    pair_update,
    prefetch_row,
    spread_weights,
    take_row,
)
from spacy_w2v.types import RandomState

NOISE_BOUND, INPUT_BOUND = 0.6, 3.0  # of alpha W for a noise row and an input row, see _plan_steps


class Kept(NamedTuple):
    """The kept tokens of a chunk, from index `window` on: so many tokens on either side are nobody's neighbours."""

    words: np.ndarray  # uint32[n]
    lowest: np.ndarray  # int32[n], first and last index that the window of a centre covers, within its sentence
    highest: np.ndarray  # int32[n]
    places: np.ndarray  # int32[n], place in the chunk


@inner
def _keep_tokens(chunk, subsampling, settings, random_state, margin):
    """Subsample a chunk and draw the radii. Returns the kept tokens and how many they are.

    One 64-bit draw a token: the high half decides whether it stays, the low half its radius.
    """
    window = settings.window
    size = chunk.tokens.shape[0] + 2 * window + margin
    words, places = np.empty(size, np.uint32), np.empty(size, np.int32)
    lowest, highest = np.empty(size, np.int32), np.empty(size, np.int32)
    words[:window], places[:window], lowest[:window], highest[:window] = 0, 0, size, -1
    n = window
    for sentence in range(chunk.offsets.shape[0] - 1):
        begin = n
        for place in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            draw = next_random(random_state)
            word = subsampling.word_of_type[chunk.tokens[place]]
            known = word != OUT_OF_VOCABULARY
            limit = subsampling.keep_threshold[word if known else np.uint32(0)]
            radius = window
            if settings.shrink_windows:
                radius = 1 + np.int64(scale_below(draw & np.uint64(0xFFFFFFFF), np.uint64(window)))
            # written always, kept or not: a branch here would be mispredicted every third token
            words[n], places[n], lowest[n], highest[n] = word, place, max(n - radius, begin), n + radius
            n += np.int64(known & (np.uint32(draw >> np.uint64(32)) <= limit))
        for i in range(max(n - window, begin), n):
            highest[i] = min(highest[i], n - 1)
    words[n:], places[n:], lowest[n:], highest[n:] = 0, 0, size, -1
    return Kept(words, lowest, highest, places), n - window


# --- kernels --------------------------------------------------------------------------------------------------------


@inner
def _plan_steps(alpha, settings):
    """How many inputs share a step (1 to STEP), and in how many rounds an input meets its pairs, so that it is stable.

    A row that pools the weight W in one step is stable while alpha W |y|^2 / 4 < 2 (the curvature of the logistic loss
    is at most 1 / 4). An input row pools its pairs of a round, each with its noise: pairs / rounds * (1 + negative). A
    noise row pools inputs * pairs / rounds * negative / n_noise. The two bounds are measured, on a corpus of 0.5
    million tokens and learning rates up to 0.2.
    """
    pairs = settings.window + 1 if settings.shrink_windows else 2 * settings.window
    pooled = min(np.float64(alpha) * pairs, 1e6)
    rounds = min(2 * settings.window, 1 + np.int64(pooled * (1 + settings.negative) / INPUT_BOUND))
    limit = NOISE_BOUND * settings.n_noise * rounds / (pooled * settings.negative + 1e-9)
    return max(1, min(STEP, np.int64(limit))), rounds


class Rows(NamedTuple):
    """Where the rows lie: addresses and sizes in bytes."""

    input: int
    output: int
    zero: int  # a row of zeros, for what has to be padded
    n_bytes: int


class Work(NamedTuple):
    """Buffers of one call. Tiles: QUADS rows by 4 inputs, one vector.

    The tile functions get their addresses, which keep no array alive: who allocates them must outlive who uses them.
    """

    noise: np.ndarray  # uint32[n_noise], noise words of this block
    next_noise: np.ndarray  # uint32[n_noise], of the next block
    draws: np.ndarray  # uint64[n_noise], random numbers of the block after that
    collisions: np.ndarray  # int64[2, …], index of a centre and number of the noise word that equals it
    x_rows: np.ndarray  # int64[STEP], addresses of the step's input rows
    noise_rows: np.ndarray  # int64[n_noise], their copies in noise_copies
    centre_rows: np.ndarray  # int64[block + 2 window], rows of the block's centres
    noise_copies: np.ndarray  # float32[2, n_noise, d] in one row: as they change, and as they came
    noise_weights: np.ndarray  # float32[n_noise / QUADS, STEP / 4, QUADS, 4] in one row, m_ik negative / n_noise
    noise_gradient: np.ndarray  # as noise_weights
    input_weights: np.ndarray  # float32[STEP], n_i negative / n_noise
    group_input: np.ndarray  # int64[g], number of the input within the step
    group_x: np.ndarray  # int64[g], its row
    group_y: np.ndarray  # int64[4 g], rows of four centres
    pair_weights: np.ndarray  # float32[4 g], 1 or, where padded, 0
    pair_gradient: np.ndarray  # float32[4 g]
    sums: np.ndarray  # float32[d / LANES, STEP, LANES] in one row, change of the input rows
    loss: np.ndarray  # float32[LANES]
    zero: np.ndarray  # float32[d]


@inner
def _aligned(size):
    """float32 zeros on a cache line of their own: a 64-byte store across two lines costs twice."""
    buffer = np.zeros(size + 16, np.float32)
    first = (-buffer.ctypes.data & 63) >> 2
    return buffer[first : first + size]


@inner
def _make_work(settings, dimensions):
    window, n_noise = settings.window, settings.n_noise
    n_groups = STEP * ((2 * window + 3) // 4) + QUADS
    i64 = np.int64
    return Work(
        np.zeros(n_noise, np.uint32), np.zeros(n_noise, np.uint32), np.zeros(n_noise, np.uint64),
        np.empty((2, (settings.block + 2 * window) * n_noise), i64), np.empty(STEP, i64), np.empty(n_noise, i64),
        np.empty(settings.block + 2 * window, i64), _aligned(2 * n_noise * dimensions),
        _aligned(n_noise * STEP), _aligned(n_noise * STEP),
        _aligned(STEP), np.empty(n_groups, i64), np.empty(n_groups, i64), np.empty(4 * n_groups, i64),
        _aligned(4 * n_groups), _aligned(4 * n_groups), _aligned(dimensions * STEP), _aligned(LANES),
        _aligned(dimensions),
    )  # fmt: skip


@inlined
def _draw_noise(first, last, noise, rows, state, work):
    """Noise words `first` to `last` of the next block, from the draws of earlier, and draws for the block after it.

    Each is asked for a block before it is needed: the random places of the alias table, then the rows.
    """
    for k in range(first, last):
        word = noise_word(work.draws[k], noise)
        work.next_noise[k] = word
        prefetch_row(rows.output + np.int64(word) * rows.n_bytes, rows.n_bytes >> 6)
        draw = next_random(state)
        work.draws[k] = draw
        bucket = np.int64(noise_bucket(draw, noise))
        prefetch_row(noise.threshold.ctypes.data + 4 * bucket, 1)
        prefetch_row(noise.alias.ctypes.data + 4 * bucket, 1)


@inlined
def _open_block(first, last, kept, rows, work):
    """Copy the rows of the noise, and find those of the centres `first` to `last`. Returns how often noise is a centre.

    In place, every step would write the rows of the most frequent words, which threads then take from each other's
    caches.
    A noise word drawn twice, or equal to a centre, has one copy, so that each user sees what the others did.
    """
    n_vectors, n_noise = rows.n_bytes // (4 * LANES), work.noise.shape[0]
    copies = work.noise_copies.ctypes.data
    for k in range(n_noise):
        word, hits = work.next_noise[k], 0
        work.noise[k] = word
        copy = copies + k * rows.n_bytes
        for j in range(k):
            hits += work.noise[j] == word
        if hits:
            for j in range(k):
                if work.noise[j] == word:
                    copy = work.noise_rows[j]
        else:
            take_row(rows.output + np.int64(word) * rows.n_bytes, copy, copy + n_noise * rows.n_bytes, n_vectors)
        work.noise_rows[k] = copy
    n = 0
    for o in range(first, last):
        word, hits = kept.words[o], 0
        work.centre_rows[o - first] = rows.output + np.int64(word) * rows.n_bytes
        for k in range(n_noise):
            hits += work.noise[k] == word
        if hits:  # seldom
            for k in range(n_noise):
                if work.noise[k] == word:
                    work.centre_rows[o - first] = work.noise_rows[k]
                    work.collisions[0, n], work.collisions[1, n] = o, k
                    n += 1
    return n


@inlined
def _close_block(rows, work):
    """Bring the changes of the noise rows back."""
    n_noise = work.noise.shape[0]
    for k in range(n_noise):
        copy = work.noise_copies.ctypes.data + k * rows.n_bytes
        if work.noise_rows[k] == copy:
            row = rows.output + np.int64(work.noise[k]) * rows.n_bytes
            bring_row(row, copy, copy + n_noise * rows.n_bytes, rows.n_bytes // (4 * LANES))


@inlined
def _collect_pairs(first, last, turn, rounds, origin, kept, settings, rows, work):
    """The positive pairs of the step's inputs, in groups of one input and four centres. Returns pairs, groups.

    The first of the block's centres is `origin`. Of `rounds` rounds the one of number `turn` takes every
    `rounds`-th place of a window.
    """
    n_pairs = n_groups = 0
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for a in range(STEP):
        i = first + a
        if i >= last:
            work.x_rows[a] = rows.zero
            work.input_weights[a] = 0.0
            continue
        row = rows.input + np.int64(kept.words[i]) * rows.n_bytes
        work.x_rows[a] = row
        start = p = 4 * n_groups
        for o in range(i - settings.window + turn, i, rounds):
            work.group_y[p] = work.centre_rows[o - origin]
            p += np.int64(kept.highest[o] >= i)
        for o in range(i + 1 + turn, i + settings.window + 1, rounds):
            work.group_y[p] = work.centre_rows[o - origin]
            p += np.int64(kept.lowest[o] <= i)
        n_pairs += p - start
        work.input_weights[a] = np.float32(p - start) * noise_share
        while 4 * n_groups < p:
            for j in range(4):
                work.pair_weights[4 * n_groups + j] = np.float32(4 * n_groups + j < p)
            work.group_x[n_groups], work.group_input[n_groups] = row, a
            n_groups += 1
        for q in range(p, 4 * n_groups):
            work.group_y[q] = rows.zero
    for g in range(n_groups, (n_groups + QUADS - 1) // QUADS * QUADS):
        work.group_x[g] = rows.zero
        for j in range(4 * g, 4 * g + 4):
            work.group_y[j], work.pair_weights[j] = rows.zero, 0.0
    return n_pairs, n_groups


@inlined
def _weigh_noise(first, last, turn, rounds, n_collisions, kept, settings, work):
    """Weights m_ik negative / n_noise: n_i, less where the noise is the centre of a pair."""
    spread_weights(work.input_weights.ctypes.data, work.noise_weights.ctypes.data, settings.n_noise // QUADS)
    noise_share = np.float32(settings.negative) / np.float32(settings.n_noise)
    for c in range(n_collisions):
        o, k = work.collisions[0, c], work.collisions[1, c]
        for i in range(max(first, kept.lowest[o]), min(last, kept.highest[o] + 1)):
            if (i < o and (o - i - 1) % rounds == turn) or (i > o and (o - i + settings.window) % rounds == turn):
                a = i - first
                work.noise_weights[STEP * QUADS * (k // QUADS) + LANES * (a >> 2) + 4 * (k % QUADS) + (a & 3)] -= (
                    noise_share
                )


@inlined
def _take_step(n_groups, alpha, n_vectors, work):
    """All logits and their gradients at the weights of now, and then the changes."""
    x_rows, noise_rows, loss = work.x_rows.ctypes.data, work.noise_rows.ctypes.data, work.loss.ctypes.data
    weights, gradient = work.noise_weights.ctypes.data, work.noise_gradient.ctypes.data
    n_quads = work.noise_rows.shape[0] // QUADS
    for q in range(n_quads):
        for half in range(STEP // 4):
            tile = 4 * LANES * (STEP // 4 * q + half)
            noise_logits(x_rows + 32 * half, noise_rows + 8 * QUADS * q, n_vectors, gradient + tile)
    gradients(gradient, weights, n_quads * (STEP // 4), -alpha, loss)
    group_x, group_y = work.group_x.ctypes.data, work.group_y.ctypes.data
    pair_weights, pair_gradient = work.pair_weights.ctypes.data, work.pair_gradient.ctypes.data
    n_tiles = (n_groups + QUADS - 1) // QUADS
    for q in range(n_tiles):
        pair_logits(group_x + 8 * QUADS * q, group_y + 8 * LANES * q, n_vectors, pair_gradient + 4 * LANES * q)
    gradients(pair_gradient, pair_weights, n_tiles, alpha, loss)
    sums = work.sums.ctypes.data
    for g in range(n_groups):
        of_input = sums + 4 * LANES * work.group_input[g]
        pair_update(work.group_x[g], group_y + 32 * g, pair_gradient + 16 * g, of_input, n_vectors)
    for c in range(n_vectors):
        noise_update(x_rows, noise_rows, n_quads, gradient, sums + 4 * LANES * STEP * c, 4 * LANES * c)


@inner
def _train_blocks(kept, n_kept, n_tokens, noise, weights, settings, alphas, state, work):
    window, block, n_noise = settings.window, settings.block, settings.n_noise
    row_bytes = weights.input.shape[1] * 4
    rows = Rows(weights.input.ctypes.data, weights.output.ctypes.data, work.zero.ctypes.data, row_bytes)
    slope = (np.float64(alphas.last) - np.float64(alphas.first)) / max(n_tokens, 1)
    loss, n_pairs = 0.0, 0
    for k in range(n_noise):
        work.draws[k] = next_random(state)
    _draw_noise(0, n_noise, noise, rows, state, work)
    for first in range(window, window + n_kept, block):
        last = min(first + block, window + n_kept)
        n_collisions = _open_block(first - window, last + window, kept, rows, work)
        alpha = np.float32(alphas.first + slope * kept.places[first])
        step, rounds = _plan_steps(alpha, settings)
        drawn = 0
        for begin in range(first, last, step):
            end = min(begin + step, last)
            until = n_noise * (end - first) // (last - first)
            _draw_noise(drawn, until, noise, rows, state, work)
            drawn = until
            for i in range(begin + block, end + block):
                prefetch_row(rows.input + np.int64(kept.words[i]) * row_bytes, row_bytes >> 6)
                prefetch_row(rows.output + np.int64(kept.words[i + window]) * row_bytes, row_bytes >> 6)
            for turn in range(rounds):
                pairs, n_groups = _collect_pairs(begin, end, turn, rounds, first - window, kept, settings, rows, work)
                n_pairs += pairs
                if pairs:
                    _weigh_noise(begin, end, turn, rounds, n_collisions, kept, settings, work)
                    _take_step(n_groups, alpha, row_bytes // (4 * LANES), work)
        _close_block(rows, work)
        for lane in range(LANES):
            loss += work.loss[lane]
            work.loss[lane] = 0.0
    return loss, n_pairs


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    noise: Noise,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk. Returns the summed loss, the number of positive pairs and of kept tokens.

    weights: rows of a multiple of 16 columns, best on 64-byte borders. settings: `block` a multiple of STEP,
    `n_noise` of 4. The learning rate is that of a block's first token.
    """
    work = _make_work(settings, weights.input.shape[1])
    kept, n_kept = _keep_tokens(chunk, subsampling, settings, random_state, 2 * settings.block)
    loss, n_pairs = _train_blocks(
        kept, n_kept, chunk.tokens.shape[0], noise, weights, settings, alphas, random_state, work
    )
    return loss, n_pairs, n_kept
