"""Examples worked by hand: one sentence to six digits, and six lines on two topics for the whole family.

The words of "I love machine learning" have the rows of W both as input vectors and as output vectors. The centre "love"
predicts its neighbours. The comment beside each number derives it from the numbers above, and the library must compute
the same.
"""

import numpy as np
import pytest
from helpers_kernels import Case, frozen, keep_all, make_settings, run_kernel
from helpers_model import make_model

import spacy_w2v
from spacy_w2v._arrays import AllWords, IdentityInput, Weights
from spacy_w2v.kernels import TRAINING_KERNELS

WORDS = ["I", "love", "machine", "learning"]
W = [
    [0.1, 0.2],  # I
    [0.3, -0.2],  # love
    [0.5, 0.4],  # machine
    [-0.1, 0.3],  # learning
]
DIGITS = 5e-7  # half of the sixth digit: the rounding of the numbers here, and more than that of float32

# The hidden vector is love's input vector, h = (0.3, -0.2). Its score for each word is u = h · y.
SCORES = {
    "I": -0.01,  # 0.3 · 0.1 − 0.2 · 0.2 = 0.03 − 0.04
    "love": 0.13,  # 0.3 · 0.3 + 0.2 · 0.2 = 0.09 + 0.04
    "machine": 0.07,  # 0.3 · 0.5 − 0.2 · 0.4 = 0.15 − 0.08
    "learning": -0.09,  # −0.3 · 0.1 − 0.2 · 0.3 = −0.03 − 0.06
}
# The exponentials of the scores are 0.990050 + 1.138828 + 1.072508 + 0.913931 = 4.115318.
PROBABILITIES = {
    "I": 0.240577,  # 0.990050 / 4.115318
    "love": 0.276729,  # 1.138828 / 4.115318
    "machine": 0.260614,  # 1.072508 / 4.115318
    "learning": 0.222080,  # 0.913931 / 4.115318
}
# Cross-entropy with a single true word is −log p = log 4.115318 − u, and log 4.115318 = 1.414716.
LOSSES = {
    "I": 1.424716,  # 1.414716 + 0.01
    "machine": 1.344716,  # 1.414716 − 0.07
    "learning": 1.504716,  # 1.414716 + 0.09
}

# A step on the pair love → machine with the learning rate 0.1. The error is e = p − 1 for machine, else p.
LEARNING_RATE = 0.1
ERRORS = [0.240577, 0.276729, -0.739386, 0.222080]  # 0.260614 − 1 = −0.739386
# The gradient of love's input vector is Σ e y, with the output weights from before the step:
HIDDEN_GRADIENT = [
    -0.284825,  # 0.1 · 0.240577 + 0.3 · 0.276729 − 0.5 · 0.739386 − 0.1 · 0.222080
    -0.236361,  # 0.2 · 0.240577 − 0.2 · 0.276729 − 0.4 · 0.739386 + 0.3 · 0.222080
]
NEW_HIDDEN = [
    0.328482,  # 0.3 + 0.1 · 0.284825
    -0.176364,  # −0.2 + 0.1 · 0.236361
]
# The gradient of each output vector is e h, so y becomes y − 0.1 e (0.3, −0.2) = y − e (0.03, −0.02):
NEW_OUTPUTS = [
    [0.092783, 0.204812],  # 0.1 − 0.03 · 0.240577, 0.2 + 0.02 · 0.240577
    [0.291698, -0.194465],  # 0.3 − 0.03 · 0.276729, −0.2 + 0.02 · 0.276729
    [0.522182, 0.385212],  # 0.5 + 0.03 · 0.739386, 0.4 − 0.02 · 0.739386
    [-0.106662, 0.304442],  # −0.1 − 0.03 · 0.222080, 0.3 + 0.02 · 0.222080
]
# After it the scores are −0.005644, 0.130114, 0.103590 and −0.088729, and their exponentials sum to 4.157570.
NEW_PROBABILITIES = {
    "I": 0.239171,  # 0.994372 / 4.157570
    "love": 0.273948,  # 1.138959 / 4.157570
    "machine": 0.266777,  # 1.109146 / 4.157570
    "learning": 0.220103,  # 0.915093 / 4.157570
}
NEW_LOSS = 1.321341  # log 4.157570 − 0.103590 = 1.424931 − 0.103590, lower than 1.344716 by 0.023375


def softmax_model(inputs, outputs):
    settings = {"loss": "softmax", "vector_size": 2, "window": 1}
    return make_model([1, 1, 1, 1], words=WORDS, weights=(inputs, outputs), **settings)


def test_scores_are_inner_products():
    model = softmax_model(W, W)
    actual = model.vectors("output") @ model["love"]
    np.testing.assert_allclose(actual, list(SCORES.values()), atol=DIGITS)


def test_probabilities_are_the_softmax_of_the_scores():
    actual = dict(softmax_model(W, W).predict_context(["love"]))
    assert actual == pytest.approx(PROBABILITIES, abs=DIGITS)
    assert sum(PROBABILITIES.values()) == pytest.approx(1, abs=4 * DIGITS)


def test_loss_of_each_neighbour_is_its_cross_entropy():
    probabilities = dict(softmax_model(W, W).predict_context(["love"]))
    actual = {word: -np.log(probabilities[word]) for word in LOSSES}
    assert actual == pytest.approx(LOSSES, abs=DIGITS)


def test_a_score_is_the_sum_over_both_directions():
    # machine → love: h = (0.5, 0.4) has the scores 0.13, 0.07, 0.41 and 0.07; 1.138828 + 1.072508 + 1.506818 + 1.072508
    # = 4.790662, and log 4.790662 − 0.07 = 1.566669 − 0.07 = 1.496669.
    actual = softmax_model(W, W).score([["love", "machine"]])
    np.testing.assert_allclose(actual, [-(LOSSES["machine"] + 1.496669)], atol=2 * DIGITS)


def test_gradients_are_those_of_the_library_s_loss():
    """Central differences of −log p(machine | love) in each weight; float32 weights leave three digits of them."""
    step = 0.05

    def loss(inputs, outputs):
        return -np.log(dict(softmax_model(inputs, outputs).predict_context(["love"]))["machine"])

    hidden_gradient, output_gradient = np.zeros(2), np.zeros((4, 2))
    for i in range(2):
        change = np.zeros((4, 2))
        change[1, i] = step
        hidden_gradient[i] = (loss(W + change, W) - loss(W - change, W)) / (2 * step)
        for word in range(4):
            change = np.zeros((4, 2))
            change[word, i] = step
            output_gradient[word, i] = (loss(W, W + change) - loss(W, W - change)) / (2 * step)
    np.testing.assert_allclose(hidden_gradient, HIDDEN_GRADIENT, atol=1e-4)
    np.testing.assert_allclose(output_gradient, np.outer(ERRORS, W[1]), atol=1e-4)


def test_one_step_by_hand_lowers_the_loss_as_computed():
    hidden, outputs = np.array(W[1]), np.array(W)
    np.testing.assert_allclose(ERRORS @ outputs, HIDDEN_GRADIENT, atol=2 * DIGITS)
    np.testing.assert_allclose(hidden - LEARNING_RATE * np.array(HIDDEN_GRADIENT), NEW_HIDDEN, atol=DIGITS)
    np.testing.assert_allclose(outputs - LEARNING_RATE * np.outer(ERRORS, hidden), NEW_OUTPUTS, atol=DIGITS)

    actual = dict(softmax_model([W[0], NEW_HIDDEN, W[2], W[3]], NEW_OUTPUTS).predict_context(["love"]))
    assert actual == pytest.approx(NEW_PROBABILITIES, abs=2 * DIGITS)  # from rounded weights
    assert -np.log(actual["machine"]) == pytest.approx(NEW_LOSS, abs=4 * DIGITS)
    assert LOSSES["machine"] - NEW_LOSS == pytest.approx(0.023375, abs=DIGITS)


def test_negative_sampling_of_the_same_pair():
    """The pair love → machine with the noise words "I" and "learning": one log σ for each of the scores above."""
    losses = [np.log1p(np.exp(-SCORES["machine"])), np.log1p(np.exp(SCORES["I"])), np.log1p(np.exp(SCORES["learning"]))]
    assert losses == pytest.approx([0.658760, 0.688160, 0.649159], abs=DIGITS)
    assert sum(losses) == pytest.approx(1.996079, abs=DIGITS)


def test_a_step_of_the_kernel_is_the_step_by_hand():
    """Of the text "machine love" the first pair is love → machine; the learning rate falls to 0 for the second."""
    machine_love = frozen([2, 1], [0, 2])
    weights = Weights(np.array(W, np.float32), np.array(W, np.float32))
    case = Case(machine_love, keep_all(4), IdentityInput(4), AllWords(4), weights, np.arange(1, 5, dtype=np.uint64))
    key = ("skip-gram", "softmax", "sequential")
    loss, n_pairs, _ = run_kernel(key, case, make_settings(key, window=1), LEARNING_RATE, -LEARNING_RATE)
    assert n_pairs == 2
    np.testing.assert_allclose(weights.input[1], NEW_HIDDEN, atol=DIGITS)
    np.testing.assert_allclose(weights.output, NEW_OUTPUTS, atol=DIGITS)
    scores = np.array(NEW_OUTPUTS) @ W[2]  # the second pair, machine → love, at the new output vectors
    assert loss == pytest.approx(LOSSES["machine"] + np.log(np.exp(scores).sum()) - scores[1], abs=4 * DIGITS)


TOY_CORPUS = """\
apple banana fruit
banana apple fruit
banana fruit apple
dog cat animal
cat animal dog
cat dog animal""".splitlines()
TOPICS = (("apple", "banana", "fruit"), ("dog", "cat", "animal"))


@pytest.mark.parametrize("key", TRAINING_KERNELS, ids="-".join)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_words_of_a_topic_are_near_each_other(key, seed):
    """Every word of one topic is nearer to the words of its own topic than to any word of the other."""
    architecture, loss, kernel = key
    model = spacy_w2v.train(
        TOY_CORPUS, architecture=architecture, loss=loss, kernel=kernel, seed=seed, vector_size=50, window=1,
        min_count=1, sample=0, epochs=120, alpha=0.05, workers=1,
    )  # fmt: skip
    unit = {word: model[word] / np.linalg.norm(model[word]) for word in model.words}
    for own, other in (TOPICS, TOPICS[::-1]):
        for word in own:
            nearest_own = min(unit[word] @ unit[near] for near in own if near != word)
            assert nearest_own > max(unit[word] @ unit[far] for far in other) + 0.1
