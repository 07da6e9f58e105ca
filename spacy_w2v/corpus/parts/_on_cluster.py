"""Encodes parts of a corpus on several machines, one part at a time on each."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from spacy_w2v.cluster._cluster import Cluster, Machine, MachineLostError, Reference, Remote
from spacy_w2v.corpus.parts._encoder import PartEncoder, PartReport, received
from spacy_w2v.corpus.parts._jobs import FinishedPart, PartJob, Workplace
from spacy_w2v.corpus.parts._progress import PartsProgress
from spacy_w2v.errors import ClusterError

CALL_S = 1.0
"""The time of a call, after which the progress is reported."""

MOST_ATTEMPTS = 3
"""The number of machines that may be lost with the same part."""


def encode_on_cluster(
    cluster: Cluster,
    jobs: Sequence[PartJob],
    workplace: Workplace,
    *,
    payload: bytes,
    code_path: Path | None,
    progress: PartsProgress,
    report: Callable[[str], None],
    most_machines: int | None = None,
) -> Generator[FinishedPart, None, None]:
    """Encode parts on all machines of a cluster, and yield each as soon as it is complete.

    The part of a machine that is lost is encoded again on another one, or on this one if it is still there. Machines
    that join are used too.

    Args:
        cluster: The machines.
        jobs: The parts to encode. Parts that are large, or fail, do not delay the others.
        workplace: Makes the directory of a part. It is needed until the next part is asked for.
        payload: A pickle of `pickled_pipeline`.
        code_path: A Python file with the user's registered functions, at the same path on all machines.
        progress: Receives the progress.
        report: Reports a message to the user.
        most_machines: The largest number of machines at the same time. If None, all of them.

    Raises:
        ClusterError: There is no machine, or too many were lost with the same part.
        CorpusError: The texts cannot be read.
        StorageError: The parts cannot be written.
    """
    make = partial(PartEncoder, payload, code_path)
    crew = _Crew(cluster, deque(jobs), workplace, make, report, most_machines)
    try:
        while crew.assign():
            for busy in crew.ready():
                try:
                    done: PartReport = cluster.get(busy.reference)
                    if not done.is_complete:
                        busy.reference = busy.remote.call("proceed", CALL_S)[0]
                except MachineLostError as error:
                    progress.start_over(busy.job.fingerprint.digest())
                    crew.lose(busy, error)
                    continue
                finished = received(done, busy.job, busy.directory, progress)
                if finished is not None:
                    yield finished
                    crew.release(busy)
    finally:
        crew.end()


@dataclass(eq=False)
class _Busy:
    """A machine that encodes a part."""

    remote: Remote
    job: PartJob
    directory: Path
    stack: ExitStack
    """Removes the directory, if it has not been moved."""
    reference: Reference
    """The result of the current call."""


@dataclass
class _Crew:
    """The machines that encode, and the parts that remain."""

    cluster: Cluster
    remaining: deque[PartJob]
    workplace: Workplace
    make: "partial[PartEncoder]"
    """Creates the encoder of a machine, given its n_cores."""
    report: Callable[[str], None]
    most_machines: int | None
    idle: dict[str, Remote] = field(default_factory=dict)
    busy: dict[str, _Busy] = field(default_factory=dict)
    n_losses: dict[str, int] = field(default_factory=dict)
    """The number of machines that were lost with each part."""

    def assign(self) -> bool:
        """Give remaining parts to machines that have none. Return whether there is work to wait for.

        Raises:
            ClusterError: Parts remain, but there is no machine.
        """
        for machine in self.cluster.machines()[: self.most_machines] if self.remaining else ():
            if self.remaining and machine.id not in self.busy:
                self._begin(machine)
        if self.remaining and not self.busy:
            raise ClusterError("A cluster must have machines, but has none any more. Start it again.")
        return bool(self.busy)

    def _begin(self, machine: Machine) -> None:
        remote = self.idle.pop(machine.id, None)
        if remote is None:
            make = partial(self.make, n_cores=machine.n_cores)
            remote = self.cluster.start(make, machine=machine, n_cores=machine.n_cores)
        job = self.remaining.popleft()
        with ExitStack() as stack:
            directory = stack.enter_context(self.workplace())
            reference = remote.call("begin", job, directory.absolute(), CALL_S)[0]
            self.busy[machine.id] = _Busy(remote, job, directory, stack.pop_all(), reference)

    def ready(self) -> list[_Busy]:
        """Return the machines whose calls have ended. Wait for a second if there is none."""
        references = [busy.reference for busy in self.busy.values()]
        ready = self.cluster.ready(references, timeout_s=CALL_S)
        return [busy for busy in self.busy.values() if busy.reference in ready]

    def release(self, busy: _Busy) -> None:
        """Let a machine take another part."""
        busy.stack.close()
        del self.busy[busy.remote.machine.id]
        self.idle[busy.remote.machine.id] = busy.remote

    def lose(self, busy: _Busy, error: MachineLostError) -> None:
        """Let another machine take the part of a machine that was lost.

        Raises:
            ClusterError: The part was lost too often.
        """
        busy.stack.close()
        busy.remote.end()
        del self.busy[busy.remote.machine.id]
        digest = busy.job.fingerprint.digest()
        self.n_losses[digest] = self.n_losses.get(digest, 0) + 1
        if self.n_losses[digest] >= MOST_ATTEMPTS:
            raise ClusterError(
                f"Machines that encode must run to the end, but {MOST_ATTEMPTS} ended while they encoded "
                f"{busy.job.source.name}. There may be too little memory. The last of them: {error}"
            ) from None
        self.report(f"{busy.remote.machine.name} was lost. Its part of the corpus is encoded again.")
        self.remaining.appendleft(busy.job)

    def end(self) -> None:
        """End all objects, and remove the directories of parts that are not complete."""
        for busy in self.busy.values():
            busy.remote.end()
            busy.stack.close()
        for remote in self.idle.values():
            remote.end()
