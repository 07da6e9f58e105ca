"""The shard that one replica merges: some rows of the input and the output weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors
from spacy_w2v.merging._balance import Balance, multiply
from spacy_w2v.merging._blocks import blocks_of
from spacy_w2v.merging._damping import Damping, damp_block
from spacy_w2v.merging._moments import MomentSum, Square


class ShardMerge:
    """The merge of the rows of one shard, in three steps between which the driver adds up what all shards return.

    All dictionaries have the keys "input" and "output". Each step goes through the rows once, block by block.
    """

    def __init__(self, start: Parameters, shares: Mapping[str, NDArray[np.float64]]):
        """Create it.

        Args:
            start: The rows at the start of the round, without padding. They are only read.
            shares: `Exposure.shares` of these rows.
        """
        self._start = start
        self._shares = shares
        self._rows: Parameters = {}

    def sum_changes(self, changes: Sequence[Parameters]) -> dict[str, Square]:
        """Add up the changes of the replicas, in their order, and return the moments of start + mean change.

        Args:
            changes: For each replica its rows at the end of the round minus those at the start.
        """
        self._rows = {name: np.empty(rows.shape, np.float32) for name, rows in self._start.items()}
        return {name: self._summed(name, [change[name] for change in changes]) for name in self._rows}

    def _summed(self, name: str, changes: Sequence[Vectors]) -> Square:
        rows, start, shares = self._rows[name], self._start[name], self._shares[name]
        moments = MomentSum(rows.shape[1])
        for block in blocks_of(len(rows)):
            total = rows[block]
            total[...] = changes[0][block]
            for change in changes[1:]:
                total += change[block]
            middle = total * np.float32(1.0 / len(changes))
            middle += start[block]
            moments.add(middle, shares[block])
        return moments.total

    def damp(self, dampings: Mapping[str, Damping]) -> dict[str, Square]:
        """Damp the summed changes, add them to the start, and return the Gram matrices of the new rows."""
        return {name: self._damped(name, damping) for name, damping in dampings.items()}

    def _damped(self, name: str, damping: Damping) -> Square:
        rows, start, shares = self._rows[name], self._start[name], self._shares[name]
        gram = np.zeros((rows.shape[1], rows.shape[1]))
        for block in blocks_of(len(rows)):
            new = rows[block]
            damp_block(new, shares[block], damping)
            new += start[block]
            gram += new.T @ new
        return gram

    def finish(self, balance: Balance | None) -> Parameters:
        """Balance the new rows, and return them, C-contiguous."""
        if balance is not None:
            multiply(self._rows["input"], balance.input)
            multiply(self._rows["output"], balance.output)
        rows, self._rows = self._rows, {}
        return rows
