"""What the sequential kernels do for one prediction: a hidden vector predicts a word, and both sides learn from it.

The three functions take the same arguments, and `learn` chooses one by the type of the output layer, at compile time:

output_layer: Noise, Tree or AllWords. target: the word to be predicted. hidden: d, what predicts it. change: d, the
step of `hidden` is added to it. outputs: the output weights, changed in place. scores: as many as output rows, for the
full softmax to work in. negative: noise words of a prediction. They return the loss of the prediction, before the step.
"""

import math

import numpy as np
from numba.extending import overload

from spacy_w2v._arrays import AllWords, Noise, Tree
from spacy_w2v._jit import FASTMATH, inlined, inner
from spacy_w2v.kernels._random import next_random, noise_word

# exp overflows float32 at 88.7. Scores beyond ±80 count as ±80 in the loss; the gradient there is 0 or 1 anyway.
SCORE_LIMIT = np.float32(80.0)
# A sigmoid is at least exp(-80), so the product below stays a normal float64 (above 1e-308).
PRODUCT_LIMIT = 1e-200


@inner
def sigmoid(score: np.float32) -> np.float32:
    """Return σ(score), with the score limited to ±80."""
    limited = min(max(score, -SCORE_LIMIT), SCORE_LIMIT)
    if score != score:  # min and max may drop a NaN
        limited = score
    return np.float32(1.0) / (np.float32(1.0) + math.exp(-limited))


@inlined
def logistic_step(label, hidden, change, output, alpha):
    """One step of −log σ(±h·y), + for label 1 and − for label 0, for a hidden vector h and an output row y.

    Returns σ(±h·y).
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


def learn_against_noise(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """−log σ(h·y_target) − Σ_k log σ(−h·y_k) over noise words k; one that equals the target is left out."""
    likelihood = logistic_step(True, hidden, change, outputs[target], alpha)
    loss = 0.0
    for _ in range(negative):
        word = noise_word(next_random(state), output_layer)
        if word != target:
            likelihood *= logistic_step(False, hidden, change, outputs[word], alpha)
        if likelihood < PRODUCT_LIMIT:  # one logarithm serves all factors, but for very many noise words
            loss -= math.log(likelihood)
            likelihood = 1.0
    return loss - math.log(likelihood)


def learn_path(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """−Σ log σ(±h·y_node) over the path of the target, + where its code is 0."""
    likelihood, loss = 1.0, 0.0
    for p in range(output_layer.offsets[target], output_layer.offsets[target + 1]):
        likelihood *= logistic_step(output_layer.codes[p] == 0, hidden, change, outputs[output_layer.nodes[p]], alpha)
        if likelihood < PRODUCT_LIMIT:
            loss -= math.log(likelihood)
            likelihood = 1.0
    return loss - math.log(likelihood)


def learn_among_all(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """−log of the softmax of h·y at the target; scores are taken relative to the highest, so that none overflows."""
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


LEARNERS = {Noise: learn_against_noise, Tree: learn_path, AllWords: learn_among_all}


def learn(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    """Do what the type of the output layer asks for. This body runs where numba's JIT is off."""
    return LEARNERS[type(output_layer)](output_layer, target, hidden, change, outputs, scores, alpha, negative, state)


@overload(learn, inline="always", jit_options={"error_model": "numpy", "fastmath": FASTMATH})
def _compile_learn(output_layer, target, hidden, change, outputs, scores, alpha, negative, state):
    return LEARNERS[output_layer.instance_class]
