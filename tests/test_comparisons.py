"""Comparisons of words under gensim's names, beside gensim."""

import numpy as np
import pytest
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.errors import ConfigError, UnknownWordError

N_WORDS = 300
ROUNDING = 3e-7
"""gensim rounds to float32, some 1e-7; we compute in float64."""


@pytest.fixture(scope="module")
def model():
    return make_model(range(N_WORDS + 5, 5, -1), vector_size=20)


@pytest.fixture(scope="module", params=["model", "vectors", "pipeline"])
def ours(request, model):
    """The same vectors as a model, as word vectors of a file, and as a table in which words share rows."""
    if request.param == "model":
        return model
    source = model.to_keyed_vectors() if request.param == "vectors" else model.to_spacy()
    return spacy_w2v.open_vectors(source)


def some_words(generator, n_words):
    return [f"w{rank}" for rank in generator.choice(N_WORDS, n_words, replace=False)]


def test_similarities_are_those_of_gensim(model, ours):
    generator = np.random.default_rng(1)
    for _ in range(50):
        word, other, *more = some_words(generator, 9)
        assert ours.similarity(word, other) == pytest.approx(float(model.wv.similarity(word, other)), abs=ROUNDING)
        left, right = more[:3], more[3:]
        expected = float(model.wv.n_similarity(left, right))
        assert ours.n_similarity(left, right) == pytest.approx(expected, abs=ROUNDING)
    assert ours.similarity("w3", "w3") == pytest.approx(1)


def test_the_odd_word_is_that_of_gensim(model, ours):
    generator = np.random.default_rng(2)
    for n_words in (1, 3, 5, 20) * 20:  # of two words, both fit alike, and rounding decides
        words = some_words(generator, n_words)
        assert ours.doesnt_match(words) == model.wv.doesnt_match(words)


def test_the_most_similar_words_are_those_of_gensim(model, ours):
    generator = np.random.default_rng(3)
    for _ in range(30):
        one, two, three = some_words(generator, 3)
        for positive, negative in (([one], []), ([one, two], [three]), ([one, two, three], [])):
            expected = model.wv.most_similar(positive=positive, negative=negative, topn=20)
            actual = ours.most_similar(positive=positive, negative=negative, topn=20)
            assert [word for word, _ in actual] == [word for word, _ in expected]
            np.testing.assert_allclose([value for _, value in actual], [value for _, value in expected], atol=ROUNDING)


def test_unknown_words_are_ignored_in_sets_as_in_gensim(model, ours):
    words = ["w1", "w2", "w3", "unknown"]
    assert ours.doesnt_match(words) == ours.doesnt_match(words[:3])
    assert ours.n_similarity(words, ["w7"]) == ours.n_similarity(words[:3], ["w7"])
    with pytest.raises(UnknownWordError, match="was: 'unknown'"):
        ours.similarity("w1", "unknown")
    with pytest.raises(UnknownWordError, match="was: 'unknown'"):
        ours.n_similarity(["unknown"], ["w1"])


@pytest.mark.parametrize(("words", "message"), [("w1 w2", "must be a list of words, was the text"), ([], "is empty")])
def test_sets_of_words_are_checked(model, words, message):
    with pytest.raises(ConfigError, match=f"words .*{message}"):
        model.doesnt_match(words)
    with pytest.raises(ConfigError, match=f"others .*{message}"):
        model.n_similarity(["w1"], words)


def test_a_zero_vector_is_similar_to_nothing():
    weights = [np.eye(3, 4, k=1), np.zeros((3, 4))]
    weights[0][1] = 0
    model = make_model([3, 2, 1], weights=weights, vector_size=4)
    assert model.similarity("w0", "w1") == 0
    assert model.doesnt_match(["w0", "w0", "w1"]) == "w1"


def test_a_list_of_words_gives_a_matrix(model, ours):
    np.testing.assert_array_equal(ours[["w7", "w2"]], model.wv[["w7", "w2"]])
    np.testing.assert_array_equal(ours[("w7",)], model.wv[["w7"]])
    assert ours[np.array(["w7", "w2", "w7"])].shape == (3, 20)
    assert ours[[]].shape == (0, 20)
    with pytest.raises(UnknownWordError, match="was: 'unknown'"):
        ours[["w7", "unknown"]]
    with pytest.raises(ConfigError, match="must be a string, or a list of strings for several words, was: 0"):
        ours[0]


def test_wv_is_made_once_and_shares_memory(model):
    assert model.wv is model.wv
    assert np.shares_memory(model.wv.vectors, model.input_vectors)
    assert model.wv.index_to_key == model.words
    assert model.wv.get_vecattr("w0", "count") == N_WORDS + 5
