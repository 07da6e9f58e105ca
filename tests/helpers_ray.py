"""Processes of Ray: found in /proc, killed, and awaited."""

import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path

TIMEOUT_S = 90


def below(ancestor):
    """Return the names of all processes below one, by their ids."""
    parents, names = {}, {}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (directory / "stat").read_text()
            parents[int(directory.name)] = int(status.rpartition(")")[2].split()[1])
            names[int(directory.name)] = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    found, layer = {}, {ancestor}
    while layer := {pid for pid, parent in parents.items() if parent in layer}:
        found |= {pid: names.get(pid, "") for pid in layer}
    return found


def hosts():
    """Return the ids of the processes of Ray that hold objects for this process."""
    return {pid for pid, name in below(os.getpid()).items() if name.startswith("ray::Host")}


@contextlib.contextmanager
def killed_hosts(seed, *, n_kills, within_s=3.0):
    """Kill processes that hold objects, by kill -9, each some time after it has started. Yields the list of those."""
    chooser, killed, over = random.Random(seed), [], threading.Event()

    def kill():
        seen = hosts()
        while len(killed) < n_kills and not over.is_set():
            if new := sorted(hosts() - seen):
                seen |= set(new)
                over.wait(chooser.uniform(0, within_s))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chooser.choice(new), signal.SIGKILL)
                    killed.append(time.monotonic())
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def await_checkpoint(process, directory):
    """Wait until a command has written its first checkpoint."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (directory / "out.checkpoint/progress.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def await_text(process, text):
    """Wait until a command has said something on standard error."""
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, said
        said += line


def await_end(pids):
    """Wait until processes have ended, except for the agents of Ray, which notice a killed driver after a minute."""
    pids = {pid: name for pid, name in pids.items() if not name.startswith(("ray::DashboardAgent", "ray::RuntimeEnv"))}
    deadline = time.monotonic() + TIMEOUT_S
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, {pid: pids[pid] for pid in left}
        time.sleep(0.05)


def is_alive(pid):
    """Return whether a process runs. One that has ended and was not awaited does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
