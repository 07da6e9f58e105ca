"""Opening the cluster that the settings of a run name."""

from contextlib import closing
from pathlib import Path

from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.cluster._engines import open_cluster
from spacy_w2v.config._distributed import EngineName
from spacy_w2v.corpus._cache_directory import default_cache_dir
from spacy_w2v.training.callbacks._callback import Callback


def connected(
    engine: EngineName, address: str | None, *, cache_dir: Path | None, code_path: Path | None, callback: Callback
) -> "closing[Cluster]":
    """Open a cluster for a run. It is left when the block ends.

    Args:
        engine: The program that connects the machines.
        address: The address of the cluster; None to start one on this machine.
        cache_dir: Directory for encoded corpora, which all machines read and write; None for the user's.
        code_path: Python file with registered functions, which all machines import.
        callback: Receives messages, also from another thread while the run waits for machines.

    Raises:
        ClusterError: There is no such cluster, or one of its machines lacks something.
        ConfigError: A package is not installed.
    """
    shared = cache_dir or default_cache_dir()
    cluster = open_cluster(
        engine, address=address, shared_directory=shared, code_path=code_path, report=callback.on_message
    )
    return closing(cluster)
