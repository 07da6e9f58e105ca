"""The merge of the changes of all replicas: what the driver computes, and the whole of it in one process."""

from collections.abc import Mapping, Sequence

from spacy_w2v._arrays import Exposure, Parameters
from spacy_w2v.merging._balance import make_balance
from spacy_w2v.merging._damping import Damping, make_damping
from spacy_w2v.merging._moments import Square, curvature, imbalance, imbalance_target
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


def merge_changes(
    start: Parameters,
    changes: Sequence[Parameters],
    exposures: Mapping[str, Exposure],
    *,
    steps: float,
    balanced: bool = True,
) -> Parameters:
    """Return the merged rows, in one process and one shard. See `ShardMerge` for merging in several.

    Args:
        start: The rows at the start of the round, without padding.
        changes: For each replica, at least two, its rows at the end of the round minus those at the start.
        exposures: The exposures of the objective.
        steps: Sum of the learning rates of all predictions of a replica: the mean over the replicas.
        balanced: Whether to balance. It must be false if words are frozen, as their scores would change.
    """
    shard = ShardMerge(start, {name: exposure.shares for name, exposure in exposures.items()})
    dampings = make_dampings(shard.sum_changes(changes), exposures, steps=steps, n_replicas=len(changes))
    grams = shard.damp(dampings)
    if not balanced:
        return shard.finish(None)
    ends = [imbalance({name: start[name] + change[name] for name in start}) for change in changes]
    return shard.finish(make_balance(grams, target=imbalance_target(imbalance(start), ends)))
