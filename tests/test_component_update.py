"""The component w2v in training: `nlp.update` and `spacy train` go on with the training of the word vectors."""

import os
import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from confection import Config
from gensim.test.utils import datapath
from helpers_cli import spacy_command
from helpers_corpus import expected_sentences
from helpers_kernels import (
    BLOCKED,
    Case,
    frozen,
    kernel_parameters,
    make_layer,
    make_settings,
    n_compiled,
    run_reference,
)
from helpers_model import make_model, with_record
from helpers_pages import PAGES, blocks_of, is_complete
from numpy.testing import assert_allclose, assert_array_equal
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.vectors import Vectors
from thinc.api import Ragged, compounding

import spacy_w2v
from spacy_w2v._arrays import OUT_OF_VOCABULARY, IdentityInput, Weights
from spacy_w2v.errors import ConfigError, CorpusError, TrainingError
from spacy_w2v.evaluation._data_sets import read_word_pairs
from spacy_w2v.evaluation._word_pairs import score_word_pairs
from spacy_w2v.objectives._subsampling import make_subsampling
from spacy_w2v.pipeline._continuing import LearningRates, MeanLoss
from spacy_w2v.training._randomness import item_random_state

D = 20
"""Dimensions, which the kernels pad to 32."""
ANIMALS, COLOURS = ["cat", "dog", "horse", "cow"], ["red", "green", "blue", "white"]
ON = {"update": True, "alpha": 0.05}
TRAINING = {
    "model": {"vector_size": D},
    "vocabulary": {"min_count": 1},
    "training": {"epochs": 2, "workers": 1, "sample": 0},
}


def make_texts(n_texts=60, seed=0):
    """Sentences about animals and sentences about colours, with a word in capitals and one that is unknown."""
    chooser = np.random.default_rng(seed)
    kinds = [chooser.choice(ANIMALS if chooser.random() < 0.5 else COLOURS, 8).tolist() for _ in range(n_texts)]
    return [" ".join(["The", *words[:4], "\n", words[4].upper(), *words[5:]]) for words in kinds]


def make_pipeline(*, initialize=None, corpus=None, **config):
    """Return a pipeline with the component, trained on texts; n_common needs more of them than most tests have."""
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0, **config})
    component.initialize(
        list, nlp=nlp, corpus=corpus or make_texts(), **(TRAINING if initialize is None else initialize)
    )
    return nlp


def examples_of(nlp, texts):
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]


def update(nlp, *, n_steps=1, texts=None, losses=None):
    """Take some steps, each on other texts, or on these."""
    first = nlp.get_pipe("w2v").continued.n_steps
    for step in range(first, first + n_steps):
        losses = nlp.update(examples_of(nlp, texts or make_texts(seed=step)), losses=losses)
    return losses


def weights_of(nlp):
    outputs = nlp.get_pipe("w2v").continued.to_outputs()
    return nlp.vocab.vectors.data.copy(), np.array(outputs.vectors), outputs.n_steps


def same_weights(nlp, other):
    return all(np.array_equal(this, that) for this, that in zip(weights_of(nlp), weights_of(other), strict=True))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("pipelines") / "saved"
    make_pipeline(**ON, n_common=1).to_disk(path)
    return path


# The steps


@pytest.mark.parametrize("key", kernel_parameters([*BLOCKED, ("skip-gram", "negative-sampling", "sequential")]))
@pytest.mark.parametrize("shared_noise", [None, 16])
def test_a_step_is_that_of_the_reference(key, shared_noise, tmp_path):
    """Documents of a batch are a chunk: the float64 reference gets the same tokens, draws and settings."""
    architecture, loss, kernel = key
    if shared_noise is not None and (loss, kernel) != ("negative-sampling", "blocked"):
        pytest.skip("the kernel has no shared noise words")
    sizes = {} if shared_noise is None else {"n_noise": shared_noise}
    words = ["the", *ANIMALS, *COLOURS, "unseen"]
    counts = [400, 90, 80, 70, 60, 50, 40, 30, 20, 0]
    model = make_model(
        counts, words=words, scale=0.4, architecture=architecture, loss=loss, vector_size=D, window=3, negative=4
    )
    training = {"kernel": kernel, "seed": 7, "epochs": 3, "sample": 0.2, "shared_noise": shared_noise}
    with_record(model, training=training).save(tmp_path / "model")
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"pooling": "mean", "update": True, "alpha": 0.1})
    component.initialize(list, nlp=nlp, path=tmp_path / "model")

    texts = [text + " Xyzzy" for text in make_texts(20)]
    sentences = [sentence for text in texts for sentence in expected_sentences(nlp, text)]
    ids = [words.index(key) if key in words else len(words) for sentence in sentences for _, key in sentence]
    counts = np.array(counts)
    word_of_type = np.array([*range(len(words)), OUT_OF_VOCABULARY], np.uint32)
    weights = [np.pad(matrix, ((0, 0), (0, 12))) for matrix in (model.input_vectors, model.output_vectors)]
    layer = make_layer(loss, counts) if loss != "hierarchical-softmax" else model.tree
    inputs, outputs = weights
    for step in range(2):
        case = Case(
            frozen(ids, np.cumsum([0, *map(len, sentences)])),
            make_subsampling(word_of_type, counts, sample=0.2),
            IdentityInput(len(words)),
            layer,
            Weights(inputs, outputs),
            item_random_state(seed=7, epoch=3, item=step),
        )
        settings = make_settings(key, window=3, negative=4, **sizes)
        (expected_loss, n_pairs, _), (inputs, outputs) = run_reference(key, case, settings, 0.1)
        assert n_pairs > 100
        losses = nlp.update(examples_of(nlp, texts))
        assert losses["w2v"] == pytest.approx(expected_loss / n_pairs, rel=1e-5)
    # float32 against float64 over dependent steps, as in test_kernel_contract
    table, output, n_steps = weights_of(nlp)
    assert n_steps == 2
    assert_allclose(table, inputs[:, :D], atol=3e-4)
    assert_allclose(output, outputs[:, :D], atol=3e-4)
    assert_array_equal(table[-1], model.input_vectors[-1])  # a word that does not occur
    assert np.abs(table - model.input_vectors)[:9].max() > 0.01
    assert n_compiled(key, case) <= (1 if kernel == "blocked" else 3)


@pytest.mark.parametrize("boundary", ["line", "sentence", "document"])
@pytest.mark.parametrize(
    "tokens",
    [{"attr": "LOWER", "numbers": "shape"}, {"attr": "ORTH", "min_tokens": 3}, {"attr": "NORM", "urls": "drop"}],
    ids=str,
)
def test_words_and_sentences_are_those_of_training(tokens, boundary):
    texts = ["It can't go to http://x.org in 2024. The KING\nand the KinG. One\n\ntwo", "", "  \n ", "Nobody."]
    settings = TRAINING | {"tokens": {"boundary": boundary, **tokens}}
    nlp = make_pipeline(**ON, initialize=settings, corpus=[*texts, "go go"])
    continued, table = nlp.get_pipe("w2v").continued, nlp.vocab.vectors
    texts += ["KING kING unknown 1999"]
    docs = [nlp.make_doc(text) for text in texts]
    chunk = continued._chunk(docs, table)
    expected = [
        [table.key2row.get(nlp.vocab.strings[key], len(continued.counts)) for _, key in sentence]
        for text in texts
        for sentence in expected_sentences(nlp, text, boundary=boundary, **tokens)
    ]
    assert chunk.tokens.tolist() == [row for rows in expected for row in rows]
    assert np.diff(chunk.offsets).tolist() == [len(sentence) for sentence in expected]
    assert len(continued.counts) in chunk.tokens
    assert not any(doc.has_annotation("SENT_START") for doc in docs if len(doc) > 1)


def test_loss_falls_and_words_of_a_kind_become_neighbours():
    nlp = make_pipeline(**ON)
    first = update(nlp)["w2v"]
    losses = [update(nlp)["w2v"] for _ in range(60)]
    assert np.mean(losses[-10:]) < first - 0.1
    assert nlp("cat")[0].similarity(nlp("dog")[0]) > nlp("cat")[0].similarity(nlp("red")[0]) + 0.3


def test_the_loss_shown_is_the_mean_per_pair():
    """Of all updates since the dict was new, however large their batches, and however often spaCy copies the dict."""
    nlp, counted = make_pipeline(**ON), []
    continued = nlp.get_pipe("w2v").continued
    step = continued.step
    continued.step = lambda *args, **kwargs: counted.append(step(*args, **kwargs)) or counted[-1]
    texts = make_texts(40)
    losses = {}
    for batch in (texts[:30], texts[30:31], ["alone"], texts[31:]):
        losses = nlp.update(examples_of(nlp, batch), losses=losses)
    loss, n_pairs = np.sum(counted, axis=0)
    assert counted[2] == (0.0, 0)
    assert losses == {"w2v": pytest.approx(loss / n_pairs, rel=1e-12)}
    assert nlp.update(examples_of(nlp, texts))["w2v"] == pytest.approx(counted[-1][0] / counted[-1][1], rel=1e-12)
    assert nlp.update(examples_of(nlp, ["alone"])) == {"w2v": 0.0}, "spaCy's table has a number for each row"


def test_mean_loss():
    mean = MeanLoss()
    assert [mean.add(None, 6.0, 2), mean.add(3.0, 6.0, 4), mean.add(2.0, 0.0, 0), mean.add(None, 5.0, 1)] == [
        3,
        2,
        2,
        5,
    ]


def test_same_bits_whatever_else_is_trained():
    texts = make_texts(30)
    alone, other = make_pipeline(**ON), make_pipeline(**ON)
    tagger = other.add_pipe("tagger")
    tagger.add_label("N")
    tagger.initialize(lambda: examples_of(other, texts), nlp=other)
    for nlp, sgd in ((alone, None), (other, False)):
        for start in (0, 10, 20):
            nlp.update(examples_of(nlp, texts[start : start + 10]), sgd=sgd, drop=0.1 if sgd is None else 0.5)
    assert same_weights(alone, other)
    assert weights_of(alone)[2] == 3, "each call is one step"


# Off


def test_off_nothing_changes(saved):
    for nlp in (make_pipeline(), spacy.load(saved, config={"components.w2v.update": False})):
        component, examples = nlp.get_pipe("w2v"), examples_of(nlp, make_texts(5))
        before = nlp.to_bytes()
        assert not component.is_trainable
        assert nlp.update(examples) == {}
        assert component.update(examples, losses={"other": 1.0}) == {"other": 1.0}
        assert component.score(examples) == {}
        assert nlp.to_bytes() == before
        assert component.continued is None


def test_what_is_written_when_on_and_off(saved, tmp_path):
    files = {path.name for path in (saved / "w2v").iterdir()}
    assert files == {"meta.json", "counts.npy", "common.npy", "output_vectors.npy"}
    spacy.load(saved, config={"components.w2v.update": False}).to_disk(tmp_path / "off")
    spacy.load(saved).get_pipe("w2v").to_disk(tmp_path / "less", exclude=["output"])
    for written in (tmp_path / "off" / "w2v", tmp_path / "less"):
        assert {path.name for path in written.iterdir()} == files - {"output_vectors.npy"}
    spacy.load(saved).to_disk(tmp_path / "both")
    spacy.load(tmp_path / "off").to_disk(tmp_path / "both")
    assert {path.name for path in (tmp_path / "both" / "w2v").iterdir()} == files - {"output_vectors.npy"}
    component = spacy.load(saved).get_pipe("w2v").from_disk(saved / "w2v", exclude=["output"])
    assert component.continued is None


def test_frozen_and_disabled_components_are_left_alone():
    nlp = make_pipeline(**ON)
    before = weights_of(nlp)
    examples = examples_of(nlp, make_texts(5))
    nlp.update(examples, exclude=["w2v"])
    with nlp.select_pipes(disable="w2v"):
        assert nlp.update(examples) == {}
    assert nlp.update([]) == {}
    assert all(map(np.array_equal, before, weights_of(nlp)))


# Going on


def by_disk(nlp, directory):
    nlp.to_disk(directory / "pipeline")
    return spacy.load(directory / "pipeline")


def by_bytes(nlp, directory):
    return spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())  # whose table is read-only


def by_pickle(nlp, directory):
    return pickle.loads(pickle.dumps(nlp))


def by_source(nlp, directory):
    other = spacy.blank("en")
    other.vocab.vectors = Vectors(name=nlp.vocab.vectors.name).from_bytes(nlp.vocab.vectors.to_bytes())
    other.add_pipe("w2v", source=by_pickle(nlp, directory))
    return other


@pytest.mark.filterwarnings("ignore:.*W113")
@pytest.mark.parametrize("way", [by_disk, by_bytes, by_pickle, by_source], ids=lambda way: way.__name__)
@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax"])
def test_training_goes_on_where_it_was(way, loss, tmp_path):
    settings = TRAINING | {"model": {"vector_size": D, "loss": loss}}
    expected, nlp = (make_pipeline(**ON, n_common=1, initialize=settings) for _ in range(2))
    update(expected, n_steps=4)
    update(nlp, n_steps=2)
    other = way(nlp, tmp_path)
    other.resume_training()
    update(other, n_steps=2)
    assert same_weights(other, expected)
    assert weights_of(other)[2] == 4
    assert_array_equal(other("The cat").vector, expected("The cat").vector)


def test_a_tree_of_its_own_goes_along(tmp_path):
    """A model that starts from another one keeps that one's tree."""
    settings = TRAINING | {"model": {"vector_size": D, "loss": "hierarchical-softmax"}}
    flat = {name: value for block in settings.values() for name, value in block.items()}
    spacy_w2v.train(make_texts(), **flat).save(tmp_path / "first")
    texts = [*make_texts(20), "zebra zebra zebra zebra zebra zebra the zebra"]
    initial = {"vectors": str(tmp_path / "first"), "keep_words": True}
    nlp = make_pipeline(**ON, corpus=texts, initialize=settings | {"initial": initial})
    tree = nlp.get_pipe("w2v").continued.outputs.tree
    assert tree is not None
    assert nlp.get_pipe("w2v").record.initial.n_found == 9
    other = by_disk(nlp, tmp_path)
    for array, expected in zip(other.get_pipe("w2v").continued.outputs.tree, tree, strict=True):
        assert_array_equal(array, expected)
    update(nlp)
    update(other)
    assert same_weights(nlp, other)


def test_document_vectors_follow_the_table(saved, tmp_path):
    nlp = spacy.load(saved)
    before, common = nlp("The cat").vector, nlp.get_pipe("w2v").doc_vectors.fitted.common
    update(nlp, n_steps=5)
    after = nlp("The cat").vector
    assert np.abs(after - before).max() > 1e-3
    assert_array_equal(nlp.get_pipe("w2v").doc_vectors.fitted.common, common)
    loaded = by_disk(nlp, tmp_path)
    assert_array_equal(loaded("The cat").vector, after)
    loaded.vocab.vectors = Vectors(data=spacy.load(saved).vocab.vectors.data, strings=loaded.vocab.strings)
    with pytest.raises(ConfigError, match="must have the vectors that the component was initialized with"):
        update(loaded)


def test_other_components_see_the_vectors_move():
    nlp = make_pipeline(**ON)
    layer = spacy.ml.StaticVectors(nO=4)
    docs = [nlp.make_doc(text) for text in make_texts(3)]
    layer.initialize(X=docs)
    before = layer.predict(docs)
    update(nlp)
    after = layer.predict(docs)
    assert isinstance(after, Ragged)
    vectors = np.concatenate([[token.vector for token in doc] for doc in docs])
    assert_allclose(after.data, vectors @ layer.get_param("W").T, rtol=1e-4, atol=1e-6)
    assert np.abs(after.data - before.data).max() > 1e-4


def test_rows_that_others_add_stay():
    nlp = make_pipeline(**ON)
    expected = make_pipeline(**ON)
    nlp.vocab.vectors.resize((200, D))
    nlp.vocab.set_vector("zebra", np.ones(D))
    texts = [text + " zebra" for text in make_texts(30)]
    update(nlp, texts=texts)
    update(expected, texts=texts)
    n_words = len(expected.vocab.vectors.data)
    assert_array_equal(nlp.vocab.vectors.data[:n_words], expected.vocab.vectors.data)
    assert_array_equal(nlp.vocab["zebra"].vector, np.ones(D))


# Learning rates


def test_learning_rates_are_those_of_the_schedule(monkeypatch):
    schedule = {"@schedules": "compounding.v1", "start": 0.01, "stop": 0.05, "compound": 1.5}
    nlp = make_pipeline(update=True, alpha=schedule)
    seen = record_alphas(monkeypatch)
    update(nlp, n_steps=3)
    other = by_bytes(nlp, None)
    update(other, n_steps=3)
    expected = [rate for rate, _ in zip(compounding(0.01, 0.05, 1.5), range(6), strict=False)]
    assert seen == pytest.approx(expected)
    copy = by_pickle(other, None)
    update(copy)
    assert seen[-1] == seen[-2], "a copy of a generator stays at its last rate"


@pytest.mark.parametrize(("architecture", "expected"), [("skip-gram", 0.0025), ("cbow", 0.015)])
def test_by_default_it_is_a_tenth_of_the_first_one(monkeypatch, architecture, expected):
    settings = TRAINING | {"model": {"vector_size": D, "architecture": architecture}}
    nlp = make_pipeline(update=True, initialize=settings)
    seen = record_alphas(monkeypatch)
    update(nlp)
    assert seen == pytest.approx([expected])


def record_alphas(monkeypatch):
    seen = []
    train_on = spacy_w2v.pipeline._continuing._Kernel.train

    def recording(self, chunk, data, *, alpha, step):
        seen.append(alpha)
        return train_on(self, chunk, data, alpha=alpha, step=step)

    monkeypatch.setattr("spacy_w2v.pipeline._continuing._Kernel.train", recording)
    return seen


def test_learning_rates():
    rates = LearningRates([0.3, 0.2])
    assert [rates.at(step) for step in (0, 0, 1, 4)] == [0.3, 0.3, 0.2, 0.2]
    rates = LearningRates(iter([0.3, 0.2, 0.1]))
    assert [rates.at(step) for step in (2, 0, 1, 9)] == [0.1, 0.3, 0.2, 0.1], "as of a component initialized again"
    for wrong in ([], [-0.1], float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="alpha must be at least 0, was"):
            LearningRates(wrong)
    with pytest.raises(ConfigError, match=r"alpha must be at least 0, was: -1"):
        LearningRates([0.1, -1]).at(1)
    with pytest.raises(ConfigError, match=r"alpha must be at least 0, was: -0.5"):
        spacy.blank("en").add_pipe("w2v", config={"alpha": -0.5})


# Errors


def pipeline_of_other_vectors(**config):
    nlp = spacy.blank("en")
    keys = [nlp.vocab.strings.add(word) for word in ANIMALS]
    nlp.vocab.vectors = Vectors(data=np.ones((4, D), np.float32), keys=keys)
    nlp.add_pipe("w2v", config={"pooling": "mean", **config})
    return nlp


def test_vectors_without_a_model_cannot_be_trained_further():
    nlp = pipeline_of_other_vectors(**ON)
    with pytest.raises(
        ConfigError,
        match=r"have none. Set path in .*start from these vectors with .*components.w2v.initial\]",
    ):
        nlp.get_pipe("w2v").initialize(list, nlp=nlp)
    with pytest.raises(ConfigError, match=r"was not initialized or saved with update = true"):
        nlp.update(examples_of(nlp, ["cat"]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vector_kind": "mean"}, 'update trains input vectors, but vector_kind = "mean"'),
        ({"initial": {"vectors": "x", "freeze": True}}, r"freeze = true in .* keeps. Set one of them to false"),
    ],
)
def test_settings_that_contradict_update(settings, message):
    with pytest.raises(ConfigError, match=message):
        make_pipeline(**ON, initialize=TRAINING | settings)


def test_a_pipeline_that_was_saved_without_outputs(saved, tmp_path):
    spacy.load(saved, config={"components.w2v.update": False}).to_disk(tmp_path)
    nlp = spacy.load(tmp_path, config={"components.w2v.update": True})
    with pytest.raises(ConfigError, match="update needs the trained model, but 'w2v' was not initialized"):
        nlp.update(examples_of(nlp, ["cat"]))


def test_half_precision_is_refused(saved):
    nlp = spacy.load(saved)
    nlp("cat")
    nlp.vocab.vectors.data = nlp.vocab.vectors.data.astype(np.float16)
    with pytest.raises(ConfigError, match="update needs vectors of type float32, but the pipeline's are float16"):
        nlp.update(examples_of(nlp, make_texts(5)))


def test_an_explosion_leaves_the_table_as_it_was():
    nlp = make_pipeline(update=True, alpha=1e6)
    before = nlp.vocab.vectors.data.copy()
    with pytest.raises(TrainingError, match=r"must stay .*, in update 1 with learning rate 1e\+06. Lower the compo"):
        update(nlp, n_steps=3)
    assert_array_equal(nlp.vocab.vectors.data, before)


def test_a_high_loss_counts_only_over_many_pairs(monkeypatch):
    """Of few pairs, as of rare words, it may be high though all is well."""
    nlp = make_pipeline(**ON)
    update(nlp)
    kernel = nlp.get_pipe("w2v").continued._kernel
    loss = 4 * kernel.untrained_loss
    monkeypatch.setattr(kernel, "train_chunk", lambda *arguments: (loss * 4_000, 4_000, 0))
    assert update(nlp, n_steps=2)["w2v"] == pytest.approx(loss)
    with pytest.raises(TrainingError, match=r"3 times that of untrained vectors, was: .* in update 4"):
        update(nlp)


def test_update_takes_examples():
    nlp = make_pipeline(**ON)
    with pytest.raises(TypeError, match="E978"):
        nlp.get_pipe("w2v").update([nlp.make_doc("cat")])


# Scores


@pytest.fixture
def pairs_file(tmp_path):
    rows = [("cat", "dog", 9), ("red", "CAT", 1), ("green", "blue", 8), ("cow", "white", 2.5), ("cat", "unknown", 5)]
    path = tmp_path / "mine.tsv"
    path.write_text("# made up\n" + "".join(f"{a}\t{b}\t{rating}\n" for a, b, rating in rows), encoding="utf-8")
    return path


def test_scores_are_those_of_gensim(pairs_file):
    model = spacy_w2v.train(make_texts(), vector_size=D, min_count=1, epochs=5, workers=1, sample=0)
    nlp = make_pipeline(
        similarity=[str(pairs_file)], initialize=TRAINING | {"training": {"epochs": 5, "workers": 1, "sample": 0}}
    )
    expected = score_word_pairs(model.word_vectors(), read_word_pairs(pairs_file))
    scores = nlp.evaluate(examples_of(nlp, make_texts(3)))
    assert expected.n_used == 4
    assert scores["w2v_mine"] == pytest.approx(expected.spearman, abs=1e-9)
    n_strings = len(nlp.vocab.strings)
    pairs_file.unlink()  # a set is read once
    assert nlp.evaluate(examples_of(nlp, make_texts(3)))["w2v_mine"] == scores["w2v_mine"]
    assert len(nlp.vocab.strings) == n_strings
    assert "w2v_mine" not in nlp.evaluate([])


def test_bundled_sets_have_names():
    nlp = make_pipeline(similarity=["wordsim353", "simlex999"])
    sets = nlp.get_pipe("w2v").similarity.load()
    assert {name: len(pairs) for name, pairs in sets.items()} == {"wordsim353": 353, "simlex999": 999}
    scores = nlp.get_pipe("w2v").score(examples_of(nlp, ["cat"]))
    assert set(scores) == {"w2v_wordsim353", "w2v_simlex999"}
    assert scores["w2v_wordsim353"] is None, "its words are others"


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["wordsim"], ConfigError, "must be one of wordsim353, simlex999, or an existing file .*, was: wordsim"),
        (["wordsim353", datapath("wordsim353.tsv")], ConfigError, "different names, was twice: wordsim353"),
        ([__file__], CorpusError, "must have lines of two words and a rating"),
        ([sys.executable], CorpusError, "must be an evaluation set in UTF-8, but cannot be read"),
    ],
)
def test_wrong_sets_are_refused_before_training(names, error, message):
    def texts():
        raise AssertionError("must not be read")
        yield

    with pytest.raises(error, match=message):
        make_pipeline(similarity=names, corpus=texts())


def test_a_pipeline_can_be_loaded_and_evaluated_without_its_sets(pairs_file, tmp_path):
    make_pipeline(similarity=[str(pairs_file)]).to_disk(tmp_path / "pipeline")
    pairs_file.unlink()
    nlp = spacy.load(tmp_path / "pipeline")
    assert nlp("cat").has_vector
    with pytest.warns(UserWarning, match=r"No scores of word pairs: .*was: .*mine\.tsv"):
        scores = nlp.evaluate(examples_of(nlp, ["cat"]))
    assert scores["w2v_mine"] is None
    assert scores["token_acc"] == 1


# spacy train

CONFIG = """
[nlp]
lang = "en"
pipeline = ["w2v","tok2vec"]

[components]

[components.w2v]
factory = "w2v"
update = true
alpha = 0.05
similarity = ["mine.tsv"]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
width = 8
depth = 1
embed_size = 50
window_size = 1
maxout_pieces = 2
subword_features = false
pretrained_vectors = true

[initialize]

[initialize.components]

[initialize.components.w2v]

[initialize.components.w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts.txt"

[initialize.components.w2v.model]
vector_size = 20

[initialize.components.w2v.training]
epochs = 1
alpha = 0.001
sample = 0
workers = 1

[corpora]

[corpora.train]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = "texts.txt"

[corpora.dev]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = "texts.txt"
limit = 3

[training]
seed = 0
gpu_allocator = null
max_steps = 20
eval_frequency = 10
accumulate_gradient = 2

[training.score_weights]
w2v_mine = 1.0
"""


@pytest.fixture
def workplace(tmp_path, monkeypatch, pairs_file):
    (tmp_path / "texts.txt").write_text("\n".join(make_texts(200)), encoding="utf-8")
    (tmp_path / "config.cfg").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_here(**overrides):
    """Do what `spacy train` does; returns the pipeline as it was initialized, and as it ended."""
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    nlp = init_nlp(Config().from_str(CONFIG, overrides=dotted))
    before = nlp.vocab.vectors.data.copy()
    with open(os.devnull, "w") as nowhere:
        train(nlp, stdout=nowhere, stderr=nowhere)
    return before, nlp


def test_spacy_train_shows_loss_and_score(workplace):
    done = spacy_command("train", "config.cfg", "--output", "out", cwd=workplace, COLUMNS="120")
    assert done.code == 0, done.said
    assert re.search(r"^E +# +LOSS W2V +LOSS TOK2VEC +W2V_MINE +SCORE *$", done.stdout, re.MULTILINE)
    rows = [line.split() for line in done.stdout.splitlines() if re.match(r" +\d+ +\d+ ", line)]
    assert [row[1] for row in rows] == ["0", "10", "20"]
    losses = [float(row[2]) for row in rows]
    assert losses[0] - 0.5 > losses[1] > losses[2], done.said
    before, expected = run_here()
    nlp = spacy.load("out/model-last")
    assert same_weights(nlp, expected), "in another process, the same bits"
    assert np.abs(nlp.vocab.vectors.data - before).max() > 0.01
    assert weights_of(nlp)[2] == 2 * 21  # two parts of each batch, and batches from 0 to max_steps
    assert nlp.meta["performance"]["w2v_mine"] == pytest.approx(float(rows[-1][4]) / 100, abs=1e-4)
    best = spacy.load("out/model-best")
    assert best("The cat").has_vector
    assert (
        best.get_pipe("w2v").score(examples_of(best, ["cat"]))["w2v_mine"] > nlp.meta["performance"]["w2v_mine"] - 1e-6
    )


@pytest.mark.parametrize(
    ("option", "title", "message"),
    [
        (
            ("--nlp.pipeline", '["tok2vec","w2v"]'),
            "Components are in the wrong order",
            "'w2v' must come before the components that use its vectors, but 'tok2vec' comes first. Move 'w2v' to",
        ),
        (("--components.w2v.similarity", '["no.tsv"]'), "The component 'w2v' cannot be initialized", "was: no.tsv"),
        (
            ("--components.w2v.sif_a", "-1"),
            "The component 'w2v' cannot be created",
            "sif_a must be greater than 0, was: -1",
        ),
    ],
)
def test_spacy_train_shows_errors_without_a_traceback(workplace, option, title, message):
    done = spacy_command("train", "config.cfg", *option, cwd=workplace)
    assert done.code == 1
    assert "Traceback" not in done.said
    assert title in done.said
    assert message in done.said


def test_spacy_train_leaves_the_vectors_alone_unless_asked(workplace):
    off, nlp = run_here(components__w2v__update=False)
    assert_array_equal(nlp.vocab.vectors.data, off)
    frozen_table, other = run_here(components__w2v__update=True, training__annotating_components=["w2v"])
    assert_array_equal(frozen_table, off)
    assert np.abs(other.vocab.vectors.data - off).max() > 0.01


def test_spacy_train_goes_on_from_a_trained_pipeline(workplace):
    _, nlp = run_here()
    nlp.to_disk("trained")
    config = Config().from_str(CONFIG)
    config["components"]["w2v"] = {"source": "trained"}
    config["components"]["tok2vec"] = {"source": "trained"}
    config["initialize"] = {"vectors": "trained"}
    again = init_nlp(config)
    with open(os.devnull, "w") as nowhere:
        train(again, stdout=nowhere, stderr=nowhere)
    assert weights_of(again)[2] == 2 * weights_of(nlp)[2]
    assert np.abs(again.vocab.vectors.data - nlp.vocab.vectors.data).max() > 0.01
    assert again("The cat").has_vector


def test_the_config_of_the_documentation(workplace):
    configs = [block.text for page in PAGES for block in blocks_of(page) if block.language == "ini"]
    block = next(text for text in configs if is_complete(text) and "update = true" in text)
    spacy_w2v.train(make_texts(), vector_size=D, min_count=1, workers=1).save("vectors")
    Path("texts").mkdir()
    Path("texts.txt").rename("texts/some.txt")
    nlp = init_nlp(Config().from_str(block, overrides={"training.max_steps": 2}))
    before = nlp.vocab.vectors.data.copy()
    with open(os.devnull, "w") as nowhere:
        train(nlp, stdout=nowhere, stderr=nowhere)
    assert not np.array_equal(nlp.vocab.vectors.data, before)
    assert set(nlp.meta["performance"]) == {"w2v_loss", "w2v_wordsim353", "w2v_simlex999"}


def test_documents_made_by_hand():
    """Words that no tokenizer made, as of a corpus with its own tokens."""
    nlp = make_pipeline(**ON)
    docs = [Doc(nlp.vocab, words=ANIMALS * 3, spaces=[False] * 12) for _ in range(5)]
    assert nlp.update([Example(doc, doc) for doc in docs])["w2v"] > 0
