"""Training in rounds on several machines, all of them in this process: truth, bits, lost machines, resuming, errors."""

import dataclasses
import io
import json
import math
import re
import signal
import time

import numpy as np
import pytest
from helpers_cluster import N_WORDS, FailingCluster, make_run

from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ClusterError, StorageError, TrainingError
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training import _memory as memory_module
from spacy_w2v.training._checkpoint import read_checkpoint
from spacy_w2v.training._composition import train_model, train_to_directory
from spacy_w2v.training._work import Worker
from spacy_w2v.training._work_items import CorpusChunks
from spacy_w2v.training.callbacks._callback import RunCallback
from spacy_w2v.training.callbacks._progress_bar import ProgressBar
from spacy_w2v.training.distributed import _connecting as connecting_module
from spacy_w2v.training.distributed import _round_executor as executor_module
from spacy_w2v.training.distributed._replica import Replica, rows_of_shard
from spacy_w2v.training.distributed._rounds import Rounds, shares_of

ONE_EPOCH = {"epochs": 1}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)


class Recorder(RunCallback):
    def __init__(self):
        self.results, self.messages, self.progress, self.epochs = [], [], [], []

    @property
    def tasks(self):
        return [result.task.number for result in self.results]

    def on_task_end(self, result):
        self.results.append(result)

    def on_message(self, text):
        self.messages.append(text)

    def on_progress(self, progress):
        self.progress.append(progress)

    def on_epoch_end(self, result):
        self.epochs.append(result)


def assert_equal(actual, expected):
    for name, parameter in expected.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], parameter)


def assert_differ(actual, expected):
    assert (actual.input_vectors != expected.input_vectors).any()


# which tasks are trained when


@pytest.mark.parametrize(("n_tasks", "n_rounds"), [(1, 1), (7, 3), (8, 4), (3, 8), (100, 32), (33, 32), (31, 32)])
def test_rounds_have_all_tasks_once_wherever_a_run_resumes(n_tasks, n_rounds):
    rounds = Rounds(n_tasks, n_rounds)
    ends = {n_tasks * number // n_rounds for number in range(1, n_rounds + 1)}
    for first in range(n_tasks):
        next_task, n = first, 0
        while next_task < n_tasks:
            tasks = rounds.after(next_task)
            assert tasks.start == next_task < tasks.stop
            assert tasks.stop in ends
            assert len(tasks) <= rounds.most_tasks
            next_task, n = tasks.stop, n + 1
        assert n == rounds.n_after(first)
    assert rounds.n_after(0) == min(n_rounds, n_tasks)


@pytest.mark.parametrize("n_replicas", [1, 2, 3, 8])
def test_shares_have_all_tasks_of_a_round_once(n_replicas):
    shares = shares_of(range(10, 17), n_replicas)
    assert sorted(task for share in shares for task in share) == list(range(10, 17))
    assert len(shares) == min(n_replicas, 7)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("n_tasks", "n_rounds", "expected"),
    [
        (1, 32, "Training on 1 machine instead of 3 in 1 round: the run has only 1 chunk"),
        (2, 1, "Training on 2 machines instead of 3 in 1 round: the run has only 2 chunks"),
        (
            12,
            32,
            "Training on 1 machine instead of 3 in 12 rounds: the run has only 12 chunks, at most 1 in a round. To use "
            "more machines, lower rounds",
        ),
        (12, 4, "Training on 3 machines in 4 rounds"),
    ],
)
def test_small_runs_say_why_they_use_few_machines(n_tasks, n_rounds, expected):
    rounds = Rounds(n_tasks, n_rounds)
    n_replicas = min(3, rounds.most_tasks)
    assert rounds.describe(n_replicas, n_wanted=3, first=0) == expected


@pytest.mark.parametrize("n_loaded", [1, 2, 3, 7])
@pytest.mark.parametrize("n_shards", [1, 2, 3])
def test_rows_of_a_shard_are_the_same_however_many_shards_were_loaded(n_loaded, n_shards):
    whole = {
        "input": np.arange(22, dtype=np.float32).reshape(11, 2),
        "output": np.arange(4.0, dtype=np.float32)[:, None],
    }
    loaded = [{name: rows[k::n_loaded] for name, rows in whole.items()} for k in range(n_loaded)]
    for number in range(n_shards):
        actual = rows_of_shard(loaded, number, n_shards)
        for name, rows in whole.items():
            np.testing.assert_array_equal(actual[name], rows[number::n_shards])


# truth


@pytest.mark.parametrize("n_machines", [1, 2, 5])
def test_every_task_is_trained_once_and_counted_in_its_epoch(tmp_path, n_machines):
    one, several = Recorder(), Recorder()
    make_run(tmp_path).execute(one)
    make_run(tmp_path, cluster=LocalCluster(n_machines)).execute(several)
    n_tasks = len(one.results)
    assert several.tasks == list(range(n_tasks))
    for key in ("task", "n_pairs", "n_kept"):  # random numbers belong to tasks, so these do not depend on the machine
        assert [getattr(result, key) for result in several.results] == [getattr(result, key) for result in one.results]
    assert [epoch.epoch for epoch in several.epochs] == [1, 2]
    for epoch in several.epochs:
        results = [result for result in several.results if result.task.epoch == epoch.epoch - 1]
        assert epoch.loss == math.fsum(result.loss for result in results) / sum(result.n_pairs for result in results)
        assert epoch.n_kept == sum(result.n_kept for result in results)
    assert [epoch.alpha for epoch in several.epochs] == [epoch.alpha for epoch in one.epochs]


def test_one_machine_trains_as_without_a_cluster(tmp_path):
    assert_equal(make_run(tmp_path, cluster=LocalCluster(1)).execute(), make_run(tmp_path).execute())


MODELS = [
    {"architecture": architecture, "loss": loss, "training": {"kernel": kernel}}
    for architecture in ("skip-gram", "cbow")
    for loss in ("negative-sampling", "hierarchical-softmax", "softmax")
    for kernel in ("blocked", "sequential")
]


@pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: "-".join([*list(model.values())[:2], *model["training"].values()])
)
def test_three_machines_learn_what_one_does_with_the_same_bits_each_time(tmp_path, model):
    training = model["training"] | {"epochs": 8, "alpha": 0.1, "sample": 0}
    model = model | {"training": training, "n_words": 100}
    alone = make_run(tmp_path, **model).execute()
    first, second = (make_run(tmp_path, cluster=LocalCluster(3), rounds=16, **model).execute() for _ in range(2))
    assert_equal(second, first)
    assert_differ(first, alone)
    losses = [row["loss"] for row in first.meta["results"]]
    of_one = [row["loss"] for row in alone.meta["results"]]
    assert of_one[0] - of_one[-1] > 0.15  # there is something to learn
    assert losses[0] - losses[-1] > 0.75 * (of_one[0] - of_one[-1])


def test_frozen_words_stay_and_others_start_from_their_vectors(tmp_path):
    model = make_run(tmp_path).execute()
    initial = dataclasses.replace(model.word_vectors(), words=model.words)
    again = make_run(tmp_path, cluster=LocalCluster(3), initial={"freeze": True})
    again = dataclasses.replace(again, initial=initial)
    np.testing.assert_array_equal(again.execute().input_vectors, model.input_vectors)


# machines that are lost


def run_calls(directory, **how):
    """Run on a cluster that loses machines; return its calls, the model and what a callback received."""
    cluster, recorder = FailingCluster(3, **how), Recorder()
    model = make_run(directory, cluster=cluster, rounds=2, training=ONE_EPOCH).execute(recorder)
    return cluster.calls, model, recorder


LOSSES = {
    "before": lambda n: {"lost_before": {n}},
    "after": lambda n: {"lost_after": {n}},
    "with-values": lambda n: {"lost_after": {n}, "loses_values": True},
    "raising": lambda n: {"lost_before": {n}, "raises": True},
    "two-of-them": lambda n: {"lost_after": {n, n + 1}, "loses_values": True},
}


@pytest.mark.parametrize("moment", LOSSES)
def test_a_machine_that_is_lost_at_any_call_changes_no_bit(tmp_path, moment):
    calls, expected, undisturbed = run_calls(tmp_path)
    merging = {"trained_rows", "sum_changes", "make_dampings", "damp", "make_balance", "finish"}
    assert {"set_up", "load", "begin", "poll"} | merging == set(calls)
    for n in range(len(calls)):
        _, actual, recorder = run_calls(tmp_path, **LOSSES[moment](n))
        assert_equal(actual, expected)
        assert recorder.tasks == undisturbed.tasks
        is_new = moment == "raising" and calls[n] == "set_up"  # it has no share yet
        if n < len(calls) - 3 and not is_new:  # otherwise nobody may notice
            assert any("was lost" in text for text in recorder.messages), n


def test_a_round_whose_machines_are_lost_again_and_again_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(executor_module, "MAX_LOSSES", 5)
    cluster = FailingCluster(2, lost_before=range(10, 1000))
    with pytest.raises(ClusterError, match=r"lost 5 times in one\. The last error: The object on machine"):
        make_run(tmp_path, cluster=cluster).execute()
    assert all(remote.has_ended for remote in cluster.started)


# machines that come and go


def test_a_cluster_whose_machines_are_all_gone_is_an_error(tmp_path):
    cluster = LocalCluster(2)
    with pytest.raises(ClusterError, match="must have a machine on which to train, but has none"):
        make_run(tmp_path, cluster=cluster).execute(Changing(cluster, {5: 0}))
    assert all(remote.has_ended for remote in cluster.started)


class Changing(Recorder):
    """Changes the number of machines when a number of tasks has been counted."""

    def __init__(self, cluster, changes):
        super().__init__()
        self.cluster, self.changes = cluster, changes

    def on_task_end(self, result):
        super().on_task_end(result)
        self.cluster.n_machines = self.changes.get(len(self.results), self.cluster.n_machines)


def test_machines_come_and_go_between_rounds(tmp_path):
    cluster = LocalCluster(3)
    recorder = Changing(cluster, {4: 1, 10: 5, 16: 2})
    make_run(tmp_path, cluster=cluster, rounds=7, training={"epochs": 3}).execute(recorder)
    assert recorder.tasks == list(range(len(recorder.tasks)))
    seen = {progress.n_machines for progress in recorder.progress}
    assert {1, 3} < seen
    assert len(seen) >= 3
    assert [text for text in recorder.messages if "3 machines in 7 rounds" in text]
    assert [text for text in recorder.messages if "Training on 1 machine in" in text]
    assert all(remote.has_ended for remote in cluster.started)


def test_a_fixed_number_of_shares_gives_the_same_bits_on_any_number_of_machines(tmp_path):
    expected = make_run(tmp_path, cluster=LocalCluster(3)).execute()
    for n_machines in (1, 2, 8):
        cluster = LocalCluster(n_machines)
        assert_equal(make_run(tmp_path, cluster=cluster, machines=3).execute(), expected)
        names = [remote.machine.name for remote in cluster.started]
        assert len(set(names)) == min(n_machines, 3)
        assert len(names) == 3
    cluster = LocalCluster(1)
    recorder = Changing(cluster, {3: 3, 9: 2})
    assert_equal(make_run(tmp_path, cluster=cluster, machines=3).execute(recorder), expected)
    assert len({remote.machine.name for remote in cluster.started}) > 1  # some have moved


def test_no_more_machines_train_than_a_round_has_tasks(tmp_path):
    recorder, cluster = Recorder(), LocalCluster(50)
    make_run(tmp_path, cluster=cluster, rounds=8).execute(recorder)
    n_tasks = len(recorder.tasks)
    assert len(cluster.started) == 3 == -(-n_tasks // 8)
    assert recorder.messages == [
        f"Training on 3 machines instead of 50 in 8 rounds: the run has only {n_tasks} chunks, at most 3 in a round. "
        "To use more machines, lower rounds"
    ]


@pytest.mark.parametrize(("workers", "machines", "expected"), [(0, None, 6), (0, 4, 3), (2, None, 2), (0, 64, 1)])
def test_a_replica_has_the_cores_of_its_machine_or_as_many_threads_as_workers(tmp_path, workers, machines, expected):
    made = []

    class Cluster(LocalCluster):
        def start(self, make, *, machine, n_cores):
            made.append((n_cores, make().n_threads))
            return super().start(make, machine=machine, n_cores=n_cores)

    cluster = Cluster(2, n_cores=6)
    make_run(tmp_path, cluster=cluster, machines=machines, rounds=1, training={"workers": workers}).execute()
    assert set(made) == {(expected, expected)}


# resuming


class Stopped(BaseException):
    """Like a kill: nothing is written after it."""


class StopAfter(Recorder):
    """Stops a run after a number of checkpoints."""

    def __init__(self, n_checkpoints):
        super().__init__()
        self.n_left = n_checkpoints

    def on_pause_end(self, seconds):
        self.n_left -= 1
        if not self.n_left:
            raise Stopped


def stop_run(run, path, *, after):
    """Run until a number of checkpoints is written, one after each round or chunk."""
    settings = run.settings
    always = settings.model_copy(update={"training": settings.training.model_copy(update={"checkpoint_every_s": 0})})
    with pytest.raises(Stopped):
        train_model(dataclasses.replace(run, settings=always), [StopAfter(after)], checkpoint=path)
    return read_checkpoint(path)


def test_a_run_resumes_from_any_round_with_the_same_bits(tmp_path):
    expected, undisturbed = make_run(tmp_path, cluster=LocalCluster(3)).execute(), Recorder()
    make_run(tmp_path, cluster=LocalCluster(3)).execute(undisturbed)
    rounds = Rounds(len(undisturbed.tasks), 4)
    first = 0
    for number in range(1, 4):
        path = tmp_path / f"run{number}"
        first = rounds.after(first).stop
        stopped = stop_run(make_run(tmp_path, cluster=LocalCluster(3)), path, after=number)
        assert stopped.n_tasks_done == first
        recorder = Recorder()
        run = make_run(tmp_path, cluster=LocalCluster(3))
        assert_equal(train_model(run, [recorder], checkpoint=path, resume=True), expected)
        assert recorder.tasks == list(range(first, rounds.n_tasks))
        assert [(e.loss, e.n_pairs) for e in recorder.epochs] == [
            (e.loss, e.n_pairs) for e in undisturbed.epochs[-len(recorder.epochs) :]
        ]


@pytest.mark.parametrize("after", [1, 3, 7])
def test_a_run_begun_on_one_machine_resumes_on_several(tmp_path, after):
    path, recorder = tmp_path / "run", Recorder()
    assert stop_run(make_run(tmp_path), path, after=after).n_tasks_done == after
    model = train_model(make_run(tmp_path, cluster=LocalCluster(3)), [recorder], checkpoint=path, resume=True)
    assert recorder.tasks == list(range(after, recorder.tasks[-1] + 1))
    assert [row["epoch"] for row in model.meta["results"]] == [1, 2]


@pytest.mark.parametrize("after", [1, 3])
def test_a_run_begun_on_several_machines_resumes_on_one(tmp_path, after):
    path, recorder, one = tmp_path / "run", Recorder(), Recorder()
    stopped = stop_run(make_run(tmp_path, cluster=LocalCluster(3)), path, after=after)
    model = train_model(make_run(tmp_path), [recorder], checkpoint=path, resume=True)
    make_run(tmp_path).execute(one)
    assert recorder.tasks == list(range(stopped.n_tasks_done, len(one.tasks)))
    assert [row["n_pairs"] for row in model.meta["results"]] == [epoch.n_pairs for epoch in one.epochs]


class StuckCluster(LocalCluster):
    """A cluster whose machines do not answer any more when the first round is merged."""

    def ready(self, references, *, timeout_s):
        if self.started[0]._instance.version < 1:
            return super().ready(references, timeout_s=timeout_s)
        time.sleep(timeout_s)
        return []


class Interrupting(Recorder):
    """Sends Ctrl-C with the first result."""

    def on_task_end(self, result):
        super().on_task_end(result)
        if len(self.results) == 1:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupt_does_not_wait_for_machines_and_keeps_the_last_round(tmp_path):
    expected, path = make_run(tmp_path, cluster=LocalCluster(2)).execute(), tmp_path / "run"
    cluster, recorder = StuckCluster(2), Interrupting()
    with pytest.raises(KeyboardInterrupt):
        train_model(make_run(tmp_path, cluster=cluster), [recorder], checkpoint=path)
    assert all(remote.has_ended for remote in cluster.started)
    assert read_checkpoint(path).n_tasks_done == len(recorder.tasks) > 1
    assert_equal(train_model(make_run(tmp_path, cluster=LocalCluster(2)), checkpoint=path, resume=True), expected)


# progress and errors


def test_progress_is_shown_between_merges(tmp_path):
    recorder = Recorder()
    make_run(tmp_path, cluster=LocalCluster(2), rounds=1, training={"epochs": 12}).execute(recorder)
    tokens = [progress.n_tokens for progress in recorder.progress]
    assert tokens[-1] == recorder.progress[-1].n_tokens_total == max(tokens)
    assert tokens == sorted(tokens)
    assert {progress.n_machines for progress in recorder.progress} == {2}
    assert recorder.progress[-1].merging_s > 0


def test_results_are_not_counted_twice_in_the_progress(tmp_path):
    cluster = FailingCluster(2, lost_after={20, 30})
    recorder = Recorder()
    make_run(tmp_path, cluster=cluster).execute(recorder)
    assert all(progress.n_tokens <= progress.n_tokens_total for progress in recorder.progress)
    assert recorder.progress[-1].n_tokens == recorder.progress[-1].n_tokens_total


def test_an_error_of_a_thread_ends_the_run(tmp_path, monkeypatch):
    original = Worker.run

    def run(worker, number):
        if number == 7:
            raise StorageError("Chunk 7 is damaged.")
        return original(worker, number)

    monkeypatch.setattr(Worker, "run", run)
    cluster = LocalCluster(3)
    with pytest.raises(StorageError, match=r"Chunk 7 is damaged\."):
        make_run(tmp_path, cluster=cluster).execute()
    assert all(remote.has_ended for remote in cluster.started)


@pytest.mark.parametrize("alpha", [3.0, 1e6])
def test_divergence_is_an_error_that_names_the_checkpoint(tmp_path, alpha):
    run = make_run(tmp_path, cluster=LocalCluster(3), training={"alpha": alpha, "epochs": 20})
    with pytest.raises(TrainingError, match=r"Lower alpha, which is .* There is no checkpoint yet"):
        train_model(run, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_changes_that_are_not_finite_are_an_error(tmp_path, monkeypatch):
    original = Replica.trained_rows

    def trained_rows(replica, own, n_shards):
        replica._weights["output"][5] = np.inf
        return original(replica, own, n_shards)

    monkeypatch.setattr(Replica, "trained_rows", trained_rows)
    with pytest.raises(TrainingError, match=r"output vectors must stay finite, .* Lower alpha, which is 0\.025\."):
        make_run(tmp_path, cluster=LocalCluster(2)).execute()


def test_a_corpus_that_machines_cannot_read_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    def open_items(items):
        raise FileNotFoundError(2, "No such file or directory", "tokens.arrow")

    cluster = LocalCluster(2)
    run = make_run(tmp_path, cluster=cluster)
    monkeypatch.setattr(CorpusChunks, "open", open_items)
    with pytest.raises(StorageError, match=r"could not read it: .*tokens\.arrow.* Pass a cache_dir that all machines"):
        run.execute()
    assert all(remote.has_ended for remote in cluster.started)


def test_weights_and_their_copies_must_fit_into_memory(tmp_path, monkeypatch):
    size = 2 * N_WORDS * 12 * 4
    monkeypatch.setattr(memory_module, "available_memory", lambda: 3 * size)
    make_run(tmp_path, cluster=LocalCluster(2)).execute()
    monkeypatch.setattr(memory_module, "available_memory", lambda: 3 * size - 1)
    with pytest.raises(TrainingError, match="The weights must fit into memory"):
        make_run(tmp_path, cluster=LocalCluster(2)).execute()
    make_run(tmp_path).execute()
    monkeypatch.setattr(memory_module, "available_memory", lambda: 5 * size)
    make_run(tmp_path, cluster=LocalCluster(2), machines=4).execute()
    with pytest.raises(TrainingError, match="The weights must fit into memory"):
        make_run(tmp_path, cluster=LocalCluster(2), machines=5).execute()


@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "softmax"])
def test_replicas_use_the_kernels_that_are_compiled(tmp_path, loss):
    """Arrays from other machines are read-only, for which numba would compile kernels once more."""
    run = make_run(tmp_path, loss=loss)
    kernel = objective_of(run.settings.model).kernel("blocked").load()
    if not hasattr(kernel, "signatures"):
        pytest.skip("numba's JIT is off")
    run.execute()
    before = len(kernel.signatures)
    freeze = {"initial": {"freeze": True}}
    model = make_run(tmp_path, loss=loss, cluster=LocalCluster(2)).execute()
    if loss == "negative-sampling":
        dataclasses.replace(
            make_run(tmp_path, cluster=LocalCluster(2), **freeze), initial=model.word_vectors()
        ).execute()
    assert len(kernel.signatures) == before > 0


def test_the_bar_and_the_log_tell_of_machines_and_merging(tmp_path):
    stream = io.StringIO()
    run = make_run(tmp_path, cluster=LocalCluster(3))
    train_to_directory(run, tmp_path / "out", [ProgressBar(stream)])
    assert re.search(r"learning rate \d\.\d+, 3 machines, \d+\.\d s of merging", stream.getvalue())
    end = json.loads((tmp_path / "out/training.jsonl").read_text().splitlines()[-1])
    assert (end["event"], end["n_machines"]) == ("end", 3)
    assert end["merging_s"] > 0


# the cluster of a run


class Closing(LocalCluster):
    n_closed = 0

    def close(self):
        super().close()
        self.n_closed += 1


@pytest.mark.parametrize("fails", [False, True])
def test_the_cluster_of_the_settings_is_opened_once_and_closed_in_any_case(tmp_path, monkeypatch, fails):
    opened = []

    def open_cluster(engine, *, address, **others):
        opened.append((engine, address, Closing(2)))
        return opened[-1][-1]

    class Failing(RunCallback):
        def on_task_end(self, result):
            if fails:
                raise Stopped

    monkeypatch.setattr(connecting_module, "open_cluster", open_cluster)
    run = make_run(tmp_path)
    distributed = run.settings.distributed.model_copy(update={"engine": "ray", "address": "auto"})
    run = dataclasses.replace(run, settings=run.settings.model_copy(update={"distributed": distributed}))
    with pytest.raises(Stopped) if fails else pytest.MonkeyPatch.context():
        run.execute(Failing())
    ((engine, address, cluster),) = opened
    assert (engine, address, cluster.n_closed) == ("ray", "auto", 1)
    assert len(cluster.started) == 2


def test_a_cluster_that_is_given_stays_open(tmp_path):
    cluster = Closing(2)
    make_run(tmp_path, cluster=cluster).execute()
    assert cluster.n_closed == 0
