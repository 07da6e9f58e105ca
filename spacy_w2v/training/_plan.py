"""The plan of a run: the order of all work items in all epochs, determined by the seed."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.training._randomness import item_order

Order: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The items of an epoch in order, and for each of them the number of units before it in the epoch."""

MAX_CACHED_ORDERS = 4
"""Number of epochs whose orders are cached."""


class Task(NamedTuple):
    """One work item in one epoch."""

    number: int
    """Position of the task in the whole run, from 0."""
    epoch: int
    """The epoch, from 0."""
    item: int
    """The work item, from 0."""
    first: int
    """Number of units (tokens, for chunks) before the item in the whole run."""
    size: int
    """Number of units of the item."""


class Plan:
    """The tasks of a run in order. A resumed run starts after the last completed task."""

    def __init__(self, sizes: NDArray[np.int64], *, epochs: int, seed: int):
        """Create the plan.

        Args:
            sizes: int64; the size of each item, in units such as tokens.
            epochs: Number of epochs.
            seed: Determines the order of the items in each epoch.
        """
        self.sizes = sizes
        self.n_items = sizes.size
        self.n_tasks = self.n_items * epochs
        self.epoch_size = int(sizes.sum())
        """Number of units of an epoch."""
        self.epochs = epochs
        self._seed = seed
        self._orders: dict[int, Order] = {}  # of the current epochs only, as there may be a million

    def __getstate__(self) -> dict[str, Any]:  # Any: attributes
        """Return the state to pickle, without the cached orders."""
        return self.__dict__ | {"_orders": {}}

    def task(self, number: int) -> Task:
        """Return the task with this number."""
        epoch, position = divmod(number, self.n_items)
        order, firsts = self._order(epoch)
        item = int(order[position])
        first = epoch * self.epoch_size + int(firsts[position])
        return Task(number, epoch, item, first=first, size=int(self.sizes[item]))

    def size_before(self, number: int) -> int:
        """Return the number of units of all tasks before this one; of the whole run for the number of tasks."""
        return self.task(number).first if number < self.n_tasks else self.epoch_size * self.epochs

    def _order(self, epoch: int) -> Order:
        """Return the items of an epoch in order, and the number of units before each."""
        found = self._orders.get(epoch)
        if found is None:
            order = item_order(n_items=self.n_items, seed=self._seed, epoch=epoch)
            found = order, np.concatenate(([0], np.cumsum(self.sizes[order])[:-1]))
            recent = {other: self._orders[other] for other in sorted(self._orders)[1 - MAX_CACHED_ORDERS :]}
            self._orders = recent | {epoch: found}  # one assignment, because several threads may be here
        return found
