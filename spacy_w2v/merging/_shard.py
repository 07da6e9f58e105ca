"""The shard that one replica merges: some rows of the input and the output weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters
from spacy_w2v.merging._balance import Balance, multiply
from spacy_w2v.merging._blocks import blocks_of
from spacy_w2v.merging._damping import Damping, damp
from spacy_w2v.merging._moments import Square, gram, moments


class ShardMerge:
    """The merge of the rows of one shard, in three steps between which the driver adds up what all shards return.

    All dictionaries have the keys "input" and "output".
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
        self._n_replicas = 0

    def sum_changes(self, changes: Sequence[Parameters]) -> dict[str, Square]:
        """Add up the changes of the replicas, in their order, and return the moments of start + mean change.

        Args:
            changes: For each replica its rows at the end of the round minus those at the start.
        """
        self._n_replicas = len(changes)
        self._rows = {name: changes[0][name].copy() for name in self._start}
        for change in changes[1:]:
            for name, rows in self._rows.items():
                rows += change[name]
        return {name: self._moments(name) for name in self._rows}

    def _moments(self, name: str) -> Square:
        mean = np.float32(1.0 / self._n_replicas)
        return moments(self._start[name] + mean * self._rows[name], self._shares[name])

    def damp(self, dampings: Mapping[str, Damping]) -> dict[str, Square]:
        """Damp the summed changes, add them to the start, and return the Gram matrices of the new rows."""
        for name, rows in self._rows.items():
            damp(rows, self._shares[name], dampings[name])
            for block in blocks_of(len(rows)):
                rows[block] += self._start[name][block]
        return {name: gram(rows) for name, rows in self._rows.items()}

    def finish(self, balance: Balance | None) -> Parameters:
        """Balance the new rows, and return them, C-contiguous."""
        if balance is not None:
            multiply(self._rows["input"], balance.input)
            multiply(self._rows["output"], balance.output)
        rows, self._rows = self._rows, {}
        return rows
