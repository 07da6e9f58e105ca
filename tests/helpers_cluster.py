"""Small runs on clusters of one process, and clusters that lose machines."""

import random

import spacy

from spacy_w2v.cluster._cluster import MachineLostError
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._run import TrainingRun

N_WORDS = 1300
"""Words of the texts: more than two blocks of rows, so that several replicas merge some."""


def write_texts(path, *, n_lines=400, seed=0):
    """Lines of ten words, of which those with neighbouring numbers occur together, and lower numbers more often."""
    generator = random.Random(seed)
    lines = []
    for _ in range(n_lines):
        centre = int(N_WORDS * generator.random() ** 2)
        lines.append(" ".join(f"w{(centre + generator.randrange(12)) % N_WORDS}" for _ in range(10)))
    lines += [" ".join(f"w{word}" for word in range(first, N_WORDS, 100)) for first in range(100)]  # all of them
    path.write_text("\n".join(lines) + "\n")


def make_run(directory, *, cluster=None, machines=None, rounds=4, initial=None, training=None, **model):
    """A run on texts of the directory, with ten chunks of 600 tokens if `small_chunks` is used, and a cache there."""
    if not (directory / "texts.txt").exists():
        write_texts(directory / "texts.txt")
    settings = parse_settings(
        {
            "tokens": {"tokenizer": "whitespace"},
            "vocabulary": {"min_count": 1},
            "model": {"vector_size": 12, **model},
            "initial": initial or {},
            "training": {"epochs": 2, "workers": 1, "sample": 0.01, **(training or {})},
            "distributed": {"machines": machines, "rounds": rounds},
        }
    )
    texts = as_source(str(directory / "texts.txt"))
    return TrainingRun(texts, spacy.blank("en"), settings, cache_dir=directory / "cache", cluster=cluster)


class FailingRemote:
    """An object on a machine that is lost at a certain call."""

    def __init__(self, remote, cluster):
        self.remote = remote
        self.machine = remote.machine
        self.cluster = cluster

    def call(self, method, /, *arguments, n_results=1):
        self.cluster.calls.append(method)
        if len(self.cluster.calls) - 1 in self.cluster.lost_before:
            self.remote.end()
        found = self.remote.call(method, *arguments, n_results=n_results)
        if len(self.cluster.calls) - 1 in self.cluster.lost_after:
            self.remote.end()
        return found

    def end(self):
        self.remote.end()


class FailingCluster(LocalCluster):
    """A cluster whose objects are lost before or after calls with these numbers, counted over all objects from 0."""

    def __init__(self, n_machines, *, lost_before=(), lost_after=(), loses_values=False):
        super().__init__(n_machines)
        self.lost_before = set(lost_before)
        self.lost_after = set(lost_after)
        self.calls = []

    def start(self, make, *, machine, n_cores):
        return FailingRemote(super().start(make, machine=machine, n_cores=n_cores), self)


def lose(remote):
    """End an object, as if its process had ended."""
    remote.end()
    return MachineLostError
