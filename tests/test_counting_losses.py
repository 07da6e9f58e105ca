"""Runs of losses that learn from co-occurrence counts: training, checkpoints, exports, warm starts, the component."""

import hashlib
import json

import numpy as np
import pytest
import spacy
from gensim.models import KeyedVectors
from helpers_cli import w2v

import spacy_w2v
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError, TrainingError
from spacy_w2v.objectives._glove import default_x_max
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training import _checkpoint_writer
from spacy_w2v.training._work_items import CellBatches

COUNTING = ["glove", "ppmi-svd"]
TOPICS = [["apple", "banana", "fruit", "pear", "plum"], ["dog", "cat", "animal", "horse", "cow"]]


def make_texts(n=400, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.permutation(TOPICS[i % 2])) for i in range(n)]


TEXTS = make_texts()
SETTINGS = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "window": 4, "workers": 1}


def train(loss, texts=TEXTS, **settings):
    return spacy_w2v.train(texts, loss=loss, **{**SETTINGS, **settings})


def bits(model):
    return hashlib.sha256(b"".join(array.tobytes() for array in model.parameters.values())).hexdigest()


@pytest.mark.parametrize("loss", COUNTING)
def test_words_of_a_topic_are_nearest(loss):
    """All pairs occur, those of a topic more often: GloVe does not learn from pairs that never do."""
    random = np.random.default_rng(0)
    words = TOPICS[0] + TOPICS[1]
    texts = [f"{text} {random.choice(words)}" for text in make_texts(4000)]
    model = train(loss, texts)
    for topic in TOPICS:
        for word in topic:
            assert {other for other, _ in model.most_similar(word, topn=4)} == set(topic) - {word}


@pytest.mark.parametrize("loss", COUNTING)
def test_one_seed_gives_the_same_bits(loss):
    first, again = train(loss, seed=3), train(loss, seed=3)
    assert bits(first) == bits(again)
    if loss == "glove":
        assert bits(train(loss, seed=4)) != bits(first)


def test_the_cost_falls_and_is_that_of_the_vectors():
    """The cost of an epoch is measured before each step, so that of the finished vectors is lower."""
    model = train("glove", epochs=30)
    costs = [result.loss for result in model.record.results]
    assert costs[-1] < costs[10] < costs[1] < costs[0]
    counts = expected_counts(TEXTS, model.words, window=4)
    words, contexts = np.nonzero(counts)
    x = counts[words, contexts]
    parameters = {name: array.astype(np.float64) for name, array in model.parameters.items()}
    fitted = (parameters["input"][words] * parameters["output"][contexts]).sum(axis=1)
    fitted += parameters["input_bias"][words] + parameters["output_bias"][contexts]
    x_max = 10
    cost = np.mean(0.5 * np.minimum(1, (x / x_max) ** 0.75) * (fitted - np.log(x)) ** 2)
    assert 0.3 * costs[-1] < cost <= costs[-1]
    assert model.record.results[-1].n_pairs == x.size


def expected_counts(texts, words, *, window):
    rank = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)))
    for text in texts:
        ids = [rank[word] for word in text.split()]
        for i, word in enumerate(ids):
            for j in range(max(0, i - window), min(len(ids), i + window + 1)):
                if i != j:
                    counts[word, ids[j]] += 1 / abs(i - j)
    return counts


@pytest.mark.parametrize(
    ("n_tokens", "x_max"), [(1, 10), (17_000_000, 10), (68_000_000, 20), (1_700_000_000, 100), (10**12, 100)]
)
def test_x_max_grows_with_the_corpus(n_tokens, x_max):
    assert default_x_max(n_tokens) == pytest.approx(x_max)
    glove = objective_of(ModelSettings(loss="glove"))
    assert glove.tables(np.array([n_tokens])).x_max == default_x_max(n_tokens)
    assert objective_of(ModelSettings(loss="glove", x_max=3)).tables(np.array([n_tokens])).x_max == 3


def test_defaults_are_those_of_the_loss():
    glove, ppmi, word2vec = (
        spacy_w2v.train(TEXTS, loss=loss, tokenizer="whitespace", min_count=1, vector_size=4, workers=1).record
        for loss in ("glove", "ppmi-svd", "negative-sampling")
    )
    assert (glove.model.window, ppmi.model.window, word2vec.model.window) == (10, 10, 5)
    assert (glove.training.epochs, ppmi.training.epochs, word2vec.training.epochs) == (25, 1, 5)
    assert (glove.training.sample, ppmi.training.sample, word2vec.training.sample) == (0, 0, 1e-3)
    assert (glove.training.alpha, glove.training.min_alpha) == (0.05, 0.05)
    kinds = [record.export.vector_kind for record in (glove, ppmi, word2vec)]
    assert kinds == ["sum", "input", "input"]


def test_a_given_rate_stays_constant_unless_its_end_is_given_too():
    assert train("glove", alpha=0.02, epochs=2).record.results[-1].alpha == pytest.approx(0.02)
    assert train("glove", alpha=0.02, min_alpha=0.01, epochs=2).record.results[-1].alpha == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "glove", "architecture": "cbow"}, r'architecture must be left out with loss = "glove", which learns'),
        (
            {"loss": "ppmi-svd", "epochs": 3},
            r'^epochs must be 1 with loss = "ppmi-svd", which is computed at once',
        ),
        ({"loss": "glove", "shared_noise": 16}, r'^shared_noise needs kernel = "blocked" and loss = "negative-samp'),
        ({"loss": "glove", "x_max": 0}, r"^x_max must be greater than 0\.0, was: 0$"),
        ({"loss": "ppmi-svd", "eigenvalue_exponent": 2}, r"^eigenvalue_exponent must be at most 1\.0, was: 2$"),
        (
            {"loss": "glove", "distance_weights": "word2vec"},
            r"^distance_weights must be one of 'harmonic', 'linear' or",
        ),
    ],
)
def test_settings_that_a_loss_cannot_follow_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.train(TEXTS, **settings)


def test_the_decomposition_does_not_start_from_vectors():
    start = train("glove")
    with pytest.raises(ConfigError, match=r'initial must be left out with loss = "ppmi-svd", which is computed from'):
        train("ppmi-svd", initial=start)


@pytest.mark.parametrize("loss", COUNTING)
def test_texts_of_single_words_are_refused(loss):
    with pytest.raises(TrainingError, match=r"The corpus must have pairs of neighbouring words, but .* 3 of 3 tokens"):
        train(loss, ["one", "two", "three"])


@pytest.mark.parametrize("loss", COUNTING)
def test_models_are_saved_and_exported(loss, tmp_path):
    model = train(loss)
    model.save(tmp_path / "model")
    loaded = spacy_w2v.load(tmp_path / "model")
    assert bits(loaded) == bits(model)
    expected = model.input_vectors + (model.output_vectors if loss == "glove" else 0)
    np.testing.assert_allclose(loaded["cat"], expected[loaded.rank("cat")], rtol=1e-6)
    np.testing.assert_allclose(model.to_spacy()("cat")[0].vector, expected[model.rank("cat")], rtol=1e-6)
    model.to_keyed_vectors().save(str(tmp_path / "vectors.kv"))
    np.testing.assert_allclose(KeyedVectors.load(str(tmp_path / "vectors.kv"))["cat"], expected[model.rank("cat")])
    with pytest.raises(ConfigError, match=f'The format gensim-model needs loss = .* was: "{loss}"'):
        model.to_gensim()


@pytest.mark.parametrize("loss", COUNTING)
def test_models_of_counts_predict_no_words(loss):
    model = train(loss)
    with pytest.raises(ConfigError, match=f'A model that predicts words must be trained to .* was: loss = "{loss}"'):
        model.predict_context(["cat"])
    with pytest.raises(ConfigError, match=f'A model that scores sentences must be trained with .* was: "{loss}"'):
        model.score([["cat", "dog"]])


def test_a_model_of_counts_continues_with_all_its_parameters():
    start = train("glove", epochs=20)
    model = train("glove", initial=start, epochs=1)
    assert model.record.initial.outputs
    assert model.record.results[0].loss < 1.2 * start.record.results[-1].loss
    assert model.parameters["input_sums"].min() >= start.parameters["input_sums"].min() > 1


def test_vectors_of_another_loss_are_a_start():
    start = train("negative-sampling")
    frozen = train("glove", initial=start.word_vectors("input"), freeze=True, keep_words=True)
    np.testing.assert_array_equal(frozen.input_vectors, start.input_vectors)
    assert frozen.record.export.vector_kind == "input"


@pytest.mark.parametrize("loss", COUNTING)
def test_a_run_that_is_stopped_ends_with_the_same_bits(loss, tmp_path, monkeypatch):
    texts = make_texts(6000)
    settings = {"checkpoint_every_s": 0.0, "checkpoint": tmp_path / "checkpoint"}
    expected = train(loss, texts)
    pauses = 0

    class StoppedError(Exception):
        pass

    def write_and_stop(model, directory):
        nonlocal pauses
        write_model(model, directory)
        pauses += 1
        if pauses == 3:
            raise StoppedError

    write_model = _checkpoint_writer.write_model
    monkeypatch.setattr(_checkpoint_writer, "write_model", write_and_stop)
    if loss == "ppmi-svd":  # it has no pauses: whatever stops it, it is computed again
        assert bits(train(loss, texts, **settings)) == bits(expected)
        return
    with pytest.raises(StoppedError):
        train(loss, texts, **settings)
    monkeypatch.undo()
    resumed = train(loss, texts, resume=True, **settings)
    assert bits(resumed) == bits(expected)
    assert len(resumed.record.results) == 25


def test_sizes_of_batches_sum_to_the_tokens():
    class Counts:
        batch_cells = np.array([5, 5, 5, 1])
        n_cells = 16

    sizes = CellBatches(Counts(), 1001).sizes
    assert sizes.sum() == 1001
    assert np.abs(sizes / 1001 - Counts.batch_cells / 16).max() < 1e-3


def test_a_second_model_does_not_count_again(tmp_path, capfd):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS))
    for loss, again in (("glove", False), ("ppmi-svd", True)):
        spacy_w2v.train(str(path), loss=loss, cache_dir=tmp_path / "cache", progress=True, **SETTINGS)
        assert ("Using the co-occurrence counts" in capfd.readouterr().err) == again


@pytest.mark.parametrize("loss", COUNTING)
def test_the_command_line_trains_and_exports(loss, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    w2v("init-config", "c.cfg", "--dataset", "texts.txt", "--loss", loss, cwd=tmp_path)
    small = ("--w2v.vocabulary.min_count", "1", "--w2v.model.vector_size", "4")
    w2v("train", "c.cfg", "--output", "out", *small, cwd=tmp_path)
    nlp = spacy.load(tmp_path / "out/spacy")
    assert nlp("cat").vector.any()
    log = [json.loads(line) for line in (tmp_path / "out/training.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] >= 0
    assert spacy_w2v.load(tmp_path / "out/model").settings.loss == loss


@pytest.mark.parametrize("loss", COUNTING)
def test_the_component_trains_but_does_not_update(loss, tmp_path):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    blocks = {"model": {"loss": loss, "vector_size": 4}, "vocabulary": {"min_count": 1}}
    component.initialize(list, nlp=nlp, corpus=TEXTS, cooccurrence={"symmetric": False}, progress=False, **blocks)
    assert nlp("cat dog").vector.any()
    assert not component.record.cooccurrence.symmetric
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0, "update": True})
    message = f'update needs a model that learns from texts one after the other, was: loss = "{loss}"'
    with pytest.raises(ConfigError, match=message):
        component.initialize(list, nlp=nlp, corpus=TEXTS, progress=False, **blocks)
    train(loss).save(tmp_path / "model")
    with pytest.raises(ConfigError, match=message):
        component.initialize(list, nlp=nlp, path=tmp_path / "model", progress=False)
