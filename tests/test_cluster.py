"""The contract of clusters: one suite for the one in this process and the one of Ray. What Ray alone does: test_ray."""

import os
import signal
import time
from contextlib import closing
from functools import partial

import numpy as np
import pytest
from helpers_remote import Counter, make_failing

from spacy_w2v.cluster._cluster import MachineLostError
from spacy_w2v.cluster._engines import ENGINES, open_cluster
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.errors import ConfigError, StorageError, UnknownWordError


@pytest.fixture(scope="module")
def ray_cluster():
    pytest.importorskip("ray", reason="ray is not installed, or has no wheel for this platform")
    from spacy_w2v.cluster._ray import RayCluster

    with closing(RayCluster()) as cluster:
        yield cluster


@pytest.fixture(params=["local", "ray"])
def cluster(request):
    return LocalCluster(2) if request.param == "local" else request.getfixturevalue("ray_cluster")


@pytest.fixture
def remote(cluster):
    remote = cluster.start(Counter, machine=cluster.machines()[0], n_cores=1)
    yield remote
    remote.end()


def call(cluster, remote, method, *arguments):
    (reference,) = remote.call(method, *arguments)
    return cluster.get(reference)


def test_machines_keep_their_order(cluster):
    machines = cluster.machines()
    assert machines == cluster.machines() != []
    assert all(machine.n_cores >= 1 and machine.name for machine in machines)


def test_an_object_keeps_its_state_between_calls(cluster, remote):
    references = [remote.call("add", number)[0] for number in range(1, 6)]
    assert [cluster.get(reference) for reference in references] == [1, 3, 6, 10, 15]
    assert remote.machine == cluster.machines()[0]


def test_an_object_is_made_with_arguments(cluster):
    remote = cluster.start(partial(Counter, first=40), machine=cluster.machines()[-1], n_cores=1)
    assert call(cluster, remote, "add", 2) == 42
    remote.end()


def test_references_stand_for_values(cluster, remote):
    other = cluster.start(Counter, machine=cluster.machines()[-1], n_cores=1)
    parts = other.call("parts", 3, n_results=3)
    assert len(parts) == len(set(parts)) == 3
    given = cluster.put(np.ones(100_000, np.float32))
    assert call(cluster, remote, "total", *parts, given) == 100_000 * (0 + 1 + 2 + 1)
    np.testing.assert_array_equal(cluster.get(parts[2]), np.full(100_000, 2, np.float32))
    other.end()


def test_arrays_are_copies_that_cannot_be_written(cluster, remote):
    array = np.ones(100_000, np.float32)
    (reference,) = remote.call("total", array)
    array[:] = 5
    assert cluster.get(reference) == 100_000
    assert not call(cluster, remote, "is_writeable", array)
    for part in remote.call("parts", 2, n_results=2):
        assert not cluster.get(part).flags.writeable


@pytest.mark.parametrize("kind", [ConfigError, UnknownWordError, ZeroDivisionError, FileNotFoundError, KeyError])
def test_errors_arrive_as_they_were_raised(cluster, remote, kind):
    expected = str(kind("window must be at least 1, was: 0"))
    with pytest.raises(kind) as error:
        call(cluster, remote, "fail", kind, "window must be at least 1, was: 0")
    assert (type(error.value), str(error.value)) == (kind, expected)
    assert call(cluster, remote, "add", 1) == 1  # it lives on


def test_an_error_is_raised_for_each_of_several_results(cluster, remote):
    for reference in remote.call("fail", ConfigError, "no", n_results=3):
        with pytest.raises(ConfigError, match=r"^no$"):
            cluster.get(reference)


def test_the_error_of_an_argument_is_raised_for_the_call(cluster, remote):
    (failed,) = remote.call("fail", ConfigError, "no")
    with pytest.raises(ConfigError, match=r"^no$"):
        call(cluster, remote, "add", failed)


def test_ready_returns_what_has_ended(cluster, remote):
    references = [remote.call("add", 1)[0], remote.call("fail", ConfigError, "no")[0]]
    found = set()
    deadline = time.monotonic() + 60
    while found != set(references):
        found |= set(cluster.ready(references, timeout_s=1))
        assert time.monotonic() < deadline
    assert cluster.ready([], timeout_s=0) == []
    assert len(cluster.ready([references[0]] * 2, timeout_s=1)) in (1, 2)


def test_an_object_that_was_ended_is_lost(cluster):
    remote = cluster.start(Counter, machine=cluster.machines()[0], n_cores=1)
    assert call(cluster, remote, "add", 1) == 1
    remote.end()
    remote.end()
    with pytest.raises(MachineLostError, match=r"has ended\.$"):
        call(cluster, remote, "add", 1)


# Ray alone


def test_ray_is_the_engine_of_its_name(ray_cluster, tmp_path):
    assert list(ENGINES) == ["ray"]
    messages = []
    with closing(
        open_cluster("ray", address=None, shared_directory=tmp_path / "cache", code_path=None, report=messages.append)
    ) as cluster:  # connected already
        assert type(cluster) is type(ray_cluster)
        assert cluster.machines() == ray_cluster.machines()
    assert messages == []
    assert list((tmp_path / "cache").iterdir()) == []
    assert ray_cluster.machines() != []  # the connection of others was left alone


def test_an_object_whose_maker_fails_raises_its_error(ray_cluster):
    remote = ray_cluster.start(make_failing, machine=ray_cluster.machines()[0], n_cores=1)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"^files must exist, but they do not\.$"):
            call(ray_cluster, remote, "add", 1)
    remote.end()


def test_ready_does_not_wait_for_the_slowest(ray_cluster):
    slow, quick = (ray_cluster.start(Counter, machine=ray_cluster.machines()[0], n_cores=1) for _ in range(2))
    for remote in (slow, quick):
        call(ray_cluster, remote, "add", 1)
    references = [slow.call("sleep", 600)[0], quick.call("sleep", 0.2)[0]]
    assert ray_cluster.ready(references, timeout_s=0) == []
    assert ray_cluster.ready(references, timeout_s=60) == references[1:]
    slow.end()
    with pytest.raises(MachineLostError):
        ray_cluster.get(references[0])
    quick.end()


def test_a_killed_process_is_a_lost_machine(ray_cluster, capfd):
    machine = ray_cluster.machines()[0]
    lost, other = (ray_cluster.start(Counter, machine=machine, n_cores=1) for _ in range(2))
    pid = call(ray_cluster, lost, "pid")
    assert pid not in (os.getpid(), call(ray_cluster, other, "pid"))
    (waiting,) = lost.call("sleep", 600)
    (behind,) = other.call("add", waiting)
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    for reference in (waiting, behind):
        with pytest.raises(MachineLostError) as error:
            ray_cluster.get(reference)
        assert str(error.value) == f"The process on {machine.name} has ended."
    assert call(ray_cluster, other, "add", 1) == 1
    other.end()
    assert capfd.readouterr() == ("", "")  # Ray would print a page about it


def test_threads_of_blas_are_those_that_were_asked_for(ray_cluster):
    machine = ray_cluster.machines()[0]
    for n_cores in (1, 3):
        remote = ray_cluster.start(Counter, machine=machine, n_cores=n_cores)
        assert set(call(ray_cluster, remote, "blas_threads")) <= {n_cores}
        assert call(ray_cluster, remote, "environment", "OMP_NUM_THREADS") == str(n_cores)
        remote.end()
