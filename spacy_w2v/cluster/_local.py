"""A cluster that is this process: calls are carried out at once, in the calling thread. Tests and benchmarks use it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from spacy_w2v.cluster._cluster import Machine, MachineLostError, Reference, Remote


class Outcome(NamedTuple):
    """What a call returned, or the error that it raised."""

    value: Any  # Any: results of any method
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
            values = [_value_of(argument) for argument in arguments]
            result = getattr(self._instance, method)(*values)
        except Exception as error:
            return [Outcome(None, error) for _ in range(n_results)]
        return [Outcome(result)] if n_results == 1 else [Outcome(part) for part in result]

    def end(self) -> None:
        """See Remote."""
        self.has_ended = True
        self._instance = None


class LocalCluster:
    """A cluster of machines that are all this process. See Cluster."""

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
        self.started.append(LocalRemote(make(), machine))
        return self.started[-1]

    def put(self, value: object) -> Reference:
        """See Cluster."""
        return Outcome(value)

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


def _value_of(argument: Any) -> Any:  # Any: any argument of a call
    if not isinstance(argument, Outcome):
        return argument
    if argument.error is not None:
        raise argument.error
    return argument.value
