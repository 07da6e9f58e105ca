"""The interface of a cluster: objects on other machines, calls of their methods, and references to results."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from spacy_w2v.errors import ClusterError

Reference = Any
"""A value that is kept by the cluster, on any machine. Any: each engine has a type of its own.

As an argument of a call it stands for its value, which goes from machine to machine without passing through this one.
References are equal only if they are the same.
"""


class MachineLostError(ClusterError):
    """An object on another machine has ended, because its process or its machine has."""


class Machine(NamedTuple):
    """A machine of the cluster."""

    id: str
    """What identifies it."""
    name: str
    """Its name in messages."""
    n_cores: int
    """Number of processor cores that the cluster may use on it."""


class Remote(Protocol):
    """An object on a machine of the cluster. Its calls are carried out one after the other, in the order of `call`."""

    @property
    def machine(self) -> Machine:
        """The machine on which it was started."""

    def call(self, method: str, /, *arguments: Any, n_results: int = 1) -> Sequence[Reference]:  # Any: any arguments
        """Call a method, without waiting for its end.

        Args:
            method: The name of the method.
            arguments: Picklable values, or references.
            n_results: Number of results. If it is not 1, the method returns an iterable of this length. A generator
                need not hold all of its results at the same time.

        Returns:
            A reference to each result. If the call fails, `Cluster.get` raises its error for each of them.

        Raises:
            MachineLostError: The object has ended. `Cluster.get` may raise this instead.
        """

    def end(self) -> None:
        """End the object at once, and free its resources. If it has ended before, nothing happens."""


class Cluster(Protocol):
    """Machines, and what this process needs to use them."""

    def machines(self) -> list[Machine]:
        """Return the machines that can be used now, in an order that does not change as long as they stay.

        Raises:
            ClusterError: There is no cluster any more.
        """

    def start(self, make: Callable[[], object], *, machine: Machine, n_cores: int) -> Remote:
        """Start an object on a machine. This does not wait until it exists.

        Its process has the working directory of this one, if the machine has such a directory.

        Args:
            make: Creates the object. It must be picklable.
            machine: The machine.
            n_cores: Number of cores that the object uses.
        """

    def put(self, value: object) -> Reference:
        """Return a reference to a value of this process, which several calls can take."""

    def ready(self, references: Sequence[Reference], *, timeout_s: float) -> list[Reference]:
        """Return those whose calls have ended or failed: as soon as there is one, or after timeout_s seconds."""

    def get(self, reference: Reference) -> Any:  # Any: what the call returned
        """Wait for a value, and return it. Its arrays are read-only.

        Raises:
            MachineLostError: The object, or the machine that kept the value, has ended.
            BaseException: The error of the call.
        """

    def close(self) -> None:
        """End all objects, and leave the cluster."""
