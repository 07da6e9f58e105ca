"""The nodes of a Ray cluster: which can be used, and whether they have what a run needs."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from spacy_w2v.cluster._cluster import Machine, MachineLostError
from spacy_w2v.cluster._ray_host import Requirements, what_is_missing
from spacy_w2v.errors import ClusterError

CHECK_S = 60.0
"""Longest time in seconds for a node to answer which versions and files it has, when a cluster is opened, ..."""
JOIN_S = 20.0
"""... and when it joins the cluster later, while others wait."""


class Nodes:
    """The nodes that a run can use, in the order in which they have joined."""

    def __init__(
        self,
        needed: Requirements,
        *,
        shared_directory: Path | None,
        report: Callable[[str], None],
        translated: Callable[[], AbstractContextManager[None]],
    ):
        """Create it, without nodes.

        Args:
            needed: What a run needs on each node.
            shared_directory: A directory that all nodes must be able to read and write. It is created.
            report: Reports a message to the user.
            translated: Returns a context manager that raises errors of Ray as those of this package.
        """
        self._needed = needed
        self._shared_directory = shared_directory
        self._report = report
        self._translated = translated
        self._joined: list[str] = []
        self._left_out: set[str] = set()

    def open(self, *, check: bool) -> None:
        """Have all nodes join.

        Args:
            check: Whether to check that they have what is needed.

        Raises:
            ClusterError: There is no node with a core, or one lacks something.
        """
        machines = self._alive()
        if not machines:
            raise ClusterError("The Ray cluster must have a machine with a core, but has none. Start one: ray start.")
        missing = self._missing(list(machines.values()), timeout_s=CHECK_S) if check else {}
        for machine, text in missing.items():
            raise ClusterError(f"The machine {machine.name} of the cluster {text}.")
        self._joined += machines

    def current(self) -> list[Machine]:
        """Return the nodes that are alive. New ones join if they lack nothing and all of their cores are free."""
        machines = self._alive()
        new = [machine for name, machine in machines.items() if name not in {*self._joined, *self._left_out}]
        missing = self._missing(new, timeout_s=JOIN_S, cores=True) if new else {}
        for machine, text in missing.items():
            self._left_out.add(machine.id)
            self._report(f"The machine {machine.name} has joined the cluster, but is left out: it {text}")
        self._joined += [machine.id for machine in new if machine not in missing]
        return [machines[name] for name in self._joined if name in machines]

    def _alive(self) -> dict[str, Machine]:
        """Return all nodes with cores by their ids, this one first."""
        import ray

        with self._translated():
            here = ray.get_runtime_context().get_node_id()
            nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        machines = [_machine_of(node) for node in nodes]
        return {each.id: each for each in sorted(machines, key=lambda each: (each.id != here, each.id))}

    def _missing(self, machines: Sequence[Machine], *, timeout_s: float, cores: bool = False) -> dict[Machine, str]:
        """Return what machines lack, as the end of a sentence, for those that lack something.

        Args:
            machines: The machines.
            timeout_s: Longest time in seconds to wait for them.
            cores: Whether all of their cores must be free.
        """
        import ray

        check = ray.remote(max_retries=0)(what_is_missing)
        missing = {}
        with self._probe() as needed, self._translated():
            answers = {
                check.options(num_cpus=each.n_cores if cores else 0, scheduling_strategy=on(each)).remote(needed): each
                for each in machines
            }
            _, late = ray.wait(list(answers), num_returns=len(answers), timeout=timeout_s, fetch_local=False)
            for reference, machine in answers.items():
                if reference in late:
                    ray.cancel(reference)
                    busy = " or has no free cores" if cores else ""
                    missing[machine] = f"does not answer within {timeout_s:.0f} s{busy}"
                    continue
                with suppress(MachineLostError), self._translated():
                    if (text := ray.get(reference)) is not None:
                        missing[machine] = text
        return missing

    @contextmanager
    def _probe(self) -> Iterator[Requirements]:
        """Yield what is needed, with a file in the shared directory that nodes look for."""
        if self._shared_directory is None:
            yield self._needed
            return
        content = uuid.uuid4().hex
        directory = self._shared_directory.absolute()
        probe = directory / f"unfinished-probe-{content}"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe.write_text(content, encoding="utf-8")
        except OSError as error:
            raise ClusterError(f"{directory} must be writable, but is not: {error.strerror}.") from error
        try:
            yield self._needed._replace(probe=probe, content=content)
        finally:
            with suppress(OSError):
                probe.unlink()


def on(machine: Machine) -> Any:  # Any: Ray's strategy
    """Return the strategy of scheduling that uses this node and no other."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=machine.id, soft=False)


def _machine_of(node: dict[str, Any]) -> Machine:  # Any: what Ray tells about a node
    host, address = node["NodeManagerHostname"], node["NodeManagerAddress"]
    name = host if host == address else f"{host} ({address})"
    return Machine(id=node["NodeID"], name=name, n_cores=int(node["Resources"]["CPU"]))
