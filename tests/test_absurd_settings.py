"""Settings of any size: refused by name before the work, or harmless."""

import time

import pytest

import spacy_w2v
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.training._plan import Plan

TEXTS = ["the cat and dog went to house number %d in the city of London and back" % (i % 50) for i in range(200)]  # noqa: UP031
HUGE = 10**30
LARGE = 2**63 - 1  # more than that, configs of older versions do not hold


def train(**settings):
    return spacy_w2v.train(TEXTS, **{"vector_size": 4, "epochs": 1, "workers": 1, **settings})


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("window", 1_000_000, "at most 10000"),
        ("window", -5, "at least 1"),
        ("negative", HUGE, "at most 10000"),
        ("negative", -1, "at least 0"),
        ("vector_size", HUGE, "at most 100000"),
        ("vector_size", 0, "at least 1"),
        ("shared_noise", 0, "at least 4"),
        ("shared_noise", 18, "a multiple of 4"),
        ("shared_noise", HUGE, "at most 1024"),
        ("epochs", HUGE, "at most 1000000"),
        ("epochs", 0, "at least 1"),
        ("workers", 10**6, "at most 1024"),
        ("workers", -1, "at least 0"),
        ("n_process", 10**6, "at most 1024"),
        ("n_process", -1, "at least 0"),
        ("min_tokens", HUGE, "at most 1000000000"),
        ("alpha", 1e308, "at most 1000000"),
        ("alpha", float("nan"), "a finite number"),
        ("min_alpha", float("inf"), "a finite number"),
        ("sample", float("nan"), "a finite number"),
        ("seed", -1, "at least 0"),
        ("ns_exponent", 1e9, "at most 10"),
        ("checkpoint_every_s", float("inf"), "a finite number"),
    ],
)
def test_absurd_values_are_refused(name, value, rule):
    with pytest.raises(ConfigError, match=rf"^{name} must be {rule}.*, was: "):
        train(**{name: value})


@pytest.mark.parametrize(
    "settings",
    [{"max_tokens": LARGE}, {"max_vocab_size": LARGE}, {"max_final_vocab": LARGE}, {"seed": LARGE}, {"sample": 1e30}],
)
def test_bounds_that_bind_nothing_are_no_error(settings):
    assert "city" in train(**settings)


def test_a_bound_that_drops_all_types_is_told():
    with pytest.raises(CorpusError, match="max_vocab_size has dropped all types"):
        train(max_vocab_size=1)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "softmax"])
def test_windows_beyond_every_sentence_cost_no_more_than_the_sentences(architecture, loss):
    texts = [" ".join(f"w{(i * j) % 97}" for j in range(12)) for i in range(1000)]
    options = {"architecture": architecture, "loss": loss, "tokenizer": "whitespace", "vector_size": 16, "sample": 0}
    options |= {"epochs": 1, "workers": 1, "shrink_windows": False}
    spacy_w2v.train(texts, window=11, **options)
    start = time.process_time()
    expected = spacy_w2v.train(texts, window=11, **options)
    middle = time.process_time()
    actual = spacy_w2v.train(texts, window=10_000, **options)
    end = time.process_time()
    assert end - middle < 5 * (middle - start) + 0.5
    assert (actual.input_vectors == expected.input_vectors).all(), "full windows reach all of a sentence, either way"


def test_a_plan_of_a_million_epochs_is_made_at_once():
    import numpy as np

    start = time.process_time()
    plan = Plan(np.array([5, 3, 4]), epochs=1_000_000, seed=1)
    assert plan.size_before(plan.n_tasks) == 12_000_000
    last = [plan.task(plan.n_tasks - 3 + i) for i in range(3)]
    assert {task.item for task in last} == {0, 1, 2}
    assert last[0].first == 12 * 999_999
    assert time.process_time() - start < 1
