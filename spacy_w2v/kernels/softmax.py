"""The full softmax of a step of hidden vectors over all words: three matrix products, which BLAS does.

For a hidden vector h with n targets, p = softmax(h.y) over all v words:
    loss = -sum over the targets of log p_target,   gradient of the scores: n p - (how often each word is a target)
The products are 3 v d multiplications and additions for each hidden vector, however many targets it has.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v.kernels.jit import inner
from spacy_w2v.kernels.llvm import LANES, VECTOR, at, exponential, i64, load, loop, splat, splat_constant, store
from spacy_w2v.kernels.rows import aligned

OUTPUT_BOUND, INPUT_BOUND = 0.6, 1.5  # of alpha W for an output row and an input row, see plan_step


class Predictions(NamedTuple):
    """Buffers for a step of at most b hidden vectors."""

    hidden: np.ndarray  # float32[b, d]
    change: np.ndarray  # float32[b, d], the step of `hidden`
    scores: np.ndarray  # float32[b, v], the scores, and then their gradients times -alpha
    moved: np.ndarray  # float32[v, d], the step of the output vectors
    n_targets: np.ndarray  # int64[b], words that each hidden vector is to predict
    targets: np.ndarray  # uint32[b, ...]
    lanes: np.ndarray  # float32[LANES], partial results


@inner
def make_predictions(block, most_targets, outputs):
    """Buffers for steps of at most `block` hidden vectors, each with at most most_targets targets."""
    n_words, dimensions = outputs.shape
    return Predictions(
        np.zeros((block, dimensions), np.float32), np.zeros((block, dimensions), np.float32),
        np.zeros((block, n_words), np.float32), np.zeros((n_words, dimensions), np.float32), np.zeros(block, np.int64),
        np.zeros((block, most_targets), np.uint32), aligned(LANES),
    )  # fmt: skip


@inner
def plan_step(alpha, n_targets, subsampling, settings):
    """How many hidden vectors share a step, so that it is stable: see skipgram_negative.

    An output row pools the predictions of a step times its probability, which is taken to be at most four times the
    share of the most frequent word. An input row pools its predictions, as often as its word is among the inputs; the
    curvature of the softmax is twice that of the logistic loss.
    """
    pooled = min(np.float64(alpha), 1e6) * n_targets
    outputs = OUTPUT_BOUND / (pooled * min(1.0, 4.0 * subsampling.highest_share) + 1e-9)
    inputs = INPUT_BOUND / (pooled * subsampling.highest_share + 1e-9)
    return max(1, min(settings.block, np.int64(min(outputs, inputs))))


@intrinsic
def highest_lanes(typing_context, row, n_vectors, lanes):
    """The highest of each lane of a row."""

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
    """Scores z to exp(z - highest), where they stand; `lanes` = their sums."""

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
def _normalise(row, lanes):
    """Scores to exp(score - highest), where they stand. Returns their sum and the highest."""
    n_vectors, highest, total = row.size // LANES, row[0], 0.0
    if n_vectors:
        highest_lanes(row.ctypes.data, n_vectors, lanes.ctypes.data)
        for lane in range(LANES):
            highest = max(highest, lanes[lane])
    for word in range(n_vectors * LANES, row.size):
        highest = max(highest, row[word])
    if n_vectors:
        exponentials(row.ctypes.data, n_vectors, highest, lanes.ctypes.data)
        for lane in range(LANES):
            total += lanes[lane]
    for word in range(n_vectors * LANES, row.size):
        row[word] = math.exp(row[word] - highest)
        total += row[word]
    return total, highest


@inner
def learn_step(n_hidden, alpha, outputs, predictions):
    """Change the outputs, and find the change of the first n_hidden hidden vectors. Returns the loss before it."""
    hidden, scores = predictions.hidden[:n_hidden], predictions.scores[:n_hidden]
    np.dot(hidden, outputs.T, scores)
    loss = 0.0
    for i in range(n_hidden):
        row, n_targets = scores[i], predictions.n_targets[i]
        for j in range(n_targets):
            loss -= np.float64(row[predictions.targets[i, j]])
        total, highest = _normalise(row, predictions.lanes)
        loss += n_targets * (math.log(total) + np.float64(highest))
        scale = -alpha * np.float32(n_targets) / np.float32(total)
        for word in range(row.size):
            row[word] *= scale
        for j in range(n_targets):
            row[predictions.targets[i, j]] += alpha
    np.dot(scores, outputs, predictions.change[:n_hidden])
    np.dot(scores.T, hidden, predictions.moved)
    for word in range(outputs.shape[0]):
        for i in range(outputs.shape[1]):
            outputs[word, i] += predictions.moved[word, i]
    return loss
