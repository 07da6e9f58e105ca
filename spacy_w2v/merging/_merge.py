"""The merge of the changes of all replicas: what the driver computes, and the whole of it in one process."""

from collections.abc import Mapping, Sequence

from spacy_w2v._arrays import Exposure, Parameters
from spacy_w2v.merging._balance import balance_target, make_balance
from spacy_w2v.merging._damping import Damping, make_damping
from spacy_w2v.merging._moments import Square, curvature
from spacy_w2v.merging._shard import ShardMerge

OTHER = {"input": "output", "output": "input"}
"""The parameter whose rows decide the curvature for those of each parameter."""


def make_dampings(
    moments: Mapping[str, Square], exposures: Mapping[str, Exposure], *, steps: float, n_replicas: int
) -> dict[str, Damping]:
    """Return the damping of the rows of each parameter.

    Args:
        moments: The moments of the rows of each parameter, added up over all shards.
        exposures: The exposures of the objective.
        steps: Sum of the learning rates of all predictions of a replica: the mean over the replicas.
        n_replicas: Number of replicas.
    """
    return {
        name: make_damping(curvature(moments[other], exposures[other].coupling), steps=steps, n_replicas=n_replicas)
        for name, other in OTHER.items()
    }


def merge_replicas(
    start: Parameters,
    ends: Sequence[Parameters],
    exposures: Mapping[str, Exposure],
    *,
    steps: float,
    balanced: bool = True,
) -> Parameters:
    """Return the merged rows, in one process and one shard. See `ShardMerge` for merging in several.

    Args:
        start: The rows at the start of the round, without padding.
        ends: For each replica, at least two, its rows at the end of the round.
        exposures: The exposures of the objective.
        steps: Sum of the learning rates of all predictions of a replica: the mean over the replicas.
        balanced: Whether to balance. It must be false if words are frozen, as their scores would change.
    """
    shares = {name: exposure.shares for name, exposure in exposures.items()}
    shard = ShardMerge(start, shares, balanced=balanced)
    sums = shard.sum_changes(ends)
    grams = shard.damp(make_dampings(sums, exposures, steps=steps, n_replicas=len(ends)))
    if not balanced:
        return shard.finish(None)
    target = balance_target(grams, imbalance=sums["imbalance"], drift=sums["drift"])
    return shard.finish(make_balance(grams, target=target))
