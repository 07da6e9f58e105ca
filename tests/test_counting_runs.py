"""Runs of losses that learn from co-occurrence counts, from outside: overrides, messages, interrupts, odd inputs."""

import json
import signal
import time

import numpy as np
import pytest
from helpers_cli import w2v
from helpers_model import markdown_report

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError, StorageError, TrainingError
from spacy_w2v.objectives import _ppmi_svd

COUNTING = ["glove", "ppmi-svd"]
TOPICS = [["apple", "banana", "fruit", "pear", "plum"], ["dog", "cat", "animal", "horse", "cow"]]
SMALL = ("--w2v.vocabulary.min_count", "1", "--w2v.model.vector_size", "4", "--w2v.training.workers", "1")
SETTINGS = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "window": 4}


def make_lines():
    random = np.random.default_rng(0)
    return [" ".join(random.permutation(TOPICS[i % 2])) for i in range(400)]


LINES = make_lines()


@pytest.fixture
def folder(tmp_path):
    """A folder with a corpus, texts.txt."""
    (tmp_path / "texts.txt").write_text("\n".join(LINES))
    return tmp_path


def new_config(folder, *options):
    w2v("init-config", "c.cfg", "--dataset", "texts.txt", *options, cwd=folder)


def test_a_rate_can_be_overridden_in_a_new_config_of_glove(folder):
    new_config(folder, "--loss", "glove")
    w2v("train", "c.cfg", "-o", "out", *SMALL, "--w2v.training.alpha", "0.02", cwd=folder)
    record = spacy_w2v.load(folder / "out/model").record
    assert [result.alpha for result in record.results] == pytest.approx([0.02] * 25)
    assert (record.training.alpha, record.training.min_alpha) == (0.02, 0.02)


def test_a_rate_without_an_end_is_constant_for_every_loss():
    settings = parse_settings({"training": {"min_alpha": None}}).completed()
    assert (settings.training.alpha, settings.training.min_alpha) == (0.025, 0.025)
    settings = parse_settings({"model": {"loss": "glove"}, "training": {"min_alpha": 0.01}}).completed()
    assert (settings.training.alpha, settings.training.min_alpha) == (0.05, 0.01)
    with pytest.raises(ConfigError, match=r"min_alpha must not be above alpha \(0\.05\), was: 0\.06"):
        parse_settings({"model": {"loss": "glove"}, "training": {"min_alpha": 0.06}})


def test_an_override_of_the_loss_says_which_settings_were_made_for_another(folder):
    new_config(folder, "--size", "tiny", "--optimize", "accuracy")
    options = ("--w2v.model.loss", "glove", "--w2v.training.epochs", "2")
    text = w2v("train", "c.cfg", "-o", "out", *SMALL, *options, cwd=folder).said
    assert 'loss = "glove" is an override, but the config has settings for which this loss has other defaults' in text
    assert (
        'export.vector_kind = "input" instead of "sum", model.window = 5 instead of 10, '
        "training.alpha = 0.025 instead of null, training.min_alpha = 0.0001 instead of null, "
        "training.sample = 0.0001 instead of 0.0. Override" in text
    )
    assert "epochs" not in text.partition("is an override")[2].partition("Override")[0]
    plain = w2v("train", "c.cfg", "-o", "plain", *SMALL, cwd=folder)
    assert "override" not in plain.said


@pytest.mark.parametrize("loss", COUNTING)
def test_progress_shows_a_rate_only_where_there_is_one_and_all_cells(loss, folder):
    new_config(folder, "--loss", loss)
    said = w2v("train", "c.cfg", "-o", "out", "--cache-dir", "cache", *SMALL, cwd=folder).said
    assert ("learning rate" in said) == (loss == "glove")
    assert said.count("Counting 100%") == 1
    assert "2,000 tokens, 40 cells" in said  # each word of a topic with the four others
    log = [json.loads(line) for line in (folder / "out/training.jsonl").read_text().splitlines()]
    assert [event["alpha"] for event in log if event["event"] == "epoch"][-1] == (0.05 if loss == "glove" else 0)


def test_an_interrupt_ends_a_decomposition_at_once(monkeypatch, tmp_path):
    """Python's handler of signals runs between the products of ARPACK, which are functions of Python."""
    reached = []

    def interrupted(matrix, size, random_state):
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.2)  # a handler that only takes a note would let this go on
        reached.append(matrix)

    monkeypatch.setattr(_ppmi_svd, "largest_singular_vectors", interrupted)
    with pytest.raises(KeyboardInterrupt):
        spacy_w2v.train(LINES, loss="ppmi-svd", **SETTINGS, workers=2, checkpoint=tmp_path / "c")
    assert not reached
    assert not (tmp_path / "c").exists()


def test_vectors_of_a_decomposition_may_be_long():
    """No steps can diverge: the norms are those of rows of the matrix, which may have thousands of positive cells."""
    model = spacy_w2v.train(LINES, loss="ppmi-svd", **SETTINGS, shift=1e-300, eigenvalue_exponent=1.0)
    assert np.linalg.norm(model.input_vectors, axis=1).min() > 1000


@pytest.mark.parametrize("settings", [{}, {"sample": 1e-30}, {"x_max": 1e12}, {"workers": 2}, {"alpha": 5.0}])
def test_counts_of_1_do_not_look_like_divergence(settings):
    """The logarithm of 1 is 0, which vectors near zero fit before the first step, and no longer after it."""
    pairs = [f"a{i} b{i}" for i in range(50)]
    model = spacy_w2v.train(pairs, loss="glove", **SETTINGS | settings)
    assert len(model.record.results) == 25


def test_a_corpus_of_one_word_has_no_mutual_information():
    with pytest.raises(TrainingError, match=r"Some words must occur together more often than by chance, but .* = 1\."):
        spacy_w2v.train(["a a a a"] * 3, loss="ppmi-svd", **SETTINGS)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_sums_that_are_not_positive_are_refused(value, tmp_path):
    """Steps are divided by their square roots, so training would blame the learning rate."""
    model = spacy_w2v.train(LINES, loss="glove", **SETTINGS, epochs=1)
    model.parameters["output_sums"][2, 1] = value
    model.save(tmp_path / "model")
    with pytest.raises(StorageError, match=rf"output_sums.npy must have positive numbers, was: {value}. It is damaged"):
        spacy_w2v.load(tmp_path / "model")


@pytest.mark.parametrize("loss", COUNTING)
def test_a_report_has_the_settings_of_counting(loss, folder):
    model = spacy_w2v.train(LINES, loss=loss, **SETTINGS, distance_weights="flat")
    report = markdown_report(model)
    assert "| distance_weights | `flat` |" in report
    assert ("| Epoch | Loss | Learning rate |\n| --- | --- | --- |\n| 1 |" in report) == (loss == "glove")
    assert ("| Epoch | Loss |\n| --- | --- |\n| 1 |" in report) == (loss == "ppmi-svd")
