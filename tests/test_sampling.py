"""The sampling tables have the right distributions, and draws from them follow these distributions."""

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v._arrays import Noise
from spacy_w2v.kernels._random import next_random, noise_word, scale_below
from spacy_w2v.objectives._noise import alias_tables, make_noise, noise_probabilities
from spacy_w2v.objectives._parameters import fill_at_random
from spacy_w2v.objectives._subsampling import keep_probabilities, make_subsampling
from spacy_w2v.training._randomness import item_order, item_random_state

COUNTS = np.array([100_000, 5_000, 800, 70, 7, 7, 1])


def distribution_of(noise: Noise):
    """The probabilities that an alias table gives, added up bucket by bucket."""
    n_words = noise.threshold.size
    probabilities = np.zeros(n_words)
    for bucket in range(n_words):
        own = noise.threshold[bucket] / 2**28
        probabilities[bucket] += own / n_words
        probabilities[noise.alias[bucket]] += (1 - own) / n_words
    return probabilities


def test_keep_probabilities_follow_word2vec():
    n_tokens, sample = COUNTS.sum(), 1e-3
    expected = []
    for count in COUNTS:  # word2vec.c: (sqrt(cn / (sample * train_words)) + 1) * (sample * train_words) / cn
        threshold = sample * n_tokens
        expected.append(min(1.0, (np.sqrt(count / threshold) + 1) * threshold / count))
    np.testing.assert_allclose(keep_probabilities(COUNTS, sample), expected)
    assert keep_probabilities(COUNTS, 0).tolist() == [1.0] * COUNTS.size


def test_keep_thresholds_are_the_probabilities():
    word_of_type = np.arange(COUNTS.size, dtype=np.uint32)
    tables = make_subsampling(word_of_type, COUNTS, sample=1e-3)
    np.testing.assert_allclose(
        (tables.keep_threshold.astype(float) + 1) / 2**32, keep_probabilities(COUNTS, 1e-3), rtol=1e-6
    )
    assert tables.keep_threshold[-1] == 2**32 - 1


@given(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=200),
    st.sampled_from([0.75, 0.0, 1.0, -0.5]),
)
@settings(derandomize=True, deadline=None)
def test_alias_tables_give_the_exact_distribution(counts, ns_exponent):
    noise = make_noise(np.array(sorted(counts, reverse=True)), ns_exponent=ns_exponent)
    weights = np.array(sorted(counts, reverse=True), float) ** ns_exponent
    np.testing.assert_allclose(distribution_of(noise), weights / weights.sum(), atol=2.0**-27)


def test_alias_of_a_certain_word():
    own, alias = alias_tables(np.array([1.0]))
    assert own.tolist() == [1.0]
    assert alias.tolist() == [0]


def test_noise_drawn_follows_its_distribution():
    """Chi-squared over 200,000 draws of the compiled sampler, at the 0.1 % level for 6 degrees of freedom."""
    noise = make_noise(COUNTS, ns_exponent=0.75)
    state = item_random_state(seed=9, epoch=0, item=0)
    n_draws = 200_000
    drawn = np.bincount(
        [int(noise_word(np.uint64(next_random(state)), noise)) for _ in range(n_draws)], minlength=COUNTS.size
    )
    expected = noise_probabilities(COUNTS, 0.75) * n_draws
    assert ((drawn - expected) ** 2 / expected).sum() < 22.46


def test_generator_equals_the_reference():
    state = item_random_state(seed=9, epoch=1, item=2)
    generator = reference.Xoshiro256PlusPlus(state)
    expected = [generator.next() for _ in range(1000)]
    actual = [int(next_random(state)) for _ in range(1000)]
    assert actual == expected


def test_scaled_draws_are_uniform():
    """Chi-squared over 100,000 draws, at the 0.1 % level for 4 degrees of freedom."""
    state = item_random_state(seed=9, epoch=0, item=0)
    drawn = np.bincount(
        [int(scale_below(np.uint64(next_random(state)) >> np.uint64(32), np.uint64(5))) for _ in range(100_000)],
        minlength=5,
    )
    assert ((drawn - 20_000) ** 2 / 20_000).sum() < 18.47
    assert drawn.size == 5


def test_streams_of_chunks_differ():
    """No two neighbouring (seed, epoch, chunk) share a word of their states."""
    states = [item_random_state(seed=s, epoch=e, item=c) for s in range(5) for e in range(5) for c in range(20)]
    assert np.unique(np.concatenate(states)).size == 4 * len(states)


def test_the_order_of_items_is_a_permutation_fixed_by_seed_and_epoch():
    orders = [tuple(item_order(n_items=50, seed=s, epoch=e)) for s in range(2) for e in range(2)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len(set(orders)) == 4
    assert tuple(item_order(n_items=50, seed=0, epoch=0)) == orders[0]


@pytest.mark.parametrize("vector_size", [3, 100, 300])
def test_initial_vectors_are_uniform(vector_size):
    vectors = np.zeros((5000, vector_size + 5), np.float32)
    fill_at_random(vectors, vector_size=vector_size, seed=1)
    assert not vectors[:, vector_size:].any()
    scaled = vectors[:, :vector_size] * vector_size
    assert -0.5 <= scaled.min() < -0.499
    assert 0.499 < scaled.max() <= 0.5
    assert scaled.mean() == pytest.approx(0, abs=0.01)
    assert scaled.std() == pytest.approx(np.sqrt(1 / 12), rel=0.01)


def test_states_have_cache_lines_of_their_own():
    """Cache lines have up to 128 bytes. Threads that share one would slow each other down."""
    states = [item_random_state(seed=1, epoch=0, item=chunk) for chunk in range(20)]
    places = [state.ctypes.data for state in states]
    assert all(place % 128 == 0 for place in places)
    buffers = [state.base for state in states]
    assert all(place + 128 <= buffer.ctypes.data + buffer.nbytes for place, buffer in zip(places, buffers, strict=True))
