"""The engines by their names in a config: programs that connect machines to a cluster."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from spacy_w2v.cluster._cluster import Cluster

ENGINES = {"ray": ("_ray", "RayCluster")}
"""The module of each engine in this package, and its class, which takes the arguments of `open_cluster`."""


def open_cluster(
    engine: str, *, address: str | None, shared_directory: Path, code_path: Path | None, report: Callable[[str], None]
) -> Cluster:
    """Return a cluster, which must be closed.

    Args:
        engine: The name of the engine.
        address: The address of the cluster; None to start one on this machine.
        shared_directory: A directory that all machines must be able to read and write. It is created.
        code_path: Python file with the user's registered functions, which all machines import.
        report: Reports a message to the user. It may be called by the thread that waits for machines.

    Raises:
        ClusterError: There is no cluster at the address, or a machine lacks something.
        ConfigError: The engine is not installed.
    """
    module, name = ENGINES[engine]
    cluster: Cluster = getattr(import_module(f"{__package__}.{module}"), name)(
        address, shared_directory=shared_directory, code_path=code_path, report=report
    )
    return cluster
