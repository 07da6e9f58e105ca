"""The sequential kernel against its reference, its Python body, finite differences, and its own documentation."""

import math

import numpy as np
import pytest
import reference

from spacy_w2v.kernels import skipgram_sequential
from spacy_w2v.kernels.arguments import OUT_OF_VOCABULARY, Alphas, Chunk, KernelSettings, Weights
from spacy_w2v.kernels.skipgram_sequential import train_chunk
from spacy_w2v.sampling import chunk_random_state, make_noise, make_subsampling

N_WORDS = 30
DIMENSIONS = 7
# Two types are out of the vocabulary, and provisional ids are in another order than words.
WORD_OF_TYPE = np.array([OUT_OF_VOCABULARY, *range(N_WORDS - 1, -1, -1), OUT_OF_VOCABULARY], np.uint32)
COUNTS = np.array([1000 // (rank + 1) for rank in range(N_WORDS)], np.int64)


def make_chunk(seed=0, n_sentences=12, longest=40):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, longest, n_sentences)
    tokens = generator.integers(0, WORD_OF_TYPE.size, lengths.sum()).astype(np.uint32)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    tokens.flags.writeable = offsets.flags.writeable = False
    return Chunk(tokens, offsets)


def make_weights(seed=1, dtype=np.float32):
    generator = np.random.default_rng(seed)
    return Weights(*(generator.normal(0, 0.5, (N_WORDS, DIMENSIONS)).astype(dtype) for _ in range(2)))


def make_tables(sample=0.02):
    return make_subsampling(WORD_OF_TYPE, COUNTS, sample=sample), make_noise(COUNTS, ns_exponent=0.75)


def sentences_of(chunk):
    words = [None if word == OUT_OF_VOCABULARY else int(word) for word in WORD_OF_TYPE[chunk.tokens]]
    return [words[start:end] for start, end in zip(chunk.offsets[:-1], chunk.offsets[1:], strict=True)]


@pytest.mark.parametrize("shrink_windows", [True, False])
@pytest.mark.parametrize(("window", "negative", "sample"), [(5, 5, 0.02), (1, 2, 0.0), (3, 0, 0.02), (60, 1, 0.0)])
def test_equals_the_reference(window, negative, sample, shrink_windows):
    chunk, tables, weights = make_chunk(), make_tables(sample), make_weights()
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    expected_weights = [matrix.astype(float).tolist() for matrix in weights]
    expected = reference.train_skipgram_sequential(
        sentences_of(chunk),
        tables[0].keep_threshold.tolist(),
        tables[1].threshold.tolist(),
        tables[1].alias.tolist(),
        *expected_weights,
        window,
        shrink_windows,
        negative,
        (0.05, 0.01),
        state,
    )
    alphas = Alphas(np.float32(0.05), np.float32(0.01))
    actual = train_chunk(chunk, *tables, weights, KernelSettings(window, shrink_windows, negative), alphas, state)
    assert actual[1:] == expected[1:]
    # float32 against float64 over some thousand dependent steps
    assert actual[0] == pytest.approx(expected[0], rel=1e-5)
    for actual_matrix, expected_matrix in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(actual_matrix, expected_matrix, atol=2e-4)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # NumPy's scalars warn where C wraps
def test_equals_its_python_body(monkeypatch):
    for name in ("next_random", "scale_below", "noise_word", "sigmoid"):
        function = getattr(skipgram_sequential, name)
        monkeypatch.setattr(skipgram_sequential, name, getattr(function, "py_func", function))
    chunk, tables = make_chunk(n_sentences=4), make_tables()
    settings, alphas = KernelSettings(3, True, 2), Alphas(np.float32(0.05), np.float32(0.01))
    expected_weights, actual_weights = make_weights(), make_weights()
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    actual = train_chunk(chunk, *tables, actual_weights, settings, alphas, state.copy())
    body = getattr(train_chunk, "py_func", train_chunk)
    expected = body(chunk, *tables, expected_weights, settings, alphas, state.copy())
    assert actual[1:] == expected[1:]
    assert actual[0] == pytest.approx(expected[0], rel=1e-6)
    for actual_matrix, expected_matrix in zip(actual_weights, expected_weights, strict=True):
        np.testing.assert_allclose(actual_matrix, expected_matrix, atol=1e-5)


def test_step_is_the_gradient_by_finite_differences():
    """One pair with a tiny learning rate: the change of the weights, over the rate, is minus the gradient."""
    word_of_type = np.arange(3, dtype=np.uint32)
    counts = np.array([5, 5, 5])
    tables = make_subsampling(word_of_type, counts, sample=0), make_noise(counts, ns_exponent=0.75)
    tokens, offsets = np.array([0, 1], np.uint32), np.array([0, 2])
    tokens.flags.writeable = offsets.flags.writeable = False
    generator = np.random.default_rng(5)
    before = Weights(*(generator.normal(0, 1, (3, 4)).astype(np.float32) for _ in range(2)))
    after = Weights(*(matrix.copy() for matrix in before))
    alpha = 1e-3
    state = chunk_random_state(seed=0, epoch=0, chunk=0)
    train_chunk(
        Chunk(tokens, offsets),
        *tables,
        after,
        KernelSettings(1, False, 3),
        Alphas(np.float32(alpha), np.float32(alpha)),
        state.copy(),
    )
    draws = reference.Xoshiro256PlusPlus(state)
    [draws.next() for _ in range(2)]  # two tokens are kept
    pairs = []
    for target, context in ((0, 1), (1, 0)):
        noise = [reference.draw_noise(draws, tables[1].threshold.tolist(), tables[1].alias.tolist()) for _ in "123"]
        pairs.append((context, target, [word for word in noise if word != target]))

    def loss(inputs, outputs):
        return sum(
            reference.pair_loss(inputs[context], outputs[target], [outputs[word] for word in noise])
            for context, target, noise in pairs
        )

    step = 1e-5
    for which in range(2):
        for row in range(3):
            for column in range(4):
                shifted = [[matrix.astype(float) for matrix in before] for _ in "+-"]
                shifted[0][which][row, column] += step
                shifted[1][which][row, column] -= step
                expected = (loss(*shifted[0]) - loss(*shifted[1])) / (2 * step)
                actual = -(after[which][row, column] - before[which][row, column]) / alpha
                # second-order terms of two steps in a row, and float32
                assert actual == pytest.approx(expected, abs=5e-3)


def test_loss_is_the_mean_over_pairs_at_zero_weights():
    """With zero output vectors every score is 0, so a pair with k noise words loses (1 + k) log 2."""
    chunk, tables = make_chunk(n_sentences=200), make_tables()
    weights = Weights(make_weights().input, np.zeros((N_WORDS, DIMENSIONS), np.float32))
    alphas = Alphas(np.float32(0), np.float32(0))
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    loss, n_pairs, _ = train_chunk(chunk, *tables, weights, KernelSettings(5, True, 5), alphas, state)
    # Noise equal to the centre is left out, so the mean is a little below; it is never above.
    noise = (COUNTS**0.75) / (COUNTS**0.75).sum()
    centres = np.full(N_WORDS, 1 / N_WORDS)  # tokens of this chunk are uniform; subsampling shifts them to rare words
    assert 6 * math.log(2) * 0.95 < loss / n_pairs < 6 * math.log(2)
    assert loss / n_pairs == pytest.approx((6 - 5 * (noise * centres).sum()) * math.log(2), rel=0.01)


def test_scores_beyond_the_limit_keep_the_loss_finite():
    weights = Weights(*(np.full((N_WORDS, DIMENSIONS), 1e3, np.float32) for _ in range(2)))
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    alphas = Alphas(np.float32(0), np.float32(0))
    loss, n_pairs, _ = train_chunk(make_chunk(), *make_tables(), weights, KernelSettings(5, True, 5), alphas, state)
    assert math.isfinite(loss)
    assert 300 < loss / n_pairs <= 5 * 80


def test_nan_in_the_weights_shows_in_the_loss():
    weights = make_weights()
    weights.input[:] = np.nan
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    alphas = Alphas(np.float32(0.1), np.float32(0.1))
    loss, _, _ = train_chunk(make_chunk(), *make_tables(), weights, KernelSettings(5, True, 5), alphas, state)
    assert math.isnan(loss)


def test_windows_do_not_cross_sentences():
    """Sentences of one word have no pairs; the same tokens as one sentence have."""
    tokens = np.arange(1, 9, dtype=np.uint32)
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    alphas = Alphas(np.float32(0.1), np.float32(0.1))
    n_pairs = []
    for offsets in (np.arange(9), np.array([0, 8])):
        tokens.flags.writeable = offsets.flags.writeable = False
        settings = KernelSettings(2, False, 1)
        counters = train_chunk(Chunk(tokens, offsets), *make_tables(0), make_weights(), settings, alphas, state.copy())
        n_pairs.append(counters[1])
    assert n_pairs == [0, 2 * (7 + 6)]


def test_one_specialisation_serves_all_chunks():
    """A second one would be compiled in the middle of training."""
    if not hasattr(train_chunk, "signatures"):
        pytest.skip("numba's JIT is off")
    state = chunk_random_state(seed=3, epoch=0, chunk=0)
    alphas = Alphas(np.float32(0.1), np.float32(0.1))
    train_chunk(make_chunk(), *make_tables(), make_weights(), KernelSettings(5, True, 5), alphas, state)
    assert len(train_chunk.signatures) == 1
