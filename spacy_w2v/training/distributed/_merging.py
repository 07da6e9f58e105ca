"""Merging the changes of all replicas, row-sharded: the calls. See `Replica` for what they do.

The k-th replica merges the k-th shard of the rows. Rows go from replica to replica without passing the driver, until
they are merged. The first replica computes what all shards need together. So this process need not wait between calls.
"""

from collections.abc import Sequence

from spacy_w2v.cluster._cluster import Reference
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training.distributed._replicas import Member


def merge(members: Sequence[Member], schedule: LearningRateSchedule) -> list[Reference]:
    """Merge the changes of all replicas that took part in a round, and return references to the rows of each shard.

    One replica has nothing to merge with: its weights are the result, to the bit. If a replica is lost, the others are
    as before, so the merge can be repeated. If the weights have diverged, the references have a TrainingError.

    Args:
        members: The replicas.
        schedule: The schedule of the learning rate.
    """
    first, n = members[0], len(members)
    if n == 1:
        return [first.call("rows")]
    ends = [member.remote.call("trained_rows", own, n, n_results=n) for own, member in enumerate(members)]
    sums = [
        member.call("sum_changes", number, *(shards[number] for shards in ends))
        for number, member in enumerate(members)
    ]
    dampings = first.call("make_dampings", steps_of([member.results for member in members], schedule), *sums)
    grams = [member.call("damp", dampings) for member in members]
    balance = first.call("make_balance", *grams)
    return [member.call("finish", balance) for member in members]


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
