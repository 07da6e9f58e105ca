"""Predicted words and scores of sentences, compared with gensim and with plain loops in float64."""

import dataclasses
import math
import random
import tracemalloc

import gensim.models
import numpy as np
import pytest
import reference
import spacy
from helpers_model import make_model, paths_of, with_record

from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.model import _predictions as predictions
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.objectives import _hierarchical_softmax, _predictions
from spacy_w2v.objectives._hierarchical_softmax import log_sigmoid

COUNTS = [400, 300, 220, 150, 110, 75, 52, 31, 20, 12, 7, 3]
ARCHITECTURES = [
    {"architecture": "skip-gram"},
    {"architecture": "cbow"},
    {"architecture": "cbow", "cbow_mean": False},
]
TREES = [{"loss": "hierarchical-softmax", "tree": tree} for tree in ("huffman", "balanced")]
LOSSES = [{"loss": "negative-sampling"}, {"loss": "softmax"}, *TREES]


def name_of(settings):
    return "-".join(str(value) for value in settings.values())


def gensim_twin(model):
    """Return a gensim model with the same words, weights and tree."""
    settings = model.settings
    by_tree = settings.loss == "hierarchical-softmax"
    twin = gensim.models.Word2Vec(
        sg=int(settings.architecture == "skip-gram"),
        cbow_mean=int(settings.cbow_mean),
        hs=int(by_tree),
        negative=0 if by_tree else settings.negative,
        vector_size=model.vector_size,
        window=settings.window,
        min_count=1,
        workers=1,
    )
    twin.build_vocab_from_freq(dict(zip(model.words, model.vocabulary.counts.tolist(), strict=True)))
    assert twin.wv.index_to_key == model.words
    twin.wv.vectors = model.input_vectors.copy()
    if not by_tree:
        twin.syn1neg = model.output_vectors.copy()
        return twin
    twin.syn1 = model.output_vectors.copy()
    for rank, path in enumerate(paths_of(model.tree)):
        twin.wv.set_vecattr(rank, "point", np.array([node for node, _ in path], np.uint32))
        twin.wv.set_vecattr(rank, "code", np.array([code for _, code in path], np.uint8))
    return twin


def log_probability_of(model, log_sigmoid=reference.log_sigmoid):
    """Return the reference for a model's loss: a function of hidden vector and rank that gives the log probability."""
    outputs = model.output_vectors.tolist()
    if model.tree is None:
        return lambda hidden, word: reference.softmax_log_probabilities(hidden, outputs)[word]
    paths = paths_of(model.tree)
    return lambda hidden, word: reference.tree_log_probability(hidden, paths[word], outputs, log_sigmoid)


def reference_score(model, sentence, **options):
    settings = model.settings
    known = [model.rank(word) for word in sentence if word in model]
    return reference.sentence_score(
        *(known, model.input_vectors.tolist(), log_probability_of(model, **options)),
        *(settings.architecture, settings.window, settings.cbow_mean),
    )


def make_sentences(words, *, lengths=(30, 1, 0, 2, 3, 47), unknown=True):
    chooser = random.Random(1)
    return [chooser.choices([*words, "unknown"] if unknown else words, k=length) for length in lengths]


# log σ


def test_log_sigmoid_of_worked_scores():
    scores = np.array([0.2, 0.4, -0.8])
    expected = [-0.79813887, -0.91301525, -0.37110067]
    np.testing.assert_allclose(log_sigmoid(-scores), expected, atol=5e-9)  # as many digits as are given
    sigmoid = np.array([reference.sigmoid(score) for score in scores])
    np.testing.assert_allclose(np.log(1 - sigmoid), expected, atol=5e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_sigmoid_is_finite_and_exact_for_all_scores(dtype):
    scores = np.array([-1000, -50, -1, -1e-20, 0, 1e-20, 1, 50, 1000], dtype)
    actual = log_sigmoid(scores)
    assert actual.dtype == np.float64
    assert np.isfinite(actual).all()
    expected = [reference.log_sigmoid(float(score)) for score in scores]
    np.testing.assert_allclose(actual, expected, rtol=1e-14)
    assert (actual[0], actual[-1]) == (-1000.0, 0.0)


# Words of a context

CONTEXTS = [["w1"], ["w3", "w0", "w11"], ["w3", "unknown", "w3", "w5", "w8"]]


@pytest.mark.parametrize("context", CONTEXTS, ids="-".join)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
def test_predicted_words_are_those_of_gensim(architecture, context):
    model = make_model(COUNTS, loss="negative-sampling", **architecture)
    expected = gensim_twin(model).predict_output_word(context, topn=8)
    actual = model.predict_context(context, topn=8)
    assert [word for word, _ in actual] == [word for word, _ in expected]
    # float32 throughout on gensim's side
    np.testing.assert_allclose([p for _, p in actual], [p for _, p in expected], rtol=2e-6)


@pytest.mark.parametrize("scale", [0.5, 20.0])
@pytest.mark.parametrize("context", CONTEXTS, ids="-".join)
@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
def test_probabilities_are_those_of_plain_loops(architecture, loss, context, scale):
    model = make_model(COUNTS, scale=scale, **architecture, **loss)
    vectors = [model[word].astype(float) for word in context if word in model]
    hidden = sum(vectors) if model.settings.cbow_mean is False else sum(vectors) / len(vectors)
    log_probability = log_probability_of(model)
    expected = {word: math.exp(log_probability(hidden, rank)) for rank, word in enumerate(model.words)}
    assert math.fsum(expected.values()) == pytest.approx(1, abs=1e-12)

    actual = model.predict_context(context, topn=10**6)
    probabilities = [probability for _, probability in actual]
    assert sorted(probabilities, reverse=True) == probabilities
    assert math.fsum(probabilities) == pytest.approx(1, abs=1e-12)  # sums are in float64
    # Scores, which reach some thousands where the scale is large, are float32.
    tolerance = 1e-6 if scale < 1 else 5e-3
    assert dict(actual) == {word: pytest.approx(p, rel=tolerance, abs=1e-30) for word, p in expected.items()}


@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
def test_weights_may_be_huge(loss):
    model = make_model(COUNTS, scale=1000.0, **loss)
    probabilities = [probability for _, probability in model.predict_context(["w1", "w2"], topn=len(COUNTS))]
    assert math.fsum(probabilities) == pytest.approx(1)
    if loss["loss"] != "negative-sampling":
        assert np.isfinite(model.score([["w1", "w2", "w3"]])).all()


def test_the_order_of_the_context_has_no_effect_and_topn_limits_the_result():
    model = make_model(COUNTS)
    assert [word for word, _ in model.predict_context(["w1", "w2"], topn=3)] == [
        word for word, _ in model.predict_context(["w2", "w1"])[:3]
    ]
    assert len(model.predict_context(["w1"])) == 10


@pytest.mark.parametrize("n_words", [1, 2])
@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
def test_the_smallest_vocabularies(loss, n_words):
    model = make_model([2, 1][:n_words], **loss)
    predicted = model.predict_context(["w0"])
    assert sorted(word for word, _ in predicted) == model.words
    assert sum(probability for _, probability in predicted) == pytest.approx(1)
    if loss["loss"] != "negative-sampling":
        sentence = ["w0", "w0", model.words[-1]]
        assert model.score([sentence])[0] == pytest.approx(reference_score(model, sentence), rel=1e-6)


def test_contexts_without_a_known_word_are_refused():
    model = make_model([5, 4, 3], words=["horse", "cat", "the"])
    rule = r"^A context must have a word that is in the vocabulary of 3 words, was: "
    with pytest.raises(UnknownWordError, match=rule + r"\['hors', 'zzz'\]. Near spellings: horse.$"):
        model.predict_context(["hors", "zzz"])
    with pytest.raises(UnknownWordError, match=rule + r"\['CAT'\]. Its lower case is: 'cat'.$"):
        model.predict_context(["CAT"])
    with pytest.raises(UnknownWordError, match=rule + r"\[\]. Pass at least one word.$"):
        model.predict_context([])
    with pytest.raises(ConfigError, match=r"must be a list, was a text: 'the cat'. Tokenize it first."):
        model.predict_context("the cat")


# Sentences


def gensims_log_sigmoid(score):
    """Log σ from a table of 1,000 scores from -6 to 6, 83 per unit, and 0 beyond (word2vec_inner.pyx)."""
    if not -6 < score < 6:
        return 0.0
    return reference.log_sigmoid((int((score + 6) * 83) / 1000 * 2 - 1) * 6)


@pytest.mark.parametrize("window", [1, 3, 60])
@pytest.mark.parametrize("tree", TREES, ids=name_of)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
def test_sentences_score_as_in_gensim(architecture, tree, window):
    model = make_model(COUNTS, window=window, **architecture, **tree)
    # gensim divides the context of a one-word sentence by a number that is not set.
    sentences = [sentence for sentence in make_sentences(model.words) if len(sentence) != 1]
    actual = model.score(sentences)
    by_gensim = gensim_twin(model).score(sentences, total_sentences=len(sentences))

    # Each pair or centre adds a rounding of gensim's for each node of its path; the same rounding in plain loops
    # gives gensim's numbers, but for scores that float32 puts on the other side of a border (up to 0.012 each).
    rounded = [reference_score(model, sentence, log_sigmoid=gensims_log_sigmoid) for sentence in sentences]
    np.testing.assert_allclose(by_gensim, rounded, rtol=1e-5, atol=0.05)
    expected = [reference_score(model, sentence) for sentence in sentences]
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    if model.settings.cbow_mean:  # sums may leave the table
        np.testing.assert_allclose(actual, by_gensim, rtol=0.03)


@pytest.mark.parametrize("loss", LOSSES[1:], ids=name_of)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
def test_scores_are_those_of_plain_loops(architecture, loss):
    model = make_model(COUNTS, window=4, **architecture, **loss)
    sentences = make_sentences(model.words)
    actual = model.score(iter(sentences))
    assert (actual.dtype, actual.shape) == (np.float64, (len(sentences),))
    np.testing.assert_allclose(actual, [reference_score(model, sentence) for sentence in sentences], rtol=1e-6)
    assert actual[1] == actual[2] == 0.0  # nothing to predict
    assert (actual <= 0).all()


@pytest.mark.parametrize("loss", LOSSES[1:], ids=name_of)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
@pytest.mark.parametrize(("pairs", "floats"), [(1, 1), (7, 50), (100, 500)])
def test_the_size_of_blocks_has_no_effect(monkeypatch, architecture, loss, pairs, floats):
    model = make_model(COUNTS, window=3, **architecture, **loss)
    sentences = make_sentences(model.words)
    expected = model.score(sentences)
    monkeypatch.setattr(predictions, "PAIRS_PER_BLOCK", pairs)
    for module in (_predictions, _hierarchical_softmax):
        monkeypatch.setattr(module, "BLOCK_FLOATS", floats)
    np.testing.assert_allclose(model.score(sentences), expected, rtol=1e-6)  # float32 products in other groups


@pytest.mark.parametrize("loss", LOSSES[1:], ids=name_of)
@pytest.mark.parametrize("architecture", ARCHITECTURES[:2], ids=name_of)
def test_memory_does_not_depend_on_the_length_of_the_sentence(architecture, loss):
    """The scores of all words at all positions would take 320 MB."""
    model = make_model([10] * 4000, window=2, vector_size=4, **architecture, **loss)
    sentences = make_sentences(model.words, lengths=[10_000])
    model.score([["w1", "w2"]])  # makes the tree
    tracemalloc.start()
    try:
        model.score(sentences)
        assert tracemalloc.get_traced_memory()[1] < 150e6
    finally:
        tracemalloc.stop()


def test_negative_sampling_cannot_score_sentences():
    rule = r'must be trained with loss = "hierarchical-softmax" or "softmax", was: "negative-sampling"'
    with pytest.raises(ConfigError, match=rule):
        make_model(COUNTS).score([["w1", "w2"]])


def test_texts_are_refused_as_sentences():
    model = make_model(COUNTS, loss="softmax")
    for sentences in (["w1 w2"], "w1 w2"):
        with pytest.raises(ConfigError, match=r"Words must be a list, was a text: 'w.*Tokenize it"):
            model.score(sentences)


def test_models_of_earlier_versions_have_default_settings():
    model = make_model(COUNTS)
    meta = model.meta
    for key in ("cbow_mean", "tree"):
        del meta["model"][key]
    model = dataclasses.replace(model, record=parse_record(RunRecord, meta, path="meta.json"))
    assert "tree" not in model.meta["model"]
    assert (model.settings.cbow_mean, model.settings.tree) == (True, "huffman")
    assert len(model.predict_context(["w1"])) == 10


@pytest.mark.parametrize("attr", ["ORTH", "LOWER"])
def test_tokens_of_spacy_are_words(attr):
    words = ["the", "Cat", "sat"] if attr == "ORTH" else ["the", "cat", "sat"]
    model = make_model([5, 4, 3], words=words, loss="softmax", window=2)
    model = with_record(model, tokens={"attr": attr})
    doc = spacy.blank("en")("the Cat sat")
    assert model.predict_context(doc) == model.predict_context(words)
    assert model.predict_context(doc[:2]) == model.predict_context(words[:2])
    np.testing.assert_array_equal(model.score([doc]), model.score([words]))
    assert model.score([doc])[0] < 0
    with pytest.raises(ConfigError, match=r"must be strings or spaCy tokens, were: \[1, 2\]"):
        model.score([[1, 2]])


def test_topn_must_not_be_negative():
    model = make_model([5, 4, 3], loss="softmax")
    for ask in (model.predict_context, lambda words, topn: model.most_similar(words[0], topn=topn)):
        assert ask(model.words[:1], topn=0) == []
        with pytest.raises(ConfigError, match="topn must be at least 0, was: -1"):
            ask(model.words[:1], topn=-1)
