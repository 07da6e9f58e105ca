"""Connecting this process to Ray: to a cluster at an address, or to one that is started here."""

import glob
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from spacy_w2v._system.cores import available_cores
from spacy_w2v._system.signals import DelayedSignals
from spacy_w2v.errors import ClusterError, ConfigError
from spacy_w2v.errors._wording import first_line

PREFIX = "w2v-ray-"
"""The prefix of the directory of Ray's sockets and logs."""

PROBE_S = 5.0
"""Longest time in seconds to wait for an answer of an address. Ray itself waits for minutes."""

MAX_PATH = 20
"""Longest path in bytes of the directory in which the one of Ray is created.

Paths of sockets may have 103 bytes on macOS, and 107 on Linux. What Ray and this module append has some 80.
"""

HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""What a client of gRPC, which Ray uses, sends first: the preface of HTTP/2 and empty settings (RFC 9113, 3.4)."""
SETTINGS_FRAME = 4
"""The type of the frame with which a server answers, in its fourth byte (RFC 9113, 6.5)."""


@dataclass(frozen=True)
class Connection:
    """How this process is connected to Ray."""

    is_own: bool
    """Whether to disconnect at the end: the process was not connected before."""
    is_started_here: bool = False
    """Whether Ray was started for this run."""
    temporary: str | None = None
    """The directory of Ray's sockets and logs, which is removed at the end."""
    lock: IO[bytes] | None = None
    """The lock of this directory."""

    def close(self) -> None:
        """Disconnect, unless the process was connected before, and end Ray if it was started for this run."""
        import ray

        if self.is_own:
            with DelayedSignals(), same_handler_of_sigterm():
                ray.shutdown()
                print_errors_of_ray(True)
                if self.temporary is not None:
                    shutil.rmtree(self.temporary, ignore_errors=True)
                if self.lock is not None:
                    self.lock.close()


def connect(address: str | None, *, report: Callable[[str], None]) -> Connection:
    """Connect this process to Ray, unless it is connected.

    Args:
        address: "host:port", or "auto" for the cluster of this machine. None for the one that RAY_ADDRESS names, as
            in jobs that are submitted to a cluster; without that, Ray is started here.
        report: Reports a message to the user.

    Raises:
        ConfigError: Ray is not installed.
        ClusterError: There is no cluster at the address, or Ray cannot be started.
    """
    check_installed()
    import ray

    if ray.is_initialized():
        _check_connected(address)
        return Connection(is_own=False)
    named = os.environ.get("RAY_ADDRESS") or None
    address = named if address in (None, "auto") and named is not None else address
    if address in (None, "local"):
        report("Starting Ray on this machine")
        return _start()
    report(f"Connecting to the Ray cluster {'of this machine' if address == 'auto' else f'at {address}'}")
    return _join(str(address))


def check_installed() -> None:
    """Raise ConfigError if Ray is not installed."""
    if "ray" in sys.modules:
        return
    found = find_spec("ray")
    if found is None or found.origin is None:  # without an origin it is just a directory of this name
        raise ConfigError(
            'distributed.engine = "ray" needs the package ray, which is not installed. Install it with: '
            'pip install "spacy-w2v[ray]"'
        )


def _check_connected(address: str | None) -> None:
    """Check the cluster that the program around this run is connected to."""
    import ray

    if ray.util.client.ray.is_connected():
        raise ClusterError(
            "Runs need a direct connection to Ray, but this process uses Ray Client (ray://). Run it on a machine of "
            "the cluster, for example by ray job submit."
        )
    connected = ray.get_runtime_context().gcs_address
    if address not in (None, "auto", connected):
        raise ClusterError(
            f"distributed.address must be the cluster that this process is connected to, {connected}, was: {address}. "
            "Leave it out, or call ray.shutdown() first."
        )


def _start() -> Connection:
    """Start Ray on this machine, for this run."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    remove_abandoned()
    temporary = tempfile.mkdtemp(prefix=PREFIX, dir=directory_of_temporaries())
    lock = lock_of(temporary)
    try:
        with DelayedSignals(), same_handler_of_sigterm():
            print_errors_of_ray(False)
            ray.init(
                address="local", num_cpus=available_cores(), include_dashboard=False, _temp_dir=temporary, **_quiet()
            )
    except BaseException as error:
        ray.shutdown()
        print_errors_of_ray(True)
        shutil.rmtree(temporary, ignore_errors=True)
        if lock is not None:
            lock.close()
        if not isinstance(error, Exception):
            raise
        raise ClusterError(f"Ray cannot be started on this machine: {first_line(error)}") from error
    return Connection(is_own=True, is_started_here=True, temporary=temporary, lock=lock)


def directory_of_temporaries() -> str:
    """Return the directory in which the one of Ray is created: that of TMPDIR, or /tmp if its path is too long."""
    own = tempfile.gettempdir()
    return "/tmp" if len(os.fsencode(own)) > MAX_PATH and os.access("/tmp", os.W_OK) else own


def lock_of(temporary: str) -> IO[bytes] | None:
    """Lock a directory for as long as the returned file is open; None if another process has, or it has no lock."""
    if sys.platform == "win32":
        return None
    import fcntl

    file = open(os.path.join(temporary, "lock"), "ab")  # noqa: SIM115  it stays open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def remove_abandoned() -> None:
    """Remove the directories of runs that were killed: nobody holds their locks."""
    for path in glob.glob(os.path.join(directory_of_temporaries(), f"{PREFIX}*")):
        if not os.path.isfile(os.path.join(path, "lock")):  # it has just been created
            continue
        with suppress(OSError):  # it belongs to another user
            if (lock := lock_of(path)) is not None:
                shutil.rmtree(path, ignore_errors=True)
                lock.close()


def _join(address: str) -> Connection:
    """Connect to a cluster. "auto" is the one that `ray start` has started on this machine."""
    import ray

    named = _address_of_this_machine() if address == "auto" else address
    check_answers(named)
    try:
        with DelayedSignals(), same_handler_of_sigterm():
            print_errors_of_ray(False)
            ray.init(address=address, **_quiet())  # only with "auto", Ray uses the token of this machine
    except Exception as error:
        print_errors_of_ray(True)
        raise _cannot_connect(named, error) from error
    return Connection(is_own=True)


def _quiet() -> dict[str, Any]:  # Any: arguments of ray.init
    return {"log_to_driver": False, "logging_level": logging.CRITICAL}


def print_errors_of_ray(is_on: bool) -> None:
    """Have Ray print the deaths of processes on standard output, or not. It has no public setting for this."""
    from ray._private import worker

    worker._worker_logs_enabled = is_on


def _address_of_this_machine() -> str:
    """Return the address that `ray start` has noted."""
    noted = Path(os.environ.get("RAY_TMPDIR") or "/tmp", "ray", "ray_current_cluster")
    try:
        return noted.read_text(encoding="utf-8").strip()
    except OSError:
        raise ClusterError(
            'distributed.address = "auto" needs a cluster that this machine belongs to, but there is none. Start one '
            "with: ray start --head. Or name its address, or leave address out to start Ray for this run."
        ) from None


def check_answers(address: str) -> None:
    """Raise ClusterError if no Ray answers at an address within seconds.

    Args:
        address: "host:port".
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_S) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":  # which the preface does not speak
                return
            connection.sendall(HTTP2_PREFACE)
            answer = connection.recv(9)
    except (OSError, ValueError) as error:
        late = isinstance(error, TimeoutError)
        reason = "it does not answer" if late else getattr(error, "strerror", None) or str(error)
        raise ClusterError(
            f"distributed.address must be that of a Ray cluster, but {address} cannot be reached: {reason}. Check it "
            "with: ray status --address ADDRESS"
        ) from None
    if len(answer) < 4 or answer[3] != SETTINGS_FRAME:
        raise ClusterError(
            f"distributed.address must be that of a Ray cluster, but another program answers at {address}. The port "
            "of Ray is 6379 unless ray start names another."
        )


def _cannot_connect(address: str, error: Exception) -> ClusterError:
    """Return the error for a cluster that answers, but cannot be used."""
    text = f"{error} {error.__cause__ or ''}"
    known = {
        "token": "It wants a token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file with the token of its "
        "head, which is ~/.ray/auth_token there.",
        "Version mismatch": f"{first_line(error)} Install the same versions on all machines.",
        "IP address": "This machine is not part of it. Run the command on one of its machines, for example by ray job "
        "submit, or add this machine: ray start --address ADDRESS.",
    }
    reason = next((remedy for part, remedy in known.items() if part in text), first_line(error))
    return ClusterError(f"The Ray cluster at {address} cannot be used. {reason}")


@contextmanager
def same_handler_of_sigterm() -> Iterator[None]:
    """Restore the handler of SIGTERM after the block, where Ray replaces it by one of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
