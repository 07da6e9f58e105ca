"""One gradient step for one prediction of a word from a hidden vector, for each loss.

`gradient_step` chooses one of the three functions at compile time, by the type of the output layer. They have the same
arguments and result:

Args:
    output_layer: Noise, Tree or AllWords.
    target: The word to predict.
    hidden: float32[d]; the vector that predicts it.
    change: float32[d]; the step of `hidden` is added to it.
    outputs: float32; the output weights, which are updated in place.
    scores: float32, one per output row; a buffer of the full softmax.
    alpha: The learning rate.
    negative: Noise words per prediction.
    state: State of the random generator, which is advanced.

Returns:
    The loss of the prediction before the step, a natural logarithm.
"""

import math

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import AllWords, Noise, Tree
from spacy_w2v._jit import FASTMATH, inlined, inner
from spacy_w2v.kernels._random import next_random, noise_word

# exp overflows float32 at 88.7. Scores beyond ±80 count as ±80 in the loss, where the gradient is 0 or 1 anyway.
SCORE_LIMIT = np.float32(80.0)
# A sigmoid is at least exp(-80), so the product below stays a normal float64 (above 1e-308).
PRODUCT_LIMIT = 1e-200


@inner
def sigmoid(score: np.float32) -> np.float32:
    """Return σ(score) = 1 / (1 + exp(-score)), with the score limited to ±80."""
    limited = min(max(score, -SCORE_LIMIT), SCORE_LIMIT)
    if score != score:  # min and max may lose a NaN
        limited = score
    return np.float32(1.0) / (np.float32(1.0) + math.exp(-limited))


@inlined
def logistic_step(label, hidden, change, output, alpha):
    """Take one gradient step on −log σ(±h·y), with + for label 1 and − for label 0.

    Args:
        label: Whether the output is to be predicted.
        hidden: float32[d]; the hidden vector h.
        change: float32[d]; the step of `hidden` is added to it.
        output: float32[d]; the output row y, which is updated in place.
        alpha: The learning rate.

    Returns:
        σ(±h·y) before the step, a probability.
    """
    score = np.float32(0.0)
    for i in range(hidden.size):
        score += hidden[i] * output[i]
    if label:
        likelihood = sigmoid(score)
        step = alpha * (np.float32(1.0) - likelihood)
    else:
        likelihood = sigmoid(-score)
        step = alpha * (likelihood - np.float32(1.0))
    for i in range(hidden.size):
        change[i] += step * output[i]
        output[i] += step * hidden[i]
    return np.float64(likelihood)


def negative_sampling_step(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """Take a step on −log σ(h·y_target) − Σ_k log σ(−h·y_k), for noise words k other than the target.

    This is equation 4 of Mikolov et al. 2013b (arXiv 1310.4546). Like word2vec.c, it skips noise that is the target.
    """
    likelihood = logistic_step(True, hidden, change, outputs[target], alpha)
    loss = 0.0
    for _ in range(negative):
        word = noise_word(next_random(state), output_layer)
        if word != target:
            likelihood *= logistic_step(False, hidden, change, outputs[word], alpha)
        if likelihood < PRODUCT_LIMIT:  # one logarithm is enough for all factors, unless there are very many
            loss -= math.log(likelihood)
            likelihood = 1.0
    return loss - math.log(likelihood)


def hierarchical_softmax_step(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """Take a step on −Σ log σ(±h·y_node) over the path of the target, with + where its code is 0.

    This is equation 3 of Mikolov et al. 2013b (arXiv 1310.4546).
    """
    likelihood, loss = 1.0, 0.0
    for p in range(output_layer.offsets[target], output_layer.offsets[target + 1]):
        likelihood *= logistic_step(output_layer.codes[p] == 0, hidden, change, outputs[output_layer.nodes[p]], alpha)
        if likelihood < PRODUCT_LIMIT:
            loss -= math.log(likelihood)
            likelihood = 1.0
    return loss - math.log(likelihood)


def full_softmax_step(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """Take a step on −log softmax(h·y)_target (Mikolov et al. 2013b, arXiv 1310.4546, equation 2).

    The highest score is subtracted from all scores, so that exp cannot overflow.
    """
    n_words = outputs.shape[0]
    for word in range(n_words):
        score = np.float32(0.0)
        for i in range(hidden.size):
            score += hidden[i] * outputs[word, i]
        scores[word] = score
    highest, target_score, total = scores.max(), scores[target], 0.0
    for word in range(n_words):
        scores[word] = math.exp(scores[word] - highest)
        total += np.float64(scores[word])
    for word in range(n_words):
        probability = scores[word] / np.float32(total)
        step = alpha * (np.float32(word == target) - probability)
        for i in range(hidden.size):
            change[i] += step * outputs[word, i]
            outputs[word, i] += step * hidden[i]
    return math.log(total) + np.float64(highest) - np.float64(target_score)


GRADIENT_STEPS = {Noise: negative_sampling_step, Tree: hierarchical_softmax_step, AllWords: full_softmax_step}
"""The function of each type of output layer."""


def gradient_step(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """Take the gradient step of the output layer's loss. This body is run only if numba's JIT is disabled."""
    return GRADIENT_STEPS[type(output_layer)](
        output_layer, target, hidden, change, outputs, scores, alpha, negative, state
    )


@overload(gradient_step, inline="always", jit_options={"error_model": "numpy", "fastmath": FASTMATH})
def _compile_gradient_step(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    return GRADIENT_STEPS[output_layer.instance_class]
