"""most_similar with several words equals that of gensim."""

import numpy as np
import pytest

import spacy_w2v
from spacy_w2v.errors import ConfigError, UnknownWordError

WORDS = [f"w{i}" for i in range(30)]


@pytest.fixture(scope="module")
def model():
    texts = [" ".join(WORDS[i % 7 : i % 23 + 8]) for i in range(200)]
    return spacy_w2v.train(texts, vector_size=8, epochs=1, min_count=1, workers=1)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(["w1", "w2"], []), (["w1", "w2"], ["w3"]), (["w1"], []), ("w4", ["w5", "w6"]), (["w1", "w1"], []), ([], ["w1"])],
)
def test_several_words_are_compared_as_gensim_does(model, positive, negative):
    expected = model.to_keyed_vectors().most_similar(positive=positive, negative=negative, topn=5)
    actual = model.most_similar(positive=positive, negative=negative, topn=5)
    assert [word for word, _ in actual] == [word for word, _ in expected]
    assert [value for _, value in actual] == pytest.approx([value for _, value in expected], abs=1e-6)
    assert not negative or actual == model.most_similar(positive, negative=negative, topn=5)


def test_a_list_is_taken_as_several_words(model):
    assert model.most_similar(["w1", "w2"]) == model.most_similar(positive=["w1", "w2"])
    assert model.most_similar(("w1",)) == model.most_similar("w1")
    assert len(model.most_similar(["w1", "w2"], topn=100)) == len(model) - 2


def test_a_vector_of_numbers_is_used_unchanged(model):
    assert model.most_similar(model["w1"].tolist(), topn=1) == model.most_similar(model["w1"], topn=1)
    assert model.most_similar(np.asarray(model["w1"]), topn=1)[0][0] == "w1"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (None, r"needs at least one word or a vector, but got none"),
        ([], r"needs at least one word or a vector, but got none"),
        ([1.0, 2.0], r"takes a word, a list of words, or a vector of 8 numbers, was: \[1\.0, 2\.0\]"),
        (["w1", 2], r"takes a word, a list of words, or a vector of 8 numbers, was: \['w1', 2\]"),
        ({"w1"}, r"takes a word, a list of words"),
    ],
)
def test_other_values_are_refused(model, word, message):
    with pytest.raises(ConfigError, match=message):
        model.most_similar(word)


def test_an_unknown_word_is_named(model):
    with pytest.raises(UnknownWordError, match=r"was: 'nope'"):
        model.most_similar(["w1", "nope"])
