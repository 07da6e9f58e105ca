"""The shard that one replica merges: some rows of the input and the output weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors
from spacy_w2v.merging._balance import Balance, multiply
from spacy_w2v.merging._blocks import BLOCK_ROWS, blocks_of, samples_of
from spacy_w2v.merging._damping import Damping, damp_block
from spacy_w2v.merging._moments import MomentSum, Square, gram


class ShardMerge:
    """The merge of the rows of one shard, in three steps between which the driver adds up what all shards return.

    The dictionaries of parameters have the keys "input" and "output". Rows are changed block by block. Sums over
    all rows take a sample of the rare ones: see `samples_of`.
    """

    def __init__(self, start: Parameters, shares: Mapping[str, NDArray[np.float64]], *, balanced: bool = True):
        """Create it.

        Args:
            start: The rows at the start of the round, without padding. They are only read.
            shares: `Exposure.shares` of these rows.
            balanced: Whether the merge ends with a balance. It must not if words are frozen, whose scores would change.
        """
        self._start = start
        self._shares = shares
        self._samples = {name: samples_of(each) for name, each in shares.items()}
        self._balanced = balanced
        self._rows: Parameters = {}

    def sum_changes(self, ends: Sequence[Parameters]) -> dict[str, Square]:
        """Add up the changes of the replicas, in their order.

        Args:
            ends: The rows of each replica at the end of the round. They are only read.

        Returns:
            For each parameter the moments of start + mean change. With a balance, "imbalance" has XᵀX - YᵀY at the
            start as well, and "drift" what the replicas changed of it, added up. If a change is not finite, the moments
            of its parameter are not.
        """
        self._rows = {name: np.empty(rows.shape, np.float32) for name, rows in self._start.items()}
        sums = {name: self._summed(name, [end[name] for end in ends]) for name in self._rows}
        if self._balanced:
            of_inputs, of_outputs = (self._grams(name, [end[name] for end in ends]) for name in ("input", "output"))
            sums["imbalance"], sums["drift"] = of_inputs[0] - of_outputs[0], of_inputs[1] - of_outputs[1]
        return sums

    def _summed(self, name: str, ends: Sequence[Vectors]) -> Square:
        rows, start = self._rows[name], self._start[name]
        ones, sums = np.ones(BLOCK_ROWS, np.float32), np.zeros(rows.shape[1], np.float32)
        change = np.empty((BLOCK_ROWS, rows.shape[1]), np.float32)
        for block in blocks_of(len(rows)):
            total, before = rows[block], start[block]
            np.subtract(ends[0][block], before, out=total)
            for end in ends[1:]:
                total += np.subtract(end[block], before, out=change[: len(total)])
            sums += ones[: len(total)] @ total
        moments = MomentSum(rows.shape[1])
        for sample in self._samples[name]:
            middle = rows[sample.rows] * np.float32(1.0 / len(ends))
            middle += start[sample.rows]
            moments.add(middle, sample.weight * self._shares[name][sample.rows])
        if not np.isfinite(sums).all():  # of rows that are not in the samples, too
            moments.total[...] = np.nan
        return moments.total

    def _grams(self, name: str, ends: Sequence[Vectors]) -> tuple[Square, Square]:
        """Return the Gram matrix of the rows at the start, and the sum of its changes by all replicas."""
        samples = self._samples[name]
        of_start = gram(self._start[name], samples)
        changes = np.zeros_like(of_start)
        for end in ends:
            changes += gram(end, samples) - of_start
        return of_start, changes

    def damp(self, dampings: Mapping[str, Damping]) -> dict[str, Square]:
        """Damp the summed changes, and add them to the start.

        Returns:
            For each parameter the Gram matrix of the new rows; nothing without a balance.
        """
        for name, damping in dampings.items():
            self._damp(name, damping)
        return {name: gram(rows, self._samples[name]) for name, rows in self._rows.items()} if self._balanced else {}

    def _damp(self, name: str, damping: Damping) -> None:
        rows, start, shares = self._rows[name], self._start[name], self._shares[name]
        for block in blocks_of(len(rows)):
            new = rows[block]
            damp_block(new, shares[block], damping)
            new += start[block]

    def finish(self, balance: Balance | None) -> Parameters:
        """Balance the new rows, and return them, C-contiguous."""
        if balance is not None:
            multiply(self._rows["input"], balance.input)
            multiply(self._rows["output"], balance.output)
        rows, self._rows = self._rows, {}
        return rows
