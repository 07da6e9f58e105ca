"""A cluster of Ray: one actor for each object, on the machine that the caller names.

Only Ray Core is used: actors and the object store. Nothing of Ray is imported before a cluster is opened.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy_w2v.cluster._cluster import Machine, MachineLostError, Reference, Remote
from spacy_w2v.cluster._ray_connection import connect
from spacy_w2v.cluster._ray_host import Host, Requirements, versions
from spacy_w2v.cluster._ray_nodes import Nodes, on
from spacy_w2v.errors import ClusterError, Word2VecError
from spacy_w2v.errors._wording import first_line

REPORT_S = 10.0
"""Time in seconds after which an actor that waits for cores is reported, ..."""
START_S = 600.0
"""... and after which the run ends."""
LOOK_S = 1.0
"""Time in seconds between two looks at actors that wait."""

Report = Callable[[str], None]


@dataclass(eq=False)
class RayRemote:
    """An actor. See Remote."""

    machine: Machine
    """See Remote."""
    n_reserved: int
    """Number of cores that are reserved for it."""
    actor: Any  # Any: Ray's handle
    prepared: Any  # Any: Ray's reference to the first call, which says what is missing on the machine, ...
    made: Any  # Any: ... and to the second, which creates the object
    since: float = field(default_factory=time.monotonic)
    """When it was asked for."""
    is_started: bool = False
    is_reported: bool = False
    has_ended: bool = False

    @property
    def needs(self) -> str:
        """What it waits for, as text."""
        return f"{self.n_reserved} free {'core' if self.n_reserved == 1 else 'cores'}"

    def call(self, method: str, /, *arguments: Any, n_results: int = 1) -> Sequence[Reference]:  # Any: any arguments
        """See Remote."""
        if self.has_ended:  # Ray ends actors with a delay
            raise lost_process(self.machine.name)
        found = self.actor.call.options(num_returns=n_results).remote(self.made, method, *arguments)
        return [found] if n_results == 1 else list(found)

    def end(self) -> None:
        """See Remote."""
        import ray

        if not self.has_ended:
            self.has_ended = True
            self.prepared = self.made = None
            with suppress(ValueError):  # Ray itself has ended
                ray.kill(self.actor)


class RayCluster:
    """A cluster of Ray. See Cluster."""

    def __init__(
        self,
        address: str | None = None,
        *,
        shared_directory: Path | None = None,
        code_path: Path | None = None,
        report: Report = lambda message: None,
    ):
        """Connect to a cluster, or start one on this machine, and check its machines.

        Args:
            address: "host:port", "auto" for the cluster of this machine, or None to start Ray here.
            shared_directory: A directory that all machines must be able to read and write. It is created.
            code_path: Python file with the user's registered functions, which all machines import.
            report: Reports a message to the user. It may be called by the thread that waits for machines.

        Raises:
            ConfigError: Ray is not installed.
            ClusterError: There is no such cluster, or a machine lacks something.
        """
        self._connection = connect(address, report=report)
        import ray
        from ray import exceptions

        self._ray, self._exceptions = ray, exceptions
        self._report = report
        self._remotes: dict[str, RayRemote] = {}
        self._next_look = 0.0
        self._host = ray.remote(max_restarts=0, max_task_retries=0)(Host)
        code_path = code_path.absolute() if code_path is not None else None
        self._needed = Requirements(versions(), code_path=code_path)
        self._nodes = Nodes(self._needed, shared_directory=shared_directory, report=report, translated=self._translated)
        try:
            self._nodes.open(check=not self._connection.is_started_here)
        except BaseException:
            self.close()
            raise

    def machines(self) -> list[Machine]:
        """See Cluster. Nodes without cores, and those that join without what the run needs, are left out."""
        return self._nodes.current()

    def start(self, make: Callable[[], object], *, machine: Machine, n_cores: int) -> Remote:
        """See Cluster. Cores are reserved, but only those that no other object of this cluster has reserved."""
        reserved = sum(
            remote.n_reserved
            for remote in self._remotes.values()
            if remote.machine.id == machine.id and not remote.has_ended
        )
        n_reserved = max(0, min(n_cores, machine.n_cores - reserved))
        actor = self._host.options(num_cpus=n_reserved, scheduling_strategy=on(machine)).remote()
        prepared = actor.prepare.remote(
            self._needed, n_cores=n_cores, search_path=sys.path, working_directory=os.getcwd()
        )
        remote = RayRemote(machine, n_reserved, actor, prepared, made=actor.make.remote(prepared, make))
        self._remotes = {name: each for name, each in self._remotes.items() if not each.has_ended}
        self._remotes[actor._actor_id.hex()] = remote
        return remote

    def put(self, value: object) -> Reference:
        """See Cluster."""
        with self._translated():
            return self._ray.put(value)

    def ready(self, references: Sequence[Reference], *, timeout_s: float) -> list[Reference]:
        """See Cluster."""
        self._look_after()
        waiting = list(dict.fromkeys(references))
        if not waiting:
            return []
        with self._translated():
            ready, _ = self._ray.wait(waiting, num_returns=1, timeout=timeout_s, fetch_local=False)
            if ready and len(waiting) > 1:
                ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0, fetch_local=False)
        return list(ready)

    def get(self, reference: Reference) -> Any:  # Any: what the call returned
        """See Cluster."""
        while True:
            with self._translated():
                try:
                    return self._ray.get(reference, timeout=LOOK_S)
                except self._exceptions.GetTimeoutError:
                    pass
            self._look_after()

    def close(self) -> None:
        """See Cluster. Ray itself ends if it was started for this run."""
        for remote in self._remotes.values():
            remote.end()
        self._connection.close()

    # --- actors that wait, and errors

    def _look_after(self) -> None:
        """Report actors that wait for cores.

        Raises:
            ClusterError: One has waited too long, or its machine lacks something.
        """
        now = time.monotonic()
        waiting = [remote for remote in self._remotes.values() if not (remote.is_started or remote.has_ended)]
        if not waiting or now < self._next_look:
            return
        self._next_look = now + LOOK_S
        calls = [remote.prepared for remote in waiting]
        with self._translated():
            answered, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        for remote in waiting:
            if remote.prepared in answered:
                remote.is_started = True
                try:
                    missing = self._ray.get(remote.prepared)
                except self._exceptions.RayError:  # the calls that follow fail too, and are asked for
                    continue
                if missing is not None:
                    raise ClusterError(f"The machine {remote.machine.name} of the cluster {missing}.")
            elif now - remote.since > START_S:
                raise ClusterError(
                    f"{remote.machine.name} must have {remote.needs}, but other jobs of the cluster "
                    f"have used them for {START_S:.0f} s. Wait for these, or lower workers to the number of free cores."
                )
            elif now - remote.since > REPORT_S and not remote.is_reported:
                remote.is_reported = True
                self._report(f"Waiting for {remote.needs} on {remote.machine.name}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise the errors of calls as they were raised there, and those of Ray as errors of this package."""
        try:
            yield
        except self._exceptions.RayError as error:
            meaning = self._meaning_of(error)
            raise meaning from (None if isinstance(meaning, Word2VecError) else error)

    def _meaning_of(self, error: BaseException) -> BaseException:
        known = self._exceptions
        while isinstance(error, known.RayTaskError):
            error = error.cause
        if isinstance(error, known.RayActorError):
            return self._lost_actor(error)
        if isinstance(error, known.ObjectStoreFullError | known.OutOfDiskError):
            return ClusterError(
                "The object store of Ray, or the disk to which it moves objects, is full. Start Ray with more: ray "
                "start --object-store-memory BYTES."
            )
        if isinstance(error, known.LocalRayletDiedError):
            return ClusterError("Ray on this machine has ended. Start it again, and resume the run.")
        if isinstance(error, known.ActorUnschedulableError | known.NodeDiedError):
            return MachineLostError("A machine has left the cluster.")
        if isinstance(error, known.ObjectLostError):
            return MachineLostError("A machine has left the cluster, and with it results that others need.")
        if isinstance(error, known.WorkerCrashedError | known.OutOfMemoryError | known.TaskCancelledError):
            return MachineLostError(f"A process of the cluster has ended: {first_line(error)}")
        if isinstance(error, known.RayError):
            return ClusterError(f"Ray reports an error: {first_line(error)}")
        return error

    def _lost_actor(self, error: Any) -> ClusterError:  # Any: RayActorError
        """Return the error for an actor that has died, or that cannot be reached and is therefore ended."""
        remote = self._remotes.get(str(error.actor_id))
        name = remote.machine.name if remote is not None else "a machine"
        if remote is not None:
            remote.end()
        text = str(error)
        if getattr(error, "_actor_init_failed", False):
            return ClusterError(f"No process could be started on {name}: {text.strip().splitlines()[-1]}")
        return lost_process(name, reason=" because memory was short there" if "low on memory" in text else "")


def lost_process(machine: str, *, reason: str = "") -> MachineLostError:
    """Return the error for an actor that has ended.

    Args:
        machine: The name of its machine.
        reason: The end of the sentence, if the reason is known.
    """
    return MachineLostError(f"The process on {machine} has ended{reason}.")
