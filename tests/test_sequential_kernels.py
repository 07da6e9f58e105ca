"""The sequential kernels against their own Python functions, which run if numba's JIT is disabled."""

import numpy as np
import pytest
from helpers_kernels import SEQUENTIAL, kernel_parameters, make_case, make_settings, run_kernel

from spacy_w2v._arrays import Alphas
from spacy_w2v.kernels import TRAINING_KERNELS
from spacy_w2v.kernels.sequential import _gradient_steps as gradient_steps
from spacy_w2v.kernels.sequential import _sentences as sentences


@pytest.mark.parametrize("key", kernel_parameters(SEQUENTIAL))
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # NumPy's scalars warn where C wraps
def test_equals_its_python_body(monkeypatch, key):
    train_chunk = TRAINING_KERNELS[key].load()
    if not hasattr(train_chunk, "py_func"):
        pytest.skip("numba's JIT is off")
    case, settings, alpha = make_case(key[1], n=150, d=7), make_settings(key, window=3, negative=2), np.float32(0.05)
    expected_case = case.copy()
    actual = run_kernel(key, case, settings, alpha)
    for module in (train_chunk.py_func.__globals__, vars(gradient_steps), vars(sentences)):
        for name, value in list(module.items()):  # the functions that it calls must be Python too
            if hasattr(value, "py_func"):
                monkeypatch.setitem(module, name, value.py_func)
    expected = train_chunk.py_func(*expected_case[:5], settings, Alphas(alpha, alpha), expected_case.state)
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-6)
    for matrix, expected_matrix in zip(case.weights, expected_case.weights, strict=True):
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-5)
    np.testing.assert_array_equal(case.state, expected_case.state)


@pytest.mark.parametrize(("score", "expected"), [(0.2, -0.79813887), (0.4, -0.91301525), (-0.8, -0.37110067)])
def test_sigmoid_gives_stable_logarithms(score, expected):
    """Log σ(−x), and log(1 − σ(x)), which is the same."""
    sigmoid = getattr(gradient_steps.sigmoid, "py_func", gradient_steps.sigmoid)
    assert np.log(sigmoid(np.float32(-score))) == pytest.approx(expected, abs=1e-6)
    assert np.log(1 - sigmoid(np.float32(score))) == pytest.approx(expected, abs=1e-6)
