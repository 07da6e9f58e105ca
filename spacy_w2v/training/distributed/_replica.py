"""A replica: the copy of the weights on a machine, the threads that train it, and the shard of it that is merged there.

Nothing here knows of the cluster. Each method is one call of the driver: see `RoundExecutor` for their order.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Exposure, Parameters
from spacy_w2v._system.blas import limited_blas, single_threaded_blas
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.merging._balance import Balance
from spacy_w2v.merging._blocks import shard_rows
from spacy_w2v.merging._damping import Damping
from spacy_w2v.merging._moments import Square
from spacy_w2v.merging._shard import ShardMerge
from spacy_w2v.objectives._parameters import n_bytes, unpadded_views, zero_parameters
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._executors import ThreadExecutor
from spacy_w2v.training._memory import check_memory
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work import Work

COPIES_OF_REPLICA = 2
"""The weights that a replica has in memory: those that are trained, and those at the start of the round."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """What all replicas of a run need, besides the weights. It can be pickled."""

    work: Work
    model: ModelSettings
    n_words: int
    """Size of the vocabulary."""
    exposures: Mapping[str, Exposure]
    """How much the rows of each parameter are trained. See `Objective.exposures`."""

    @property
    def is_balanced(self) -> bool:
        """Whether merges end with a balance, which would move the vectors of frozen words."""
        return not self.work.settings.frozen.any()


class Poll(NamedTuple):
    """What a replica has trained since it was last asked."""

    results: list[TaskResult]
    done: bool
    """Whether its share is complete."""


def fill(parameters: Parameters, shards: Sequence[Parameters]) -> None:
    """Fill parameters with the rows of shards.

    Args:
        parameters: The arrays to fill, without padding.
        shards: The rows of each shard, in order: those of several replicas, or one shard with all rows.
    """
    for name, parameter in parameters.items():
        for rows, shard in zip(shard_rows(len(parameter), len(shards)), shards, strict=True):
            parameter[rows] = shard[name]


class Replica:
    """A copy of the weights of a run, which threads train, and whose changes are merged with those of the others."""

    def __init__(self, n_threads: int):
        """Create it. `set_up` follows.

        Args:
            n_threads: Number of threads that train.
        """
        self.n_threads = n_threads
        self.version = -1
        """The number of the weights that were loaded: how many rounds were merged into them. -1 for none."""
        self._n_left = 0
        self._merge: ShardMerge | None = None
        self._at_end = ExitStack()

    def set_up(self, assignment: Assignment) -> None:
        """Create the weights, open the work items, and compile the kernel.

        Raises:
            StorageError: The work items cannot be read here, for example because their files are on another machine.
            TrainingError: The weights do not fit into memory.
        """
        objective = objective_of(assignment.model)
        work = assignment.work.for_replica(self.n_threads)
        self._exposures = assignment.exposures
        self._is_balanced = assignment.is_balanced
        shapes = objective.shapes(assignment.n_words)
        n_words, vector_size = assignment.n_words, assignment.model.vector_size
        check_memory(COPIES_OF_REPLICA * n_bytes(shapes), n_words=n_words, vector_size=vector_size)
        if objective.needs_one_blas_thread:
            self._at_end.enter_context(single_threaded_blas())
        parameters = zero_parameters(shapes)
        self._weights = unpadded_views(parameters, shapes)
        self._start = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self._threads = ThreadExecutor(work, objective.weights(parameters), n_workers=work.settings.workers)
        self._at_end.callback(self._threads.stop)

    def loaded_version(self) -> int:
        """Return `version`, which also tells that the replica is alive."""
        return self.version

    def load(self, version: int, *shards: Parameters) -> None:
        """Set the weights with which the next round starts.

        Args:
            version: Their number.
            shards: Their rows, in order, as `finish` or `rows` of the replicas return them.
        """
        self._threads.stop()
        self._merge = None
        fill(self._start, shards)
        self.version = version

    # --- training

    def begin(self, tasks: range) -> None:
        """Start to train a share of the tasks, from the weights that were loaded. This does not wait.

        If a share is being trained, it is given up.
        """
        self._threads.stop()
        for name, start in self._start.items():
            self._weights[name][...] = start
        self._n_left = len(tasks)
        self._threads.begin(tasks)

    def poll(self, timeout_s: float) -> Poll:
        """Return the results of tasks since the last call, when the share is complete or after timeout_s seconds.

        Raises:
            BaseException: The error of a thread.
        """
        deadline = time.monotonic() + timeout_s
        results: list[TaskResult] = []
        while self._n_left:
            result = self._threads.next_result(timeout_s=max(0.0, deadline - time.monotonic()))
            if result is None:
                break
            results.append(result)
            self._n_left -= 1
        return Poll(results, done=not self._n_left)

    # --- merging

    def rows(self) -> Parameters:
        """Return the trained weights, without padding. They are the merged ones if there are no other replicas."""
        return next(self.trained_rows(1))

    def trained_rows(self, n_shards: int) -> Iterator[Parameters]:
        """Yield the trained weights, shard by shard.

        Args:
            n_shards: Number of shards, which is that of the replicas.
        """
        for number in range(n_shards):
            shard = self._shard(number, n_shards)
            yield {name: np.ascontiguousarray(self._weights[name][rows]) for name, rows in shard.items()}

    def sum_changes(self, number: int, *ends: Parameters) -> dict[str, Square]:
        """Begin to merge a shard: add up the changes of its rows, and return sums over them. See `ShardMerge`.

        Args:
            number: The number of the shard, from 0.
            ends: Its rows in all replicas, after training.
        """
        shard = self._shard(number, len(ends))
        start = {name: self._start[name][rows] for name, rows in shard.items()}
        shares = {name: self._exposures[name].shares[rows] for name, rows in shard.items()}
        self._merge = ShardMerge(start, shares, balanced=self._is_balanced)
        with limited_blas(self.n_threads):
            return self._merge.sum_changes(ends)

    def damp(self, dampings: Mapping[str, Damping]) -> dict[str, Square]:
        """Damp the summed changes of the shard, and return the Gram matrices of its new rows. See `ShardMerge`."""
        assert self._merge is not None
        with limited_blas(self.n_threads):
            return self._merge.damp(dampings)

    def finish(self, balance: Balance | None) -> Parameters:
        """Balance the new rows of the shard, and return them. See `ShardMerge`."""
        assert self._merge is not None
        with limited_blas(self.n_threads):
            return self._merge.finish(balance)

    def close(self) -> None:
        """End the threads, after their tasks."""
        self._at_end.close()

    def _shard(self, number: int, n_shards: int) -> dict[str, slice]:
        return {name: shard_rows(len(start), n_shards)[number] for name, start in self._start.items()}
