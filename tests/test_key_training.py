"""Training on keys of a pipeline: one annotation, many trainings, on a corpus in which frequent phrases are joined."""

import json
import os
from pathlib import Path

import pytest
from helpers_shards import KEYS, LOG, logging_pipeline, numbered_lines, use_small_shards
from numpy.testing import assert_array_equal

import spacy_w2v
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError

LINES = numbered_lines(400)
MANY = 20
"""A count that some phrases reach, and others do not."""


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(LOG, str(tmp_path / "log.txt"))
    (tmp_path / "log.txt").write_text("")
    rows = [json.dumps({"text": line}) for line in LINES]
    (tmp_path / "texts.jsonl").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    use_small_shards(monkeypatch.setattr)


def n_annotated() -> int:
    """Return the number of texts that the pipeline has annotated so far."""
    with open(os.environ[LOG]) as file:
        return len(file.read().split())


def train(**settings):
    defaults = {"vector_size": 8, "epochs": 1, "workers": 1, "seed": 1, "sample": 0, "min_count": 5, "progress": False}
    return spacy_w2v.train(Path("texts.jsonl"), logging_pipeline(), keys=KEYS, **{**defaults, **settings})


def pairs_of(model) -> set[str]:
    return {word for word in model.vocabulary.words if word.endswith("|PAIR")}


def test_other_counts_and_losses_annotate_nothing():
    first = train()
    assert n_annotated() == len(LINES)
    assert len(pairs_of(first)) > 5
    assert first.record.phrases.n_phrases == len(pairs_of(first))
    for settings in (
        {"min_count": 2},
        {"min_count": 20},
        {"min_phrase_count": MANY},
        {"loss": "hierarchical-softmax"},
        {"loss": "glove"},
        {"window": 2, "max_vocab_size": 50},
    ):
        model = train(**settings)
        assert n_annotated() == len(LINES)
        assert model.record.phrases.n_phrases == len(pairs_of(model))
    with_few = train(min_phrase_count=MANY)
    assert pairs_of(with_few) < pairs_of(first)
    assert with_few.record.phrases.n_split > first.record.phrases.n_split
    assert with_few.record.vocabulary.coverage == pytest.approx(first.record.vocabulary.coverage, abs=0.1)


def test_counts_of_cooccurrences_differ_between_joined_corpora():
    models = [train(loss="ppmi-svd", min_phrase_count=least) for least in (5, MANY, 5)]
    first, second, third = (model.input_vectors for model in models)
    assert pairs_of(models[0]) != pairs_of(models[1])
    assert first.shape != second.shape
    assert_array_equal(first, third)


class StoppedError(Exception):
    """Ends a run."""


class Stopping(spacy_w2v.Callback):
    """Ends a run after some tasks."""

    def __init__(self, n_tasks: int):
        self.n_left = n_tasks

    def on_progress(self, progress):
        self.n_left -= 1
        if not self.n_left:
            raise StoppedError


def test_a_checkpoint_belongs_to_a_joined_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 300)
    run = {"checkpoint_every_s": 0, "epochs": 3}
    expected = train(**run)
    with pytest.raises(StoppedError):
        train(**run, checkpoint=tmp_path / "run", callbacks=[Stopping(5)])
    with pytest.raises(ConfigError, match="min_phrase_count was "):
        train(**run, checkpoint=tmp_path / "run", min_phrase_count=MANY, resume=True)
    resumed = train(**run, checkpoint=tmp_path / "run", resume=True)
    assert_array_equal(resumed.input_vectors, expected.input_vectors)
    assert n_annotated() == len(LINES)
