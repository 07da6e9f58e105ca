"""Merging the changes of all replicas, row-sharded: the calls, and the arithmetic on d × d matrices between them.

The k-th replica merges the k-th shard of the rows. Rows go from replica to replica without passing the driver, until
they are merged.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from spacy_w2v._system.blas import limited_blas
from spacy_w2v.cluster._cluster import Reference
from spacy_w2v.errors import TrainingError
from spacy_w2v.merging._balance import Balance, balance_target, make_balance
from spacy_w2v.merging._merge import make_dampings
from spacy_w2v.merging._moments import Square
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training.distributed._replica import Assignment
from spacy_w2v.training.distributed._replicas import Replicas


class Merging:
    """Merges the changes of replicas into rows, round after round."""

    def __init__(self, replicas: Replicas, assignment: Assignment, *, n_threads: int):
        """Create it.

        Args:
            replicas: The replicas.
            assignment: What the replicas have.
            n_threads: Number of threads of this process for matrix products.
        """
        self._replicas = replicas
        self._assignment = assignment
        self._n_threads = n_threads

    def merge(self) -> list[Reference]:
        """Merge the changes of all replicas that took part in a round, and return references to the rows of each shard.

        One replica has nothing to merge with: its weights are the result, to the bit.

        Raises:
            MachineLostError: A replica was lost. The others are as before, so the merge can be repeated.
            TrainingError: The weights have diverged.
        """
        members = self._replicas.taking_part
        if len(members) == 1:
            return [members[0].call("rows")]
        ends = [member.remote.call("trained_rows", len(members), n_results=len(members)) for member in members]
        parts = [
            member.call("sum_changes", number, *(shards[number] for shards in ends))
            for number, member in enumerate(members)
        ]
        sums = added(self._replicas.wait(parts))
        del ends  # which frees them
        self._check_finite(sums)
        results = [member.results for member in members]
        with limited_blas(self._n_threads):
            dampings = make_dampings(
                sums,
                self._assignment.exposures,
                steps=steps_of(results, self._assignment.work.schedule),
                n_replicas=len(members),
            )
        grams = added(self._replicas.call_all("damp", dampings))
        balance = self._balance(grams, sums)
        return [member.call("finish", balance) for member in members]

    def _balance(self, grams: Mapping[str, Square], sums: Mapping[str, Square]) -> Balance | None:
        if not self._assignment.is_balanced:
            return None
        with limited_blas(self._n_threads):
            target = balance_target(grams, imbalance=sums["imbalance"], drift=sums["drift"])
            return make_balance(grams, target=target)

    def _check_finite(self, sums: Mapping[str, Square]) -> None:
        for name in self._assignment.exposures:
            if not np.isfinite(sums[name]).all():
                alpha = self._assignment.work.schedule.alpha
                raise TrainingError(
                    f"The {name} vectors must stay finite, but have NaN or infinity after a round. Lower alpha, which "
                    f"is {alpha:.4g}."
                )


def added(parts: Sequence[Mapping[str, Square]]) -> dict[str, Square]:
    """Return the sums of matrices with the same name, added up in order."""
    return {name: sum((part[name] for part in parts[1:]), parts[0][name]) for name in parts[0]}


def steps_of(results: Sequence[Sequence[TaskResult]], schedule: LearningRateSchedule) -> float:
    """Return the sum of the learning rates of all predictions of a replica in a round: the mean over the replicas.

    Args:
        results: The results of each replica.
        schedule: The schedule of the learning rate.
    """
    total = 0.0
    for result in sorted((each for share in results for each in share), key=lambda each: each.task.number):
        alphas = schedule.alphas_between(result.task.first, result.task.first + result.task.size)
        total += result.n_pairs * (float(alphas.first) + float(alphas.last)) / 2
    return total / len(results)
