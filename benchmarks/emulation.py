"""Several machines, emulated in one process: their shares are trained one after the other, and merged by a rule.

A round begins with the same weights for all machines. Each trains its share of the tasks with one thread, by the
kernels and in the order of a real run. Then a rule makes one set of weights of all changes. The product's own rule is
`damped`; the others are what other programs do.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from spacy.lang.en import English

from spacy_w2v import Word2Vec
from spacy_w2v._arrays import AnyWeights, Exposure, Parameters, Vectors
from spacy_w2v._system.blas import limited_blas
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.config._loading import config_of
from spacy_w2v.corpus import _store
from spacy_w2v.corpus._store import CHUNK_TOKENS as CHUNK_TOKENS
from spacy_w2v.merging._merge import merge_replicas
from spacy_w2v.objectives._parameters import unpadded_views
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._executors import CallingThreadExecutor
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training._stages import Prepared
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work import Work
from spacy_w2v.training.callbacks._callback import RunCallback
from spacy_w2v.training.distributed._merging import steps_of
from spacy_w2v.training.distributed._rounds import Rounds, shares_of

if TYPE_CHECKING:
    from spacy_w2v.training._executors import Executor


class Trained(NamedTuple):
    """What the machines of a round hand in."""

    start: Parameters
    """The weights at the start of the round, without padding."""
    ends: Sequence[Parameters]
    """For each machine, its weights at the end of the round, without padding."""
    steps: float
    """Sum of the learning rates of all predictions of a machine: the mean over the machines."""
    exposures: Mapping[str, Exposure]


class Rule(NamedTuple):
    """A way to merge changes."""

    merge: Callable[[Trained], Parameters]
    scales_rate: bool = False
    """Whether machines train at the learning rate of one machine times their number."""


def merge_damped(trained: Trained) -> Parameters:
    """Return the merged weights by the rule of `[w2v.distributed]`."""
    return merge_replicas(trained.start, trained.ends, trained.exposures, steps=trained.steps)


def merge_sum(trained: Trained) -> Parameters:
    """Return the weights plus all changes."""
    return {name: rows + total(trained, name) for name, rows in trained.start.items()}


def merge_mean(trained: Trained) -> Parameters:
    """Return the mean of the machines' weights, as Spark's word2vec does with its partitions."""
    n_machines = np.float32(len(trained.ends))
    return {name: rows + total(trained, name) / n_machines for name, rows in trained.start.items()}


def total(trained: Trained, name: str) -> Vectors:
    """Return the sum of the changes of a parameter."""
    start = trained.start[name]
    summed = np.zeros_like(start)
    for end in trained.ends:
        summed += end[name] - start
    return summed


def merge_adasum(trained: Trained) -> Parameters:
    """Return the weights plus the changes, added up pair by pair by the rule of Adasum, row by row.

    Adasum (Maleki et al. 2021, arXiv 2006.02924, section 3) adds up orthogonal changes, and takes the mean of equal
    ones. It does so in a binary tree of pairs.
    """
    merged = {}
    for name, rows in trained.start.items():
        changes = [end[name] - rows for end in trained.ends]
        while len(changes) > 1:
            changes = [
                first if second is None else adasum(first, second)
                for first, second in zip_longest(changes[::2], changes[1::2])
            ]
        merged[name] = rows + changes[0]
    return merged


def adasum(first: Vectors, second: Vectors) -> Vectors:
    """Return (1 - a.b / 2 a.a) a + (1 - a.b / 2 b.b) b for each row a of `first` and b of `second`, float32[r, d]."""
    products = np.einsum("rd,rd->r", first, second)
    squares = [np.einsum("rd,rd->r", rows, rows) for rows in (first, second)]
    shares = [1 - np.divide(products, 2 * square, out=np.zeros_like(square), where=square > 0) for square in squares]
    summed: Vectors = shares[0][:, None] * first + shares[1][:, None] * second
    return summed


RULES = {
    "damped": Rule(merge_damped),
    "sum": Rule(merge_sum),
    "mean": Rule(merge_mean),
    "mean-scaled": Rule(merge_mean, scales_rate=True),
    "adasum": Rule(merge_adasum),
}


class Emulation(CallingThreadExecutor):
    """An executor that trains all machines in the calling thread, a round whenever its results are asked for."""

    def __init__(
        self,
        work: Work,
        weights: AnyWeights,
        *,
        parameters: Parameters,
        exposures: Mapping[str, Exposure],
        machines: Sequence[int],
        rounds: int,
        rule: Rule,
    ):
        """Create it.

        Args:
            work: The work, of one worker.
            weights: The weights, which are trained in place.
            parameters: The same weights by name, without padding.
            exposures: The exposures of the objective.
            machines: Numbers of machines. Rounds take them in turn.
            rounds: Number of rounds in the whole run.
            rule: How changes are merged.
        """
        super().__init__(work, weights)
        self.work, self.parameters, self.exposures = work, parameters, exposures
        self.machines, self.rule = machines, rule
        self.rounds = Rounds(work.plan.n_tasks, rounds)
        self.n_merges, self.merging_s, self.most_machines = 0, 0.0, 1
        self._n_rounds = 0
        self._results = deque[TaskResult]()
        self._worker.warm_up()

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """See Executor. The time is not limited."""
        if not self._results and self.n_started < self.work.plan.n_tasks and not self.paused:
            self._run_round(self.rounds.after(self.n_started))
        return self._results.popleft() if self._results else None

    def _run_round(self, tasks: range) -> None:
        shares = shares_of(tasks, self.machines[self._n_rounds % len(self.machines)])
        self._n_rounds += 1
        self.most_machines = max(self.most_machines, len(shares))
        self.n_started = tasks.stop
        start = self._rows()
        results, ends = [], []
        self._worker.work = self._work_of(len(shares))
        for share in shares:
            if ends:
                self._set(start)
            results.append([self._worker.run(number) for number in share])
            if len(shares) > 1:
                ends.append(self._rows())
        self._results.extend(result for share in results for result in share)
        if len(shares) == 1:
            return
        begun = time.perf_counter()
        steps = steps_of(results, self._worker.work.schedule)
        with limited_blas(1):  # as many threads as train; more would only wait for each other on a busy machine
            self._set(self.rule.merge(Trained(start, ends, steps, self.exposures)))
        self.merging_s += time.perf_counter() - begun
        self.n_merges += 1

    def _work_of(self, n_machines: int) -> Work:
        if not self.rule.scales_rate:
            return self.work
        schedule = self.work.schedule
        scaled = replace(schedule, alpha=schedule.alpha * n_machines, min_alpha=schedule.min_alpha * n_machines)
        return replace(self.work, schedule=scaled)

    def _rows(self) -> Parameters:
        return {name: rows.copy(order="C") for name, rows in self.parameters.items()}

    def _set(self, parameters: Parameters) -> None:
        for name, rows in parameters.items():
            self.parameters[name][...] = rows


def set_chunk_tokens(n_tokens: int) -> None:
    """Set the size of the chunks of corpora that are encoded from now on in this process."""
    _store.CHUNK_TOKENS = n_tokens


class Emulated(NamedTuple):
    """The result of a run on emulated machines."""

    model: Word2Vec
    n_merges: int
    merging_s: float
    most_machines: int
    """Largest number of machines that had a share, since shares are whole chunks."""


def run_of(corpus: Path, cache_dir: Path, **settings: Any) -> TrainingRun:  # Any: settings of [w2v] by name
    """Return a run of one thread on a text that is tokenized by white space."""
    nlp = English()
    checked = settings_from_keywords({"tokenizer": "whitespace", "workers": 1, **settings})
    source = as_source(corpus)
    return TrainingRun(source=source, nlp=nlp, settings=checked, config=config_of(nlp, checked), cache_dir=cache_dir)


def train_emulated(
    corpus: Path,
    cache_dir: Path,
    *,
    machines: Sequence[int],
    rounds: int,
    rule: str,
    **settings: Any,  # Any: settings of [w2v] by name
) -> Emulated:
    """Train on a text that is tokenized by white space. See `Emulation` for machines, rounds and rule.

    Raises:
        TrainingError: Training has diverged.
    """
    run, callback = run_of(corpus, cache_dir, **settings), RunCallback()
    made: list[Emulation] = []
    with run.prepare(callback, None) as prepared:

        def make_executor(
            work: Work,
            weights: AnyWeights,
            *,
            n_workers: int,
            n_until_pause: int | None = None,
            next_pause: Callable[[int], int] | None = None,
        ) -> "Executor":
            parameters, exposures = _facts_of(run, prepared, work, weights)
            emulation = Emulation(
                work, weights, parameters=parameters, exposures=exposures,
                machines=machines, rounds=rounds, rule=RULES[rule],
            )  # fmt: skip
            made.append(emulation)
            return emulation

        model = replace(run, make_executor=make_executor).complete(prepared, callback)
    return Emulated(model, made[0].n_merges, made[0].merging_s, made[0].most_machines)


def _facts_of(
    run: TrainingRun, prepared: Prepared, work: Work, weights: AnyWeights
) -> tuple[Parameters, dict[str, Exposure]]:
    """Return views of the weights without padding, and the exposures of their rows."""
    objective, counts = objective_of(run.settings.model), prepared.vocabulary.counts
    exposures = objective.exposures(work.tables[-1], counts, sample=run.settings.training.sample)
    return unpadded_views(weights._asdict(), objective.shapes(len(counts))), exposures
