"""The engines by their names in a config: programs that connect machines to a cluster."""

from importlib import import_module

from spacy_w2v.cluster._cluster import Cluster

ENGINES = {"ray": ("_ray", "RayCluster")}
"""The module of each engine in this package, and its class, whose argument is the address."""


def open_cluster(engine: str, *, address: str | None) -> Cluster:
    """Return a cluster, which must be closed.

    Args:
        engine: The name of the engine.
        address: The address of the cluster; None to start one on this machine.

    Raises:
        ClusterError: There is no cluster at the address.
        ConfigError: The engine is not installed.
    """
    module, name = ENGINES[engine]
    cluster: Cluster = getattr(import_module(f"{__package__}.{module}"), name)(address)
    return cluster
