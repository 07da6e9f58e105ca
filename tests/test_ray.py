"""What Ray alone does: addresses, machines that lack something, kills, and runs as processes."""

import http.server
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_cli import CONFIG, needs_proc, plain, start, w2v, write_texts
from helpers_cluster import make_run
from helpers_ray import await_checkpoint, await_end, await_text, below, killed_hosts
from helpers_remote import Counter

import spacy_w2v
from spacy_w2v.cluster import _ray_connection as connection_module
from spacy_w2v.cluster import _ray_host as host_module
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.cluster._ray_host import Host, Requirements, versions, what_is_missing
from spacy_w2v.config._distributed import DistributedSettings
from spacy_w2v.config._loading import load_config
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ClusterError, ConfigError
from spacy_w2v.training._resolved_config import resolve
from spacy_w2v.training._run import TrainingRun

# --- without Ray


def test_without_the_package_an_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(connection_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'^distributed\.engine = "ray" needs the package ray, .*"spacy-w2v\[ray\]"$'):
        connection_module.connect(None, report=print)


def test_a_directory_named_ray_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "ray").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(ConfigError, match="needs the package ray"):
        connection_module.check_installed()


def needed(**changes):
    return Requirements(versions() | changes)


def test_machines_with_the_same_versions_lack_nothing(tmp_path):
    assert what_is_missing(needed()) is None
    python = ".".join(platform.python_version().split(".")[:2])
    assert what_is_missing(needed(Python=f"{python}.99")) is None  # only the first two numbers count


def test_machines_with_other_versions_lack_them():
    missing = what_is_missing(needed(Python="2.7.18", numpy="0.9"))
    assert missing.startswith(
        f"has Python {platform.python_version()} instead of 2.7.18, numpy {np.__version__} instead"
    )
    assert missing.endswith("Install the same versions on all machines")


def test_machines_must_share_the_directory(tmp_path):
    probe = tmp_path / "cache/probe"
    (tmp_path / "cache").mkdir()
    assert f"does not see the files of this machine in {tmp_path / 'cache'}" in what_is_missing(needed_at(probe))
    probe.write_text("other")
    assert f"has another directory {tmp_path / 'cache'}" in what_is_missing(needed_at(probe))
    probe.write_text("content")
    assert what_is_missing(needed_at(probe)) is None
    assert list((tmp_path / "cache").iterdir()) == [probe]
    probe.unlink()
    probe.mkdir()
    assert f"cannot read and write in {tmp_path / 'cache'}: " in what_is_missing(needed_at(probe))


def needed_at(probe):
    return needed()._replace(probe=probe, content="content")


def test_machines_must_have_the_code(tmp_path):
    missing = what_is_missing(needed()._replace(code_path=tmp_path / "code.py"))
    assert (
        missing
        == f"cannot read {tmp_path / 'code.py'}. All machines must have the file with your code at the same path"
    )


def test_relative_paths_are_those_of_the_driver(tmp_path, monkeypatch):
    """Processes of Ray start in the directory of `ray start`."""
    (tmp_path / "code.py").write_text("")
    monkeypatch.setattr(host_module, "set_blas_threads", lambda n_threads: None)  # of this process
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir("/")
    wanted, arguments = needed()._replace(code_path=Path("code.py")), {"n_cores": 1, "search_path": []}
    for missing in (tmp_path / "nowhere", Path("/")):
        assert "cannot read code.py" in Host().prepare(wanted, working_directory=str(missing), **arguments)
        assert Path.cwd() == Path("/")
    assert Host().prepare(wanted, working_directory=str(tmp_path), **arguments) is None
    assert Path.cwd() == tmp_path


# --- addresses


@pytest.fixture
def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /tmp")
@pytest.mark.parametrize(("given", "expected"), [("/scratch", "/scratch"), ("/var/folders/" + "x" * 30 + "/T", "/tmp")])
def test_a_long_temporary_directory_is_not_used_for_sockets(monkeypatch, given, expected):
    monkeypatch.setattr(tempfile, "tempdir", given)
    assert connection_module.directory_of_temporaries() == expected


@contextmanager
def web_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *arguments: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_that_nobody_answers_is_refused_at_once(free_port):
    with pytest.raises(ClusterError, match=rf"127\.0\.0\.1:{free_port} cannot be reached: Connection refused\."):
        connection_module.check_answers(f"127.0.0.1:{free_port}")
    with pytest.raises(ClusterError, match=r"no\.such\.host\.invalid:6379 cannot be reached: .+\. Check it"):
        connection_module.check_answers("no.such.host.invalid:6379")


def test_another_server_at_the_address_is_refused_at_once(monkeypatch):
    with web_server() as port, pytest.raises(ClusterError, match=rf"another program answers at 127\.0\.0\.1:{port}\."):
        connection_module.check_answers(f"127.0.0.1:{port}")
    monkeypatch.setattr(connection_module, "PROBE_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ClusterError, match="cannot be reached: it does not answer"):
            connection_module.check_answers(f"127.0.0.1:{silent.getsockname()[1]}")


def test_auto_needs_a_cluster_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(ClusterError, match='"auto" needs a cluster that this machine belongs to, but there is none'):
        connection_module._address_of_this_machine()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks of this kind")
def test_directories_of_killed_runs_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(connection_module, "directory_of_temporaries", lambda: str(tmp_path))
    for name in ("w2v-ray-killed", "w2v-ray-running", "w2v-ray-new", "other"):
        (tmp_path / name / "session").mkdir(parents=True)
    (tmp_path / "w2v-ray-killed/lock").touch()
    (tmp_path / "other/lock").touch()
    with connection_module.lock_of(str(tmp_path / "w2v-ray-running")):
        connection_module.remove_abandoned()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "w2v-ray-new", "w2v-ray-running"]
    connection_module.remove_abandoned()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "w2v-ray-new"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"rounds": 5}, None),
        ({"engine": "ray", "machines": 3}, None),
        ({"machines": 3}, "Training on this machine alone: machines of [w2v.distributed] need an engine, such as ray"),
        ({"machines": 3, "address": "auto"}, "Training on this machine alone: address and machines of [w2v.distr"),
    ],
)
def test_settings_without_an_engine_are_reported(settings, expected):
    actual = DistributedSettings(**settings).ignored()
    assert actual == expected if expected is None else actual.startswith(expected)


# --- with Ray


@pytest.fixture(scope="module")
def ray():
    return pytest.importorskip("ray", reason="ray is not installed, or has no wheel for this platform")


@pytest.fixture(scope="module")
def cluster(ray):
    from spacy_w2v.cluster._ray import RayCluster

    before = signal.getsignal(signal.SIGTERM)
    with closing(RayCluster()) as cluster:
        assert signal.getsignal(signal.SIGTERM) == before
        yield cluster
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)


def test_an_address_answers(cluster, ray):
    connection_module.check_answers(ray.get_runtime_context().gcs_address)


def test_a_connected_process_keeps_its_cluster(cluster, ray):
    address = ray.get_runtime_context().gcs_address
    for given in (None, "auto", address):
        assert connection_module.connect(given, report=print) == connection_module.Connection(is_own=False)
    with pytest.raises(
        ClusterError, match=rf"must be the cluster that this process is connected to, {address}, was: a:1"
    ):
        connection_module.connect("a:1", report=print)


def test_a_machine_that_lacks_something_is_named(cluster, monkeypatch):
    from spacy_w2v.cluster import _ray

    monkeypatch.setattr(_ray, "versions", lambda: versions() | {"numba": "0.1"})
    (machine,) = cluster.machines()
    with pytest.raises(ClusterError) as error:
        _ray.RayCluster()
    assert str(error.value).startswith(f"The machine {machine.name} of the cluster has numba ")
    assert cluster.machines() == [machine]


def test_waiting_for_cores_is_reported_and_ends(cluster, ray, monkeypatch):
    from spacy_w2v.cluster import _ray

    monkeypatch.setattr(_ray, "REPORT_S", 0.5)
    monkeypatch.setattr(_ray, "START_S", 2.5)
    (machine,) = cluster.machines()

    class Job:  # of another program
        def runs(self):
            return True

    job = ray.remote(num_cpus=machine.n_cores)(Job).remote()
    assert ray.get(job.runs.remote())
    messages = []
    with closing(_ray.RayCluster(report=messages.append)) as late:
        remote = late.start(Counter, machine=machine, n_cores=1)
        with pytest.raises(ClusterError, match=r"must have 1 free core, but other jobs of the cluster"):
            late.get(remote.call("add", 1)[0])
    assert messages == [f"Waiting for 1 free core on {machine.name}"]
    ray.kill(job)


def test_objects_of_a_run_never_wait_for_each_other(cluster):
    (machine,) = cluster.machines()
    remotes = [cluster.start(Counter, machine=machine, n_cores=machine.n_cores) for _ in range(3)]
    assert [cluster.get(remote.call("add", 1)[0]) for remote in remotes] == [1, 1, 1]
    for remote in remotes:
        remote.end()


# --- training


def assert_equal(actual, expected):
    for name, parameter in expected.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], parameter)


def losses(model):
    return [row["loss"] for row in model.meta["results"]]


@pytest.mark.usefixtures("small_chunks")
def test_processes_give_the_same_bits_as_one_process(cluster, tmp_path):
    expected = make_run(tmp_path, cluster=LocalCluster(2), machines=2).execute()
    actual = make_run(tmp_path, cluster=cluster, machines=2).execute()
    assert_equal(actual, expected)
    assert losses(actual) == losses(expected)


@needs_proc
@pytest.mark.usefixtures("small_chunks")
def test_killed_processes_do_not_change_the_bits(cluster, tmp_path):
    expected = make_run(tmp_path, cluster=LocalCluster(2), machines=2).execute()
    for seed in (0, 1):
        with killed_hosts(seed, n_kills=2, within_s=1.0) as killed:
            actual = make_run(tmp_path, cluster=cluster, machines=2).execute()
        assert len(killed) == 2
        assert_equal(actual, expected)
        assert losses(actual) == losses(expected)


class Machines:
    """Two machines of a cluster that are all this one, for a process that is not connected to Ray."""

    def __init__(self):
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        self.second = self.cluster.add_node(num_cpus=1)

    def close(self):
        for node in list(self.cluster.worker_nodes):
            self.cluster.remove_node(node)
        self.cluster.shutdown()


TWO_MACHINES = """
import sys
from contextlib import closing
from pathlib import Path

from helpers_cluster import make_run
from test_ray import Machines

from spacy_w2v.cluster._ray import RayCluster
from spacy_w2v.corpus import _store as store
from spacy_w2v.training.callbacks._callback import RunCallback

directory = Path(sys.argv[1])
store.CHUNK_TOKENS = 600


class Removing(RunCallback):
    def __init__(self, machines):
        self.machines, self.n = machines, 0

    def on_message(self, text):
        print(text)

    def on_task_end(self, result):
        self.n += 1
        if self.n == 1:
            self.machines.cluster.remove_node(self.machines.second, allow_graceful=False)


with closing(Machines()) as machines:
    with closing(RayCluster(machines.cluster.address, shared_directory=directory / "cache", report=print)) as cluster:
        assert len(cluster.machines()) == 2
        run = make_run(directory, cluster=cluster, machines=2, rounds=270, training={"epochs": 60})
        model = run.execute(Removing(machines))
        (machine,) = cluster.machines()
        model.save(directory / "actual")
        machines.cluster.add_node(num_cpus=1)
        assert len(cluster.machines()) == 2
        cluster._nodes._needed.versions["numpy"] = "0.9"
        machines.cluster.add_node(num_cpus=1)
        assert len(cluster.machines()) == 2
"""


@pytest.mark.slow
@needs_proc
def test_a_machine_that_leaves_does_not_change_the_bits_and_others_may_join(ray, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    # The run must last longer than Ray takes to notice that a machine is gone, some seconds.
    run = make_run(tmp_path, cluster=LocalCluster(2), machines=2, rounds=270, training={"epochs": 60})
    expected = run.execute()
    (tmp_path / "program.py").write_text(TWO_MACHINES)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "RAY_AUTH_MODE": "disabled"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "was lost" in done.stdout
    assert "has joined the cluster, but is left out: it has numpy" in done.stdout
    actual = spacy_w2v.load(tmp_path / "actual")
    assert_equal(actual, expected)
    assert losses(actual) == losses(expected)


CONNECTING = """
from contextlib import closing
from spacy_w2v.cluster._ray_connection import connect
with closing(connect("auto", report=print)):
    import ray
    print(ray.get_runtime_context().gcs_address)
"""


@pytest.mark.slow
@needs_proc
def test_auto_finds_a_cluster_that_wants_the_token_of_this_machine(tmp_path, free_port):
    """`ray start` asks for the token if there is one, and the first run that starts Ray by itself has made it."""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("ab" * 32)
    options = ["--port", str(free_port), "--num-cpus", "1", "--disable-usage-stats", "--include-dashboard", "false"]
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # for the paths of sockets
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        env = kept | {"HOME": str(tmp_path), "RAY_TMPDIR": short}
        starting = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", *options]
        with subprocess.Popen(starting, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as head:
            try:
                assert any("Ray runtime started" in line for line in head.stdout)
                command = [sys.executable, "-c", CONNECTING]
                done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
            finally:
                head.terminate()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Connecting to the Ray cluster of this machine"
    assert done.stdout.strip().endswith(f":{free_port}")


# --- as a process

RAY = ("--w2v.distributed.engine", "ray", "--w2v.distributed.machines", "2", "--w2v.distributed.rounds", "8")
TRAIN = ("train", "config.cfg", "-o", "out", "--code", "code.py", "--cache-dir", "cache", "--w2v.export.formats", "[]")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Texts of some chunks, and a config."""
    directory = tmp_path_factory.mktemp("workplace")
    write_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG.replace("epochs = 2", "epochs = 8"))
    (directory / "code.py").write_text("from spacy_w2v.corpus import _store\n\n_store.CHUNK_TOKENS = 500\n")
    return directory


@pytest.fixture(scope="module")
def expected(workplace):
    """The model that two machines in one process make."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "CHUNK_TOKENS", 500)
        overrides = {f"w2v.distributed.{name}": value for name, value in {"machines": 2, "rounds": 8}.items()}
        patched.chdir(workplace)
        resolved = resolve(load_config("config.cfg", overrides))
        run = TrainingRun.of(resolved, cache_dir=workplace / "cache")
        return replace(run, cluster=LocalCluster(2)).execute()


@pytest.mark.slow
@needs_proc
def test_a_driver_killed_by_kill_9_leaves_nothing_and_is_resumed_with_the_same_bits(ray, workplace, expected, tmp_path):
    shutil.copytree(workplace, tmp_path, dirs_exist_ok=True)
    process = start(*TRAIN, *RAY, "--w2v.training.checkpoint_every_s", "0", cwd=tmp_path)
    await_checkpoint(process, tmp_path)
    mine = below(process.pid)
    assert any("raylet" in name for name in mine.values())
    process.kill()
    process.communicate(timeout=60)
    await_end(mine)
    result = w2v(*TRAIN, *RAY, "--resume", cwd=tmp_path)
    assert "Resuming from out.checkpoint" in result.said
    actual = spacy_w2v.load(tmp_path / "out")
    assert_equal(actual, expected)
    assert losses(actual) == losses(expected)


@pytest.mark.slow
@needs_proc
def test_ctrl_c_writes_a_checkpoint_and_leaves_no_process(ray, workplace, tmp_path):
    """Ctrl-C of a terminal reaches all processes of the group, those of Ray too."""
    shutil.copytree(workplace, tmp_path, dirs_exist_ok=True)
    options = ("--w2v.training.epochs", "5000", "--w2v.distributed.rounds", "500")
    process = start(*TRAIN, *RAY, *options, cwd=tmp_path, start_new_session=True)
    await_text(process, "Training on 2 machines")
    time.sleep(3)
    mine = below(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    said = plain(stdout + stderr)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "To resume it, repeat the command with --resume." in said
    assert (tmp_path / "out.checkpoint/progress.json").exists()
    await_end(mine)


def test_a_wrong_address_is_refused_by_the_command(ray, workplace, free_port):
    before = time.monotonic()
    result = w2v(*TRAIN, *RAY, "--w2v.distributed.address", f"127.0.0.1:{free_port}", cwd=workplace, code=1)
    assert f"127.0.0.1:{free_port} cannot be reached: Connection refused." in result.said
    assert time.monotonic() - before < 30  # Ray itself takes three minutes
