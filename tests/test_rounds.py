"""Training in rounds on several machines, all in this process: truth, bits, lost machines, resuming."""

import numpy as np
import pytest
from helpers_cluster import make_run

from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.corpus import _store as store
from spacy_w2v.training.callbacks._callback import Callback


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)


class Recorder(Callback):
    def __init__(self):
        self.tasks, self.messages, self.progress, self.epochs = [], [], [], []

    def on_task_end(self, result):
        self.tasks.append(result.task.number)

    def on_message(self, text):
        self.messages.append(text)

    def on_progress(self, progress):
        self.progress.append(progress)

    def on_epoch_end(self, result):
        self.epochs.append(result)


def assert_equal(actual, expected):
    for name, parameter in expected.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], parameter)


def test_two_runs_on_three_machines_give_the_same_bits(tmp_path):
    first, second = (make_run(tmp_path, cluster=LocalCluster(3)).execute() for _ in range(2))
    assert_equal(second, first)


def test_one_machine_trains_as_without_a_cluster(tmp_path):
    expected = make_run(tmp_path).execute()
    actual = make_run(tmp_path, cluster=LocalCluster(1)).execute()
    assert_equal(actual, expected)


def test_every_task_is_trained_once(tmp_path):
    recorder = Recorder()
    make_run(tmp_path, cluster=LocalCluster(3)).execute(recorder)
    assert sorted(recorder.tasks) == list(range(len(recorder.tasks)))
