"""The kernels against slow references, finite differences, each other's expectation and the sampler's distribution."""

import numba
import numpy as np
import pytest
import reference

from spacy_w2v.kernels import skipgram_sequential
from spacy_w2v.kernels.arguments import (
    OUT_OF_VOCABULARY,
    Alphas,
    Chunk,
    KernelSettings,
    Subsampling,
    Weights,
)
from spacy_w2v.kernels.llvm import LANES, QUADS
from spacy_w2v.kernels.skipgram_negative import train_chunk
from spacy_w2v.kernels.tiles import STEP, block_products, gradients
from spacy_w2v.sampling import make_noise

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tiles are LLVM code, which needs numba's JIT")


def blocked(chunk, subsampling, noise, weights, settings, alpha_first, alpha_last, state):
    alphas = Alphas(np.float32(alpha_first), np.float32(alpha_last))
    for array in chunk:
        array.flags.writeable = False
    return train_chunk(chunk, subsampling, noise, weights, settings, alphas, state)


def make_settings(window, negative, shrink_windows, block=64, n_noise=32):
    return KernelSettings(window, shrink_windows, negative, block=block, n_noise=n_noise)


def noise_of(weights):
    """Noise words with these weights."""
    return make_noise(np.asarray(weights, float), ns_exponent=1)


def make_case(seed=0, v=40, types=50, n=400, d=32, scale=0.6, sample_low=0.3, longest=30):
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, v + 1)
    word_of_type = np.full(types, OUT_OF_VOCABULARY, np.uint32)
    order = rng.permutation(types)
    word_of_type[order[:v]] = np.arange(v)
    probability = np.concatenate([p, np.full(types - v, 0.1)])
    tokens = order[rng.choice(types, n, p=probability / probability.sum())].astype(np.uint32)
    offsets = [0]
    while offsets[-1] < n:
        offsets.append(min(n, offsets[-1] + int(rng.integers(0, longest))))
    keep = (rng.uniform(sample_low, 1, v) * (2**32 - 1)).astype(np.uint32)
    chunk = Chunk(tokens, np.array(offsets, np.int64))
    for array in chunk:
        array.flags.writeable = False
    x, y = ((rng.normal(0, 3 * scale, (v, d)) / np.sqrt(d)).astype(np.float32) for _ in range(2))
    state = np.random.SeedSequence(seed).generate_state(4, np.uint64)
    return chunk, Subsampling(word_of_type, keep), noise_of(p**0.75), Weights(x, y), state


SETTINGS = [
    make_settings(5, 5, True, 16, 24),
    make_settings(5, 5, True, 32, 8),
    make_settings(2, 7, False, 8, 16),
    make_settings(8, 3, True, 64, 32),
    make_settings(1, 5, True, 16, 4 * QUADS),
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("d", [16, 112])
@pytest.mark.parametrize("alpha", [0.02, 0.2])  # one round; several, with steps of fewer inputs
def test_equals_the_reference(settings, d, alpha):
    chunk, subsampling, noise, weights, state = make_case(seed=d, d=d)
    x, y = weights.input.astype(float), weights.output.astype(float)
    expected = reference.train_skipgram_blocked(chunk, subsampling, noise, x, y, settings, (alpha, alpha / 2), state)
    actual = blocked(chunk, subsampling, noise, weights, settings, alpha, alpha / 2, state)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    # float32 against float64 over some 50 steps that each carry the rounding of the last on, the more the larger alpha
    np.testing.assert_allclose(weights.input, x, atol=1e-6 + 5e-4 * alpha)
    np.testing.assert_allclose(weights.output, y, atol=1e-6 + 5e-4 * alpha)


def test_short_chunks():
    """Empty chunks, lone words and unknown words."""
    for n, offsets in ((0, [0]), (0, [0, 0]), (1, [0, 1]), (3, [0, 1, 2, 3]), (9, [0, 9])):
        _, subsampling, noise, weights, state = make_case()
        chunk = Chunk(np.arange(n, dtype=np.uint32), np.array(offsets, np.int64))
        x, y = weights.input.astype(float), weights.output.astype(float)
        settings = make_settings(5, 5, True)
        expected = reference.train_skipgram_blocked(chunk, subsampling, noise, x, y, settings, (0.02, 0.02), state)
        actual = blocked(chunk, subsampling, noise, weights, settings, 0.02, 0.02, state)
        assert actual == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(weights.input, x, atol=1e-6)


def test_gradient_by_finite_differences():
    """The change of one step is -alpha times the gradient of the step's objective (all words differ, noise too)."""
    _, _, _, weights, _ = make_case(v=400, types=400, d=16)
    identity = np.arange(400, dtype=np.uint32)
    chunk = Chunk(identity[100:108], np.array([0, 8], np.int64))
    subsampling, noise = Subsampling(identity, np.full(400, 2**32 - 1, np.uint32)), noise_of(np.ones(400))
    settings, alpha = make_settings(5, 5, True, 8, 8), 1e-3
    x, y = weights.input.astype(float), weights.output.astype(float)
    for seed in range(100):
        state = np.random.SeedSequence(seed).generate_state(4, np.uint64)
        kept, ((_, inputs, noise_words, _, _),) = reference.blocked_steps(
            chunk, subsampling, noise, settings, (alpha, alpha), state, STEP
        )
        if len({*noise_words, *chunk.tokens}) == 16:
            break
    blocked(chunk, subsampling, noise, weights, settings, alpha, alpha, state)
    for old, new in ((x, weights.input), (y, weights.output)):
        gradient = np.zeros_like(old)
        for place in ((row, c) for row in (*noise_words, *chunk.tokens) for c in range(16)):
            kept_value, h = old[place], 1e-5
            old[place] = kept_value + h
            up = reference.step_objective(kept, inputs, noise_words, x, y, settings)
            old[place] = kept_value - h
            down = reference.step_objective(kept, inputs, noise_words, x, y, settings)
            old[place] = kept_value
            gradient[place] = (up - down) / (2 * h)
        assert np.abs(gradient).max() > 0.5
        # float32 weights near 1 resolve a change of 1e-3 to 1e-4
        np.testing.assert_allclose(
            (old - new) / alpha, gradient, atol=3e-3
        )  # and the change itself is of second order in alpha


def test_expectation_is_that_of_the_sequential_kernel():
    """Mean change and loss over many draws agree, with noise words that often equal the centre (v = 12)."""
    chunk, subsampling, noise, weights, _ = make_case(v=12, types=14, n=60, d=16, sample_low=0.5)
    settings, alpha, n = make_settings(4, 5, True, 16, 8), np.float32(1e-4), 20_000
    means, errors, losses = [], [], []
    for kernel in (skipgram_sequential.train_chunk, train_chunk):
        changes, loss, pairs = np.zeros((n, 2 * weights.input.size)), 0.0, 0
        for r in range(n):
            w = Weights(weights.input.copy(), weights.output.copy())
            state = np.random.SeedSequence([r, kernel is train_chunk]).generate_state(4, np.uint64)
            part = kernel(chunk, subsampling, noise, w, settings, Alphas(alpha, alpha), state)
            changes[r] = np.concatenate([(a - b).ravel() for a, b in zip(w, weights, strict=True)]) / alpha
            loss, pairs = loss + part[0], pairs + part[1]
        means.append(changes.mean(0))
        errors.append(changes.std(0) / np.sqrt(n))
        losses.append(loss / pairs)
    z = (means[0] - means[1]) / np.sqrt(errors[0] ** 2 + errors[1] ** 2 + 1e-6)
    assert np.abs(z).max() < 4.5  # 384 comparisons
    assert np.sqrt((z**2).mean()) < 1.3
    assert losses[0] == pytest.approx(losses[1], rel=3e-3)


def test_sigmoid_and_softplus():
    """Through a tile: logits z from rows (z, 0, …) and (1, 0, …), over the whole range, NaN and infinity included."""
    z = np.concatenate(
        [np.linspace(-30, 30, 4001), np.linspace(-120, 120, 999), [0.0, -0.0, np.inf, -np.inf, np.nan, 88.5]]
    )
    z = np.resize(z.astype(np.float32), -(-len(z) // 4) * 4)

    @numba.njit
    def tile(z, sigmoids, losses):
        x, y = np.zeros((4, 16), np.float32), np.zeros((QUADS, 16), np.float32)
        y[:, 0] = 1
        rows_x, rows_y = np.empty(4, np.int64), np.empty(QUADS, np.int64)
        for i in range(4):
            rows_x[i] = x.ctypes.data + 64 * i
        for k in range(QUADS):
            rows_y[k] = y.ctypes.data + 64 * k
        weight = np.full(LANES, np.float32(-1))
        gradient, loss = np.empty(LANES, np.float32), np.zeros(LANES, np.float32)
        for n in range(0, len(z), 4):
            x[:, 0] = z[n : n + 4]
            loss[:] = 0
            block_products(rows_x.ctypes.data, rows_y.ctypes.data, 16 // LANES, gradient.ctypes.data)
            gradients(gradient.ctypes.data, weight.ctypes.data, 1, np.float32(1), loss.ctypes.data)
            sigmoids[n : n + 4] = -gradient[LANES - 4 :]
            losses[n : n + 4] = loss[:4]

    sigmoids, losses = np.empty_like(z), np.empty_like(z)
    tile(z, sigmoids, losses)
    exact = z.astype(float)
    finite = np.isfinite(exact)
    with np.errstate(over="ignore", invalid="ignore"):
        # the rounding of z grows with it
        np.testing.assert_allclose(sigmoids[finite], 1 / (1 + np.exp(-exact[finite])), rtol=1e-5, atol=2e-38)
        np.testing.assert_allclose(losses[finite], np.logaddexp(0, exact[finite]), rtol=1e-5, atol=2e-38)
    assert np.isnan(sigmoids[np.isnan(z)]).all()
    assert np.isnan(losses[np.isnan(z)]).all()


def test_nan_survives():
    chunk, subsampling, noise, weights, state = make_case()
    weights.input[0, 3] = np.nan
    loss, _, _ = blocked(chunk, subsampling, noise, weights, make_settings(5, 5, True), 0.02, 0.02, state)
    assert np.isnan(loss)


def test_same_bits_and_one_signature():
    results = []
    for _ in range(2):
        chunk, subsampling, noise, weights, state = make_case()
        blocked(chunk, subsampling, noise, weights, make_settings(5, 5, True), 0.02, 0.02, state)
        results.append((weights, state))
    np.testing.assert_array_equal(results[0][0].input, results[1][0].input)
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert len(train_chunk.signatures) == 1
