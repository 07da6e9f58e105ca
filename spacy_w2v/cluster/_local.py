"""A cluster that is this process: calls are carried out at once, in the calling thread. Tests and benchmarks use it."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_w2v.cluster._cluster import Machine, MachineLostError, Reference, Remote


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a call returned, or the error that it raised."""

    value: Any = None  # Any: results of any method
    error: BaseException | None = None


class LocalRemote:
    """An object of this process, in the role of one on another machine. See Remote."""

    def __init__(self, instance: object, machine: Machine):
        """Create it.

        Args:
            instance: The object.
            machine: The machine that it stands for.
        """
        self.machine = machine
        """See Remote."""
        self.has_ended = False
        """Whether calls fail, as after the end of a process."""
        self._instance = instance

    def call(self, method: str, /, *arguments: Any, n_results: int = 1) -> Sequence[Reference]:  # Any: any arguments
        """See Remote. The call is carried out now."""
        try:
            if self.has_ended:
                raise MachineLostError(f"The object on {self.machine.name} has ended.")
            values = [_value_of(each) if isinstance(each, Outcome) else _sent(each) for each in arguments]
            result = getattr(self._instance, method)(*values)
            return [Outcome(_sent(part)) for part in ([result] if n_results == 1 else result)]
        except Exception as error:
            return [Outcome(error=error) for _ in range(n_results)]

    def end(self) -> None:
        """See Remote. An object with threads has a method `close`, which ends them."""
        self.has_ended = True
        close = getattr(self._instance, "close", None)
        self._instance = None
        if close is not None:
            close()


class LocalCluster:
    """A cluster of machines that are all this process. See Cluster.

    As on other machines, calls take and return copies, whose large arrays are read-only.
    """

    def __init__(self, n_machines: int, *, n_cores: int = 1):
        """Create it.

        Args:
            n_machines: Number of machines.
            n_cores: Number of cores of each.
        """
        self.n_machines = n_machines
        """Number of machines, which may be changed at any time."""
        self.n_cores = n_cores
        self.started: list[LocalRemote] = []
        """All objects that were started, those that have ended included."""

    def machines(self) -> list[Machine]:
        """See Cluster."""
        return [Machine(str(i), f"machine {i + 1}", self.n_cores) for i in range(self.n_machines)]

    def start(self, make: Callable[[], object], *, machine: Machine, n_cores: int) -> Remote:
        """See Cluster."""
        self.started.append(LocalRemote(_sent(make)(), machine))
        return self.started[-1]

    def put(self, value: object) -> Reference:
        """See Cluster."""
        return Outcome(_sent(value))

    def ready(self, references: Sequence[Reference], *, timeout_s: float) -> list[Reference]:
        """See Cluster. All calls have ended."""
        return list(references)

    def get(self, reference: Reference) -> Any:  # Any: what the call returned
        """See Cluster."""
        return _value_of(reference)

    def close(self) -> None:
        """See Cluster."""
        for remote in self.started:
            remote.end()


def _value_of(outcome: Outcome) -> Any:  # Any: any argument of a call
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def _sent(value: Any) -> Any:  # Any: any argument or result
    """Return a copy, as it would arrive on another machine."""
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(content, buffers=[bytes(buffer.raw()) for buffer in buffers])
