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
from spacy_w2v.errors import TrainingError
from spacy_w2v.merging._balance import Balance, balance_target, make_balance
from spacy_w2v.merging._blocks import shard_rows
from spacy_w2v.merging._damping import Damping
from spacy_w2v.merging._merge import make_dampings
from spacy_w2v.merging._moments import Square, added
from spacy_w2v.merging._shard import ShardMerge
from spacy_w2v.objectives._input_rows import RowPerWord
from spacy_w2v.objectives._parameters import n_bytes, unpadded_views, zero_parameters
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._executors import ThreadExecutor
from spacy_w2v.training._memory import check_memory
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work import Work

COPIES_OF_REPLICA = 2
"""The weights that a replica has in memory: those that are trained, and those at the start of the round.

The latter are in the memory of the engine, which the replicas of a machine share.
"""


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


def rows_of_shard(shards: Sequence[Parameters], number: int, n_shards: int) -> Parameters:
    """Return the rows of a shard, where the same rows may be cut into another number of shards.

    Args:
        shards: All rows, in shards.
        number: The number of the shard, from 0.
        n_shards: Number of shards of which it is one.
    """
    if len(shards) == n_shards:
        return shards[number]
    lengths = {name: sum(len(shard[name]) for shard in shards) for name in shards[0]}
    whole = shards[0]
    if len(shards) > 1:
        whole = {name: np.empty((n, shards[0][name].shape[1]), np.float32) for name, n in lengths.items()}
        fill(whole, shards)
    return {name: rows[shard_rows(lengths[name], n_shards)[number]] for name, rows in whole.items()}


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
        self._sums: dict[str, Square] = {}
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
        self._alpha = work.schedule.alpha
        shapes = objective.shapes(assignment.n_words)
        n_words, vector_size = assignment.n_words, assignment.model.vector_size
        check_memory(COPIES_OF_REPLICA * n_bytes(shapes), n_words=n_words, vector_size=vector_size)
        if objective.needs_one_blas_thread:
            self._at_end.enter_context(single_threaded_blas())
        parameters = zero_parameters(shapes)
        self._weights = unpadded_views(parameters, shapes)
        self._start: Sequence[Parameters] = ()
        weights = objective.weights(parameters, RowPerWord(n_words))
        self._threads = ThreadExecutor(work, weights, n_workers=work.settings.workers)
        self._at_end.callback(self._threads.stop)

    def loaded_version(self) -> int:
        """Return `version`, which also tells that the replica is alive."""
        return self.version

    def load(self, version: int, *shards: Parameters) -> None:
        """Set the weights with which the next round starts.

        Args:
            version: Their number.
            shards: Their rows, in order, as `finish` or `rows` of the replicas return them. They are kept, and not
                changed.
        """
        self._threads.stop()
        self._merge = None
        self._start = shards
        self.version = version

    # --- training

    def begin(self, version: int, tasks: range) -> None:
        """Start to train a share of the tasks, from the weights that were loaded. This does not wait.

        If a share is being trained, it is given up.

        Args:
            version: The number of these weights. With others, because the last call of `load` has failed, nothing
                happens.
            tasks: The numbers of the tasks.
        """
        if version != self.version:
            return
        self._threads.stop()
        fill(self._weights, self._start)
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
        return {name: np.ascontiguousarray(weights) for name, weights in self._weights.items()}

    def trained_rows(self, own: int, n_shards: int) -> Iterator[Parameters | None]:
        """Yield the trained weights, shard by shard, for the other replicas.

        Args:
            own: The number of the shard that is merged here, from 0. None stands for its rows, which stay here.
            n_shards: Number of shards, which is that of the replicas.
        """
        for number in range(n_shards):
            rows = self._own_rows(number, n_shards)
            yield {name: np.ascontiguousarray(each) for name, each in rows.items()} if number != own else None

    def sum_changes(self, number: int, *ends: Parameters | None) -> dict[str, Square]:
        """Begin to merge a shard: add up the changes of its rows, and return sums over them. See `ShardMerge`.

        Args:
            number: The number of the shard, from 0.
            ends: Its rows in all replicas, after training; None for those of this replica.
        """
        n_shards = len(ends)
        start, own = rows_of_shard(self._start, number, n_shards), self._own_rows(number, n_shards)
        shares = {
            name: exposure.shares[shard_rows(len(exposure.shares), n_shards)[number]]
            for name, exposure in self._exposures.items()
        }
        self._merge = ShardMerge(start, shares, balanced=self._is_balanced)
        with limited_blas(self.n_threads):
            return self._merge.sum_changes([own if end is None else end for end in ends])

    def make_dampings(self, steps: float, *sums: Mapping[str, Square]) -> dict[str, Damping]:
        """Return how the rows of all shards are damped.

        Args:
            steps: Sum of the learning rates of all predictions of a replica: the mean over the replicas.
            sums: What `sum_changes` returned for each shard.

        Raises:
            TrainingError: The weights have diverged.
        """
        self._sums = added(sums)
        for name in self._exposures:
            if not np.isfinite(self._sums[name]).all():
                raise TrainingError(
                    f"The {name} vectors must stay finite, but have NaN or infinity after a round. Lower alpha, which "
                    f"is {self._alpha:.4g}."
                )
        with limited_blas(self.n_threads):
            return make_dampings(self._sums, self._exposures, steps=steps, n_replicas=len(sums))

    def damp(self, dampings: Mapping[str, Damping]) -> dict[str, Square]:
        """Damp the summed changes of the shard, and return the Gram matrices of its new rows. See `ShardMerge`."""
        assert self._merge is not None
        with limited_blas(self.n_threads):
            return self._merge.damp(dampings)

    def make_balance(self, *grams: Mapping[str, Square]) -> Balance | None:
        """Return the balance of all rows, after `make_dampings`; None for no balance.

        Args:
            grams: What `damp` returned for each shard.
        """
        if not self._is_balanced:
            return None
        total, sums = added(grams), self._sums
        with limited_blas(self.n_threads):
            target = balance_target(total, imbalance=sums["imbalance"], drift=sums["drift"])
            return make_balance(total, target=target)

    def finish(self, balance: Balance | None) -> Parameters:
        """Balance the new rows of the shard, and return them. See `ShardMerge`."""
        assert self._merge is not None
        with limited_blas(self.n_threads):
            return self._merge.finish(balance)

    def close(self) -> None:
        """End the threads, after their tasks."""
        self._at_end.close()

    def _own_rows(self, number: int, n_shards: int) -> Parameters:
        return {name: rows[shard_rows(len(rows), n_shards)[number]] for name, rows in self._weights.items()}
