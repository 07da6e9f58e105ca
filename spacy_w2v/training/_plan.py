"""The order of a run: every work item in every epoch, fixed by the seed."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.training._randomness import item_order

Order: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Of an epoch: its items, and how much of the epoch comes before each."""

ORDERS_KEPT = 4
"""Epochs whose orders are kept."""


class Task(NamedTuple):
    """One work item in one epoch."""

    number: int
    """Place in the order of the whole run, from 0."""
    epoch: int
    """From 0."""
    item: int
    first: int
    """Position of the item's first unit, as a token of a chunk, in the order of the whole run."""
    size: int
    """Units of the item."""


class Plan:
    """The tasks of a run. A resumed run begins after the last one that was done."""

    def __init__(self, sizes: NDArray[np.int64], *, epochs: int, seed: int):
        """Plan so many epochs over items of these sizes, in units such as tokens."""
        self.sizes = sizes
        self.n_items = sizes.size
        self.n_tasks = self.n_items * epochs
        self.epoch_size = int(sizes.sum())
        """Units of an epoch."""
        self.epochs = epochs
        self._seed = seed
        self._orders: dict[int, Order] = {}  # of the epochs under way: there may be a million

    def __getstate__(self) -> dict[str, Any]:  # Any: attributes
        """Leave out what is made again when it is needed."""
        return self.__dict__ | {"_orders": {}}

    def task(self, number: int) -> Task:
        """Return a task by its place in the order."""
        epoch, position = divmod(number, self.n_items)
        order, firsts = self._order(epoch)
        item = int(order[position])
        first = epoch * self.epoch_size + int(firsts[position])
        return Task(number, epoch, item, first=first, size=int(self.sizes[item]))

    def size_before(self, number: int) -> int:
        """Return the units of all tasks before one, or of the whole run."""
        return self.task(number).first if number < self.n_tasks else self.epoch_size * self.epochs

    def _order(self, epoch: int) -> Order:
        """Return the items of an epoch in their order, and the units before each."""
        found = self._orders.get(epoch)
        if found is None:
            order = item_order(n_items=self.n_items, seed=self._seed, epoch=epoch)
            found = order, np.concatenate(([0], np.cumsum(self.sizes[order])[:-1]))
            newest = {other: self._orders[other] for other in sorted(self._orders)[1 - ORDERS_KEPT :]}
            self._orders = newest | {epoch: found}  # put in place at once: several threads may be here
        return found
