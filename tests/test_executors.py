"""Workers: what they need can be sent elsewhere; results, pauses and errors of threads that train."""

import dataclasses
import pickle
import random

import numpy as np
import pytest
import spacy

from spacy_w2v._arrays import Chunk, Weights
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._executors import ThreadExecutor
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training._work import Worker, make_work
from spacy_w2v.training.callbacks._callback import RunCallback

LOSSES = ("negative-sampling", "hierarchical-softmax", "softmax")


def make_texts():
    generator = random.Random(0)
    return [" ".join(generator.choices("abcdefghij", k=12)) for _ in range(300)]


@pytest.fixture
def work_of(monkeypatch, tmp_path):
    """Return a function that creates the work and the weights of a run with six chunks and two epochs."""
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(make_texts()))

    def work_of(**model):
        settings = parse_settings(
            {
                "vocabulary": {"min_count": 1},
                "model": {"vector_size": 8, **model},
                "training": {"epochs": 2, "workers": 1},
            }
        )
        run = TrainingRun(as_source(str(texts)), spacy.blank("en"), settings, cache_dir=tmp_path / "cache")
        with run.prepare(RunCallback(), None) as prepared:  # the corpus stays in the cache
            with run.work_items(prepared, RunCallback()) as items:
                built = run.build(prepared, items, RunCallback())
            weights = objective_of(settings.model).weights(built.parameters, prepared.inputs)
            return make_work(run.settings, built), weights

    return work_of


class Merged:
    """Work items in memory that are not chunks of a corpus."""

    def __init__(self, chunks):
        reader = chunks.open()
        read = [reader.read(number) for number in range(len(chunks.sizes))]
        self.items = [merged(read[first : first + 2]) for first in range(0, len(read), 2)]
        self.sizes = np.array([item.tokens.size for item in self.items])
        self.empty = chunks.empty

    def open(self):
        return self

    def read(self, number):
        return self.items[number]


def merged(chunks):
    tokens = np.concatenate([chunk.tokens for chunk in chunks])
    lengths = np.concatenate([np.diff(chunk.offsets) for chunk in chunks])
    item = Chunk(tokens, np.concatenate(([0], np.cumsum(lengths))))
    for array in item:
        array.flags.writeable = False
    return item


def copy_of(weights):
    return Weights(*(matrix.copy() for matrix in weights))


def run_all(work, weights):
    worker = Worker(work, weights)
    return [worker.run(number) for number in range(work.plan.n_tasks)]


@pytest.mark.parametrize("loss", LOSSES)
def test_pickled_work_gives_the_same_bits(work_of, loss):
    work, weights = work_of(loss=loss)
    expected, actual = copy_of(weights), copy_of(weights)
    expected_results = run_all(work, expected)
    assert len(expected_results) > 6
    again = pickle.loads(pickle.dumps(work))
    assert again.kernel == work.kernel
    assert run_all(again, actual) == expected_results
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (expected.output != weights.output).any()


def results_of(executor, n):
    results = []
    while len(results) < n:
        result = executor.next_result(timeout_s=1)
        if result is not None:
            results.append(result)
    return results


def test_threads_run_all_tasks_from_the_first_one_on(work_of):
    work, weights = work_of()
    executor = ThreadExecutor(work, weights, n_workers=3)
    executor.start(4)
    results = results_of(executor, work.plan.n_tasks - 4)
    executor.stop()
    assert sorted(result.task.number for result in results) == list(range(4, work.plan.n_tasks))
    assert executor.next_result(timeout_s=0) is None


def test_threads_run_some_tasks_and_then_others(work_of):
    work, weights = work_of()
    executor = ThreadExecutor(work, weights, n_workers=2)
    for tasks in (range(1, work.plan.n_tasks, 3), range(5, 2), range(0, work.plan.n_tasks, 3)):
        executor.begin(tasks)
        results = results_of(executor, len(tasks))
        executor.stop()
        assert sorted(result.task.number for result in results) == list(tasks)
        assert executor.next_result(timeout_s=0) is None


def test_automatic_pauses(work_of):
    work, weights = work_of()
    executor = ThreadExecutor(work, weights, n_workers=2, n_until_pause=2)
    executor.start(0)
    results_of(executor, 2)
    assert executor.next_result(timeout_s=0.05) is None
    assert executor.paused
    assert executor.n_started == executor.pause() == 2
    executor.resume()
    results_of(executor, 2)
    executor.stop()


def test_errors_of_workers_are_raised_with_the_results(work_of, tmp_path):
    work, weights = work_of()
    executor = ThreadExecutor(work, weights, n_workers=1)
    executor.work = dataclasses.replace(work, seed=-1)
    executor.start(0)
    with pytest.raises(ValueError, match="non-negative"):
        results_of(executor, 1)
    executor.stop()


def test_items_need_not_be_chunks_of_a_corpus(work_of):
    work, weights = work_of()
    items = Merged(work.items)
    plan = Plan(items.sizes, epochs=2, seed=work.seed)
    assert plan.n_tasks < work.plan.n_tasks
    assert plan.epoch_size == work.plan.epoch_size
    other = dataclasses.replace(work, items=items, plan=plan)
    results = run_all(other, weights)
    assert [result.task.size for result in results] == [items.sizes[result.task.item] for result in results]
    sizes = np.cumsum([0, *(result.task.size for result in results[:-1])])
    assert [result.task.first for result in results] == sizes.tolist()
    assert sum(result.n_kept for result in results) <= 2 * plan.epoch_size
    assert results[-1].loss / results[-1].n_pairs < results[0].loss / results[0].n_pairs


def test_a_run_uses_the_given_executor(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    made = []

    def make_executor(work, weights, *, n_workers, n_until_pause=None, next_pause=None):
        made.append(n_workers)
        return ThreadExecutor(work, weights, n_workers=n_workers, n_until_pause=n_until_pause)

    settings = parse_settings({"vocabulary": {"min_count": 1}, "training": {"epochs": 1, "workers": 1}})
    run = TrainingRun(as_source(make_texts()), spacy.blank("en"), settings, cache_dir=tmp_path)
    expected = run.execute()
    actual = dataclasses.replace(run, make_executor=make_executor).execute()
    assert made == [1]
    np.testing.assert_array_equal(actual.input_vectors, expected.input_vectors)
