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

from spacy_w2v._jit import inner
from spacy_w2v.kernels.blocked._steps import OUTPUT_BOUND, bounded
from spacy_w2v.kernels.tiles._llvm import LANES, VECTOR, at, exponential, i64, load, loop, splat, splat_constant, store
from spacy_w2v.kernels.tiles._rows import aligned

SOFTMAX_INPUT_BOUND = 0.5
"""Of alpha W for an input row: with 1.5, inputs that pooled ten predictions at alpha = 0.2 diverged."""
CURVATURE_BOUND = 1.0
"""Of the curvature that an output row pools in a step, times alpha; from 2 on a step overshoots more than it gains."""


class Predictions(NamedTuple):
    """Buffers for a step of at most b hidden vectors."""

    hidden: np.ndarray  # float32[b, d]
    change: np.ndarray  # float32[b, d], the step of `hidden`
    scores: np.ndarray  # float32[b, v], the scores, and then their gradients times -alpha
    moved: np.ndarray  # float32[v, d], the step of the output vectors
    n_targets: np.ndarray  # int64[b], words that each hidden vector is to predict
    targets: np.ndarray  # uint32[b, ...]
    curvature: np.ndarray  # float32[v], what each output row pools: alpha sum_i n_i p_i (1 - p_i) |h_i|^2
    lanes: np.ndarray  # float32[LANES], partial results


@inner
def make_predictions(block, most_targets, outputs):
    """Buffers for steps of at most `block` hidden vectors, each with at most most_targets targets."""
    n_words, dimensions = outputs.shape
    return Predictions(
        np.zeros((block, dimensions), np.float32), np.zeros((block, dimensions), np.float32),
        np.zeros((block, n_words), np.float32), np.zeros((n_words, dimensions), np.float32), np.zeros(block, np.int64),
        np.zeros((block, most_targets), np.uint32), aligned(n_words), aligned(LANES),
    )  # fmt: skip


@inner
def plan_step(alpha, n_targets, subsampling, settings):
    """How many hidden vectors may share a step, so that it is stable: see `_steps`.

    The output row of a target pools the step's targets times its share in the tokens, and an input row its predictions,
    as often as its word is among the inputs. n_targets: the mean of a hidden vector, times the words of a context where
    it is their sum. What output rows pool besides depends on the probabilities, and `learn_step` looks after it.
    """
    pooled = bounded(alpha * n_targets) * subsampling.highest_share
    return max(1, min(settings.block, np.int64(min(OUTPUT_BOUND, SOFTMAX_INPUT_BOUND) / (pooled + 1e-9))))


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
def _highest(row, lanes):
    """The highest number of a row."""
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
    """Scores to exp(score - highest), where they stand. Returns their sum."""
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
def _pool_curvature(weight, total, row, predictions):
    """Add what a hidden vector brings to each output row, weight p (1 - p). Returns the highest sum."""
    inverse = np.float32(1.0 / total)
    for word in range(row.size):
        probability = row[word] * inverse
        predictions.curvature[word] += weight * probability * (np.float32(1.0) - probability)
    return _highest(predictions.curvature, predictions.lanes)


@inner
def learn_step(n_hidden, alpha, outputs, predictions):
    """Change the outputs, and find the change of the first hidden vectors, as many as are stable together.

    Returns the loss before it, and how many they are: at least one, and n_hidden if nothing speaks against it.
    """
    hidden, scores = predictions.hidden[:n_hidden], predictions.scores[:n_hidden]
    np.dot(hidden, outputs.T, scores)
    predictions.curvature[:] = 0.0
    loss, n_learned = 0.0, 0
    while n_learned < n_hidden:
        row, n_targets, targets = scores[n_learned], predictions.n_targets[n_learned], predictions.targets[n_learned]
        of_row = 0.0
        for j in range(n_targets):
            of_row -= np.float64(row[targets[j]])
        highest = _highest(row, predictions.lanes)
        total = _exponentiate(row, highest, predictions.lanes)
        square = np.float32(0.0)
        for i in range(hidden.shape[1]):
            square += hidden[n_learned, i] * hidden[n_learned, i]
        curvature = _pool_curvature(alpha * np.float32(n_targets) * square, total, row, predictions)
        if n_learned and curvature > CURVATURE_BOUND:
            break
        loss += of_row + n_targets * (math.log(total) + np.float64(highest))
        scale = np.float32(-np.float64(alpha) * n_targets / total)
        for word in range(row.size):
            row[word] *= scale
        for j in range(n_targets):
            row[targets[j]] += alpha
        n_learned += 1
    np.dot(scores[:n_learned], outputs, predictions.change[:n_learned])
    np.dot(scores[:n_learned].T, hidden[:n_learned], predictions.moved)
    for word in range(outputs.shape[0]):
        for i in range(outputs.shape[1]):
            outputs[word, i] += predictions.moved[word, i]
    return loss, n_learned


@inner
def next_size(n_learned, n_hidden, size, settings):
    """How many hidden vectors to try next: as many as were stable together, and more again where all were."""
    return n_learned if n_learned < n_hidden else min(2 * size, settings.block)
