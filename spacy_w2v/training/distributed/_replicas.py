"""The replicas of a run on the machines of a cluster: they are started, replaced and ended, and their calls awaited."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from spacy_w2v._arrays import Parameters
from spacy_w2v.cluster._cluster import Cluster, Machine, MachineLostError, Reference, Remote
from spacy_w2v.errors import ClusterError, StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training.distributed._replica import COPIES_OF_REPLICA, Assignment, Poll, Replica, fill

WAIT_S = 0.1
"""Longest time in seconds between two looks at whether the run is to stop."""
POLL_S = 0.25
"""Time in seconds after which a replica that trains reports its results."""


class Stopped(Exception):  # noqa: N818  not an error
    """The run is to stop. The calls of replicas are not awaited."""


def copies_here(cluster: Cluster | None, n_machines: int | None) -> int:
    """Return how many times the weights are in the memory of this machine, if it is one of those that train.

    Args:
        cluster: The machines; None to train in this process.
        n_machines: Number of replicas; None for one on each machine.
    """
    if cluster is None:
        return 1
    n_here = -(-(n_machines or 1) // max(1, len(cluster.machines())))
    return 1 + COPIES_OF_REPLICA * n_here


@dataclass(eq=False)
class Member:
    """What the driver knows of a replica."""

    remote: Remote
    set_up: Reference
    """The call that makes it ready."""
    version: int = -1
    """The number of the weights that it has loaded."""
    share: range | None = None
    """The tasks that it has begun to train from these weights; None for none."""
    results: list[TaskResult] = field(default_factory=list)
    """Their results so far."""
    is_done: bool = False
    """Whether all of them are trained."""
    poll: Reference | None = None
    """The call from which the next results are expected."""
    loading: Reference | None = None
    """The call that loads the current weights, which nobody has awaited."""
    begun: Reference | None = None
    """The call that begins the share, which nobody has awaited."""

    def call(self, method: str, /, *arguments: Any) -> Reference:  # Any: any arguments
        """Call a method that has one result."""
        return self.remote.call(method, *arguments)[0]

    def begin(self, version: int, share: range) -> None:
        """Begin to train a share from these weights, without results, and do not wait."""
        self.forget()
        self.begun = self.call("begin", version, share)
        self.share = share

    def forget(self) -> None:
        """Have no share."""
        self.share, self.results, self.is_done, self.poll, self.begun = None, [], False, None, None


class Replicas:
    """The replicas of a run. All calls of a cluster are made here, by one thread."""

    def __init__(
        self,
        cluster: Cluster,
        assignment: Assignment,
        parameters: Parameters,
        *,
        n_machines: int | None,
        n_threads: int,
        message: Callable[[str], None],
    ):
        """Create it, without replicas.

        Args:
            cluster: The machines.
            assignment: What replicas need.
            parameters: The weights of this process, without padding. They change only by `commit`.
            n_machines: Number of replicas; None for one on each machine of the cluster.
            n_threads: Number of threads of each; 0 for the cores of its machine.
            message: Reports to the user.
        """
        self.cluster = cluster
        self.parameters = parameters
        self.version = 0
        """The number of the current weights: that of the rounds that were merged into them."""
        self.members: list[Member] = []
        """The replicas. The k-th trains the k-th share and merges the k-th shard."""
        self.stopping = threading.Event()
        """Set to stop."""
        self._assignment = assignment
        self._assigned: Reference | None = None
        self._new_rows: Sequence[Reference] = ()
        self._n_machines = n_machines
        self._n_threads = n_threads
        self._message = message

    # --- calls

    def wait(self, references: Sequence[Reference]) -> list[Any]:  # Any: what calls return
        """Return the values of all references.

        Raises:
            MachineLostError: An object, or a value that it needs, is lost.
            Stopped: The run is to stop.
            BaseException: The error of a call.
        """
        waiting = list(references)
        while waiting:
            ready = set(self.cluster.ready(waiting, timeout_s=WAIT_S))
            if self.stopping.is_set():
                raise Stopped
            waiting = [reference for reference in waiting if reference not in ready]
        return [self.cluster.get(reference) for reference in references]

    # --- members

    @property
    def taking_part(self) -> list[Member]:
        """The replicas that have a share of the round."""
        return [member for member in self.members if member.share is not None]

    def n_wanted(self) -> int:
        """Return the number of replicas for the next round."""
        return self._n_machines or max(1, len(self.cluster.machines()))

    def arrange(self, n: int) -> None:
        """Have n replicas, evenly on the machines of the cluster, at the start of a round.

        Raises:
            ClusterError: There is no machine.
        """
        machines = {machine.id for machine in self.cluster.machines()}
        for member in [member for member in self.members if member.remote.machine.id not in machines]:
            self._end(member)
        while len(self.members) > n or self._is_uneven(len(machines)):
            loads = self._loads()
            self._end(max(reversed(self.members), key=lambda member: loads[member.remote.machine.id]))
        while len(self.members) < n:
            self.members.append(self._start())

    def _is_uneven(self, n_machines: int) -> bool:
        """Return whether a replica should move to another machine, because they are new, or those that were lost."""
        loads = self._loads()
        lowest = min(loads.values(), default=0) if len(loads) == n_machines else 0
        return max(loads.values(), default=0) - lowest > 1

    def _loads(self) -> Counter[str]:
        return Counter(member.remote.machine.id for member in self.members)

    def _start(self) -> Member:
        """Start a replica on the machine that has the fewest."""
        machines = self.cluster.machines()
        if not machines:
            raise ClusterError("The cluster must have a machine on which to train, but has none. Start one.")
        loads = self._loads()
        machine = min(machines, key=lambda each: loads[each.id])
        n_threads = self._threads_on(machine, n_machines=len(machines))
        if self._assigned is None:
            self._assigned = self.cluster.put(self._assignment)
        remote = self.cluster.start(partial(Replica, n_threads), machine=machine, n_cores=n_threads)
        return Member(remote, *remote.call("set_up", self._assigned))

    def _threads_on(self, machine: Machine, *, n_machines: int) -> int:
        if self._n_threads:
            return self._n_threads
        n_replicas = -(-(self._n_machines or 1) // n_machines)
        return max(1, machine.n_cores // n_replicas)

    def _end(self, member: Member) -> None:
        self.members.remove(member)
        member.remote.end()

    def replace_lost(self) -> None:
        """Start a replica in place of each that does not answer, after a MachineLostError.

        Other replicas keep what they have trained.
        """
        self._new_rows = ()  # some may be lost with a machine; those of this process are the same
        for number, member in enumerate(self.members):
            member.loading = None
            try:
                (member.version,) = self.wait([member.call("loaded_version")])
            except MachineLostError:
                member.remote.end()
                self.members[number] = self._start()
                self._message(
                    f"The training process on {member.remote.machine.name} was lost. Its share of the round is trained "
                    f"again on {self.members[number].remote.machine.name}"
                )

    # --- a round

    def load(self) -> None:
        """Have all replicas load the current weights, those that were just merged or those of this process."""
        late = [member for member in self.members if member.version != self.version]
        self._await_set_up(late)
        self._call_load([member for member in late if member.loading is None])
        self.wait([member.loading for member in late])
        for member in late:
            member.version, member.loading = self.version, None
        self._new_rows = ()  # which frees them

    def _call_load(self, members: Sequence[Member]) -> None:
        """Have replicas load the current weights, and do not wait."""
        if not members:
            return
        shards = self._new_rows or (self.cluster.put(self.parameters),)
        for member in members:
            member.forget()
            member.loading = member.call("load", self.version, *shards)

    def _await_set_up(self, members: Sequence[Member]) -> None:
        """Wait until replicas are ready. Raises StorageError if one cannot read the work items."""
        try:
            self.wait([member.set_up for member in members])
        except (StorageError, OSError) as error:
            remedy = worded(python="Pass a cache_dir", command_line="Name a directory with --cache-dir")
            raise StorageError(
                "All machines must reach the encoded corpus at the path that it has here, but one could not read it: "
                f"{error} {remedy} that all machines share."
            ) from error

    def begin(self, shares: Sequence[range]) -> None:
        """Have replicas begin to train their shares, unless they have done so, and wait until they train."""
        self._call_begin(shares)
        waiting = [member for member in self.taking_part if member.begun is not None]
        self.wait([member.begun for member in waiting])
        for member in waiting:
            member.begun = None

    def _call_begin(self, shares: Sequence[range]) -> None:
        """Have replicas begin to train their shares, unless they were asked to, and do not wait."""
        for member, share in zip(self.members, shares, strict=False):
            if member.share != share:
                member.begin(self.version, share)

    def poll(self) -> None:
        """Wait a moment for results of the shares."""
        training = [member for member in self.taking_part if not member.is_done]
        for member in training:
            member.poll = member.poll or member.call("poll", POLL_S)
        ready = set(self.cluster.ready([member.poll for member in training], timeout_s=WAIT_S))
        if self.stopping.is_set():
            raise Stopped
        for member in training:
            if member.poll in ready:
                poll: Poll = self.cluster.get(member.poll)
                member.poll, member.is_done = None, poll.done
                member.results += poll.results

    def results(self) -> list[TaskResult]:
        """Return all results of the round so far, in the order of their tasks."""
        results = [result for member in self.taking_part for result in member.results]
        return sorted(results, key=lambda result: result.task.number)

    @property
    def are_done(self) -> bool:
        """Whether all shares are trained."""
        return all(member.is_done for member in self.taking_part)

    def commit(
        self, rows: Sequence[Parameters], references: Sequence[Reference], *, following: Sequence[range]
    ) -> None:
        """Change the weights of this process to those that were merged, while replicas load them and continue.

        Args:
            rows: The new rows of each shard, in order.
            references: References to them.
            following: The shares of the next round, if the machines stay the same; none after the last round.
        """
        self.version += 1
        self._new_rows = references
        if following:
            with suppress(MachineLostError):  # `load` finds out who is lost, after the weights here are complete
                self._call_load(self.members)
                self._call_begin(following)
        fill(self.parameters, rows)

    def end(self) -> None:
        """End all replicas."""
        for member in list(self.members):
            self._end(member)
