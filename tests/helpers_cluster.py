"""Small runs on clusters of one process, and clusters that lose machines."""

import random
from functools import cache

import spacy

from spacy_w2v.cluster._cluster import MachineLostError
from spacy_w2v.cluster._local import LocalCluster, Outcome
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._run import TrainingRun

N_WORDS = 1300
"""Words of the texts: more than two blocks of rows, so that several replicas merge some."""


@cache
def blank():
    return spacy.blank("en")


def make_texts(n_words, n_lines):
    """Lines of ten words, of which those with neighbouring numbers occur together, and lower numbers more often."""
    generator = random.Random(0)
    lines = []
    for _ in range(n_lines):
        centre = int(n_words * generator.random() ** 2)
        lines.append(" ".join(f"w{(centre + generator.randrange(12)) % n_words}" for _ in range(10)))
    return lines + [" ".join(f"w{word}" for word in range(first, n_words, 100)) for first in range(100)]  # all of them


def make_run(
    directory, *, cluster=None, machines=None, rounds=4, initial=None, training=None, n_words=N_WORDS, **model
):
    """A run on texts with nine chunks, if these have 600 tokens. Texts and cache are in the directory."""
    texts = directory / f"{n_words}.txt"
    if not texts.exists():
        texts.write_text("\n".join(make_texts(n_words, 400)) + "\n")
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
    source, cache_dir = as_source(str(texts)), directory / "cache"
    return TrainingRun(source, blank(), settings, cache_dir=cache_dir, cluster=cluster)


class FailingRemote:
    """An object on a machine that is lost at certain calls."""

    def __init__(self, remote, cluster):
        self.remote = remote
        self.machine = remote.machine
        self.cluster = cluster

    def call(self, method, /, *arguments, n_results=1):
        number = len(self.cluster.calls)
        self.cluster.calls.append(method)
        if number in self.cluster.lost_before:
            self.remote.end()
        if self.cluster.raises and self.remote.has_ended:
            raise MachineLostError("The object has ended.")
        made = self.remote.call(method, *map(self.cluster.kept, arguments), n_results=n_results)
        self.cluster.makers |= dict.fromkeys(made, self.remote)
        if number in self.cluster.lost_after:
            self.remote.end()
        return made

    def end(self):
        self.remote.end()


class FailingCluster(LocalCluster):
    """A cluster whose objects are lost before or after calls with these numbers, counted over all objects from 0.

    loses_values: whether the results of an object that is lost are lost too, as if its machine had ended.
    raises: whether calls of an object that is lost raise at once, and not only when their results are asked for.
    """

    def __init__(self, n_machines, *, lost_before=(), lost_after=(), loses_values=False, raises=False):
        super().__init__(n_machines)
        self.lost_before = set(lost_before)
        self.lost_after = set(lost_after)
        self.loses_values = loses_values
        self.raises = raises
        self.calls = []
        self.makers = {}

    def start(self, make, *, machine, n_cores):
        return FailingRemote(super().start(make, machine=machine, n_cores=n_cores), self)

    def kept(self, argument):
        """The argument, or if it was lost a reference with this error."""
        if self.loses_values and isinstance(argument, Outcome):
            maker = self.makers.get(argument)
            if maker is not None and maker.has_ended:
                return Outcome(error=MachineLostError("A value is lost."))
        return argument

    def get(self, reference):
        return super().get(self.kept(reference))
