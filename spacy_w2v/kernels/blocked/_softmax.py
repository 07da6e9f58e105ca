"""The full softmax over all words for a step of hidden vectors, by three matrix products of BLAS.

For a hidden vector h with n targets and p = softmax(h.y) over all v words (Mikolov et al. 2013b, arXiv 1310.4546,
equation 2):
    loss = -sum over the targets of log p_target,   gradient of the scores: n p - (how often each word is a target)
A hidden vector costs 3 v d multiplications and additions, whatever its number of targets.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v._jit import inner
from spacy_w2v.kernels.blocked._steps import OUTPUT_BOUND, cap_alpha
from spacy_w2v.kernels.tiles._llvm import LANES, VECTOR, at, exponential, i64, load, loop, splat, splat_constant, store
from spacy_w2v.kernels.tiles._rows import aligned

SOFTMAX_INPUT_BOUND = 0.5
"""Upper bound of alpha W for an input row of the full softmax; see `_steps`. The logistic losses allow
`LOGISTIC_INPUT_BOUND`, which is higher: here, inputs with ten predictions per step diverged at 1.5 (alpha = 0.2)."""
CURVATURE_BOUND = 1.0
"""Upper bound of alpha times the curvature that an output row sums in a step. At 2, a step overshoots by as much as it
gains."""


class SoftmaxBuffers(NamedTuple):
    """Buffers for a step of at most b hidden vectors."""

    hidden: np.ndarray  # float32[b, d]
    change: np.ndarray  # float32[b, d], the step of `hidden`
    scores: np.ndarray  # float32[b, v], the scores, and then their gradients times -alpha
    output_change: np.ndarray  # float32[v, d], the step of the output vectors
    n_targets: np.ndarray  # int64[b], number of words that each hidden vector predicts
    targets: np.ndarray  # uint32[b, …], these words
    curvature: np.ndarray  # float32[v], alpha sum_i n_i p_i (1 - p_i) |h_i|^2 of each output row
    lanes: np.ndarray  # float32[LANES], partial results


@inner
def make_softmax_buffers(block, max_targets, outputs):
    """Return buffers for steps of at most `block` hidden vectors, each with at most `max_targets` targets."""
    n_words, dimensions = outputs.shape
    return SoftmaxBuffers(
        np.zeros((block, dimensions), np.float32), np.zeros((block, dimensions), np.float32),
        np.zeros((block, n_words), np.float32), np.zeros((n_words, dimensions), np.float32), np.zeros(block, np.int64),
        np.zeros((block, max_targets), np.uint32), aligned(n_words), aligned(LANES),
    )  # fmt: skip


@inner
def plan_step(alpha, n_targets, share, settings):
    """Return the largest number of hidden vectors for which a step is stable; see `_steps`.

    The output row of a target sums the gradients of the step's targets, times its share in the tokens. An input row
    sums the gradients of its predictions, for each occurrence of its word in the step. The other gradients of output
    rows depend on the probabilities, so `softmax_step` limits them.

    Args:
        alpha: The learning rate.
        n_targets: Mean number of targets of a hidden vector, times the number of context words if it is their sum.
        share: Share of the tokens whose changes an input vector takes: that of the most frequent word, plus
            `overlap_of` the layer.
        settings: KernelSettings.
    """
    pooled = cap_alpha(alpha * n_targets) * share
    return max(1, min(settings.block, np.int64(min(OUTPUT_BOUND, SOFTMAX_INPUT_BOUND) / (pooled + 1e-9))))


@intrinsic
def highest_lanes(typing_context, row, n_vectors, lanes):
    """Write the maximum of each lane over the vectors of a row to `lanes`."""

    def generate(context, builder, signature, arguments):
        row, n_vectors, lanes = arguments

        def body(index, values):
            value = load(builder, VECTOR, at(builder, row, builder.mul(index, i64(4 * LANES))))
            return [builder.select(builder.fcmp_ordered(">", value, values[0]), value, values[0])]

        lowest = ir.Constant(VECTOR, [float(np.finfo(np.float32).min)] * LANES)
        (highest,) = loop(builder, n_vectors, [lowest], body)
        store(builder, highest, lanes)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), generate


@intrinsic
def exponentials(typing_context, row, n_vectors, highest, lanes):
    """Replace the scores z of a row by exp(z - highest), and write the sum of each lane to `lanes`."""

    def generate(context, builder, signature, arguments):
        row, n_vectors, highest, lanes = arguments
        top = splat(builder, highest)

        def body(index, values):
            place = at(builder, row, builder.mul(index, i64(4 * LANES)))
            value = exponential(builder, builder.fsub(top, load(builder, VECTOR, place)))
            store(builder, value, place)
            return [builder.fadd(values[0], value)]

        (total,) = loop(builder, n_vectors, [splat_constant(0.0)], body)
        store(builder, total, lanes)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32, types.int64), generate


@inner
def _highest(row, lanes):
    """Return the highest number of a row. lanes: float32[LANES], a buffer."""
    n_vectors, highest = row.size // LANES, row[0]
    if n_vectors:
        highest_lanes(row.ctypes.data, n_vectors, lanes.ctypes.data)
        for lane in range(LANES):
            highest = max(highest, lanes[lane])
    for word in range(n_vectors * LANES, row.size):
        highest = max(highest, row[word])
    return highest


@inner
def _exponentiate(row, highest, lanes):
    """Replace the scores of a row by exp(score - highest), and return their sum. lanes: float32[LANES], a buffer."""
    n_vectors, total = row.size // LANES, 0.0
    if n_vectors:
        exponentials(row.ctypes.data, n_vectors, highest, lanes.ctypes.data)
        for lane in range(LANES):
            total += lanes[lane]
    for word in range(n_vectors * LANES, row.size):
        row[word] = math.exp(row[word] - highest)
        total += row[word]
    return total


@inner
def _pool_curvature(weight, total, row, buffers):
    """Add a hidden vector's curvature, weight * p (1 - p), to each output row's, and return the highest sum.

    Args:
        weight: alpha n |h|^2.
        total: Sum of the exponentials.
        row: float32[v]; the exponentials of the scores.
        buffers: Its `curvature` is updated.
    """
    inverse = np.float32(1.0 / total)
    for word in range(row.size):
        probability = row[word] * inverse
        buffers.curvature[word] += weight * probability * (np.float32(1.0) - probability)
    return _highest(buffers.curvature, buffers.lanes)


@inner
def softmax_step(n_hidden, alpha, outputs, buffers):
    """Train on the first hidden vectors of `buffers`, as many as are stable in one step.

    Args:
        n_hidden: Number of hidden vectors in the buffers.
        alpha: The learning rate.
        outputs: float32[v, d]; the output weights, which are updated in place.
        buffers: The hidden vectors and their targets. Their `change` is written.

    Returns:
        The loss before the step, and the number of hidden vectors that it used, 1 to n_hidden.
    """
    hidden, scores = buffers.hidden[:n_hidden], buffers.scores[:n_hidden]
    np.dot(hidden, outputs.T, scores)
    buffers.curvature[:] = 0.0
    loss, n_trained = 0.0, 0
    while n_trained < n_hidden:
        row, n_targets, targets = scores[n_trained], buffers.n_targets[n_trained], buffers.targets[n_trained]
        row_loss = 0.0
        for j in range(n_targets):
            row_loss -= np.float64(row[targets[j]])
        highest = _highest(row, buffers.lanes)
        total = _exponentiate(row, highest, buffers.lanes)
        square = np.float32(0.0)
        for i in range(hidden.shape[1]):
            square += hidden[n_trained, i] * hidden[n_trained, i]
        curvature = _pool_curvature(alpha * np.float32(n_targets) * square, total, row, buffers)
        if n_trained and curvature > CURVATURE_BOUND:
            break
        loss += row_loss + n_targets * (math.log(total) + np.float64(highest))
        scale = np.float32(-np.float64(alpha) * n_targets / total)
        for word in range(row.size):
            row[word] *= scale
        for j in range(n_targets):
            row[targets[j]] += alpha
        n_trained += 1
    np.dot(scores[:n_trained], outputs, buffers.change[:n_trained])
    np.dot(scores[:n_trained].T, hidden[:n_trained], buffers.output_change)
    for word in range(outputs.shape[0]):
        for i in range(outputs.shape[1]):
            outputs[word, i] += buffers.output_change[word, i]
    return loss, n_trained


@inner
def next_step_length(n_trained, n_hidden, size, settings):
    """Return how many hidden vectors the next step may have: the last stable number, or if all were stable, twice it.

    Args:
        n_trained: Number of hidden vectors that the last step used.
        n_hidden: Number of hidden vectors that it was given.
        size: Number of hidden vectors that it was allowed to have.
        settings: KernelSettings, whose `block` is the largest number.
    """
    return n_trained if n_trained < n_hidden else min(2 * size, settings.block)
