"""The building blocks of the blocked kernels: functions of vectors of numbers, over their whole range."""

import numba
import numpy as np
import pytest

from spacy_w2v.kernels.blocked._softmax import CURVATURE_BOUND, make_softmax_buffers, softmax_step
from spacy_w2v.kernels.tiles._instructions import block_products, gradients
from spacy_w2v.kernels.tiles._llvm import LANES, OUTPUTS, TILE

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="tiles are LLVM code, which needs numba's JIT")


def test_sigmoid_and_softplus():
    """A tile computes scores z from rows (z, 0, …) and (1, 0, …), over the whole range, with NaN and infinity."""
    z = np.concatenate(
        [np.linspace(-30, 30, 4001), np.linspace(-120, 120, 999), [0.0, -0.0, np.inf, -np.inf, np.nan, 88.5]]
    )
    z = np.resize(z.astype(np.float32), -(-len(z) // 4) * 4)

    @numba.njit
    def tile(z, sigmoids, losses):
        x, y = np.zeros((4, 16), np.float32), np.zeros((OUTPUTS, 16), np.float32)
        y[:, 0] = 1
        rows_x, rows_y = np.empty(4, np.int64), np.empty(OUTPUTS, np.int64)
        for i in range(4):
            rows_x[i] = x.ctypes.data + 64 * i
        for k in range(OUTPUTS):
            rows_y[k] = y.ctypes.data + 64 * k
        weight = np.full(TILE, np.float32(-1))
        gradient, loss = np.empty(TILE, np.float32), np.zeros(LANES, np.float32)
        for n in range(0, len(z), 4):
            x[:, 0] = z[n : n + 4]
            loss[:] = 0
            block_products(rows_x.ctypes.data, rows_y.ctypes.data, 16 // LANES, gradient.ctypes.data)
            gradients(gradient.ctypes.data, weight.ctypes.data, TILE // LANES, np.float32(1), loss.ctypes.data)
            sigmoids[n : n + 4] = -gradient[TILE - 4 :]
            losses[n : n + 4] = loss[:4] / (TILE // LANES)

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


@numba.njit
def step(hidden, outputs):
    buffers = make_softmax_buffers(3, 2, outputs)
    buffers.hidden[:] = hidden
    buffers.n_targets[:] = 2  # word 0, twice
    loss, n_trained = softmax_step(3, np.float32(0.1), outputs, buffers)
    return loss, buffers.scores, buffers.change, n_trained


# The sizes are the same on every machine, and so are the random numbers. With 8 or 16 lanes, some sizes fill no vector,
# some fill one, and some leave a remainder.
@pytest.mark.parametrize("n_words", [1, 7, 8, 15, 16, 29, 53])
@pytest.mark.parametrize("scale", [1, 30, 1e4])
def test_softmax_step(n_words, scale):
    """Loss and gradients equal those of exact arithmetic, for any number of words and scores of any size.

    If output rows would sum too much curvature, the step ends early, at the same hidden vector as in exact arithmetic.
    """
    generator = np.random.default_rng(n_words)
    hidden, outputs = generator.normal(0, 1, (3, 16)), generator.normal(0, scale, (n_words, 16))
    hidden, outputs = hidden.astype(np.float32), outputs.astype(np.float32)

    exact = outputs.astype(float)
    scores = hidden.astype(float) @ exact.T
    logs = scores - scores.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    shares = np.exp(logs)
    squares = np.square(hidden.astype(float)).sum(axis=1, keepdims=True)
    pooled = np.cumsum(0.2 * squares * shares * (1 - shares), axis=0).max(axis=1)
    assert np.abs(pooled - CURVATURE_BOUND).min() > 1e-3  # else rounding would decide
    n_expected = max(1, int((pooled <= CURVATURE_BOUND).sum()))  # a sum that only grows
    gradients = -0.2 * shares
    gradients[:, 0] += 0.2

    loss, actual, change, n_trained = step(hidden, outputs)
    assert n_trained == n_expected
    hidden, logs, gradients = hidden[:n_trained], logs[:n_trained], gradients[:n_trained]
    assert loss == pytest.approx(-2 * logs[:, 0].sum(), rel=1e-5, abs=1e-5)
    # scores of 1e5 are rounded to 1e-2, and with them the probabilities
    np.testing.assert_allclose(actual[:n_trained], gradients, atol=1e-6 * max(1, scale))
    np.testing.assert_allclose(change[:n_trained], gradients @ exact, atol=1e-5 * scale * max(1, scale))
    np.testing.assert_allclose(outputs, exact + gradients.T @ hidden, atol=1e-5 * max(1, scale))
