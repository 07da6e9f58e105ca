"""The order of a run: every chunk in every epoch, fixed by the seed."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.training._randomness import chunk_order

Order: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Of an epoch: its chunks, and the tokens of the epoch before each."""

ORDERS_KEPT = 4
"""Epochs whose orders are kept."""


class Task(NamedTuple):
    """One chunk in one epoch."""

    number: int
    """Place in the order of the whole run, from 0."""
    epoch: int
    """From 0."""
    chunk: int
    first_token: int
    """Position of the chunk's first token in the order of the whole run."""


class Plan:
    """The tasks of a run. A resumed run begins after the last one that was done."""

    def __init__(self, chunk_tokens: NDArray[np.int64], *, epochs: int, seed: int):
        self.chunk_tokens = chunk_tokens
        self.n_chunks = chunk_tokens.size
        self.n_tasks = self.n_chunks * epochs
        self.n_tokens = int(chunk_tokens.sum())
        """Tokens of an epoch."""
        self.epochs = epochs
        self._seed = seed
        self._orders: dict[int, Order] = {}  # of the epochs under way: there may be a million

    def __getstate__(self) -> dict[str, Any]:  # Any: attributes
        """Leave out what is made again when it is needed."""
        return self.__dict__ | {"_orders": {}}

    def task(self, number: int) -> Task:
        """Return a task by its place in the order."""
        epoch, position = divmod(number, self.n_chunks)
        order, first_tokens = self._order(epoch)
        first_token = epoch * self.n_tokens + int(first_tokens[position])
        return Task(number, epoch, int(order[position]), first_token)

    def n_tokens_before(self, number: int) -> int:
        """Return the tokens of all tasks before one, or of the whole run."""
        return self.task(number).first_token if number < self.n_tasks else self.n_tokens * self.epochs

    def _order(self, epoch: int) -> Order:
        """Return the chunks of an epoch in their order, and the tokens before each."""
        found = self._orders.get(epoch)
        if found is None:
            order = chunk_order(n_chunks=self.n_chunks, seed=self._seed, epoch=epoch)
            found = order, np.concatenate(([0], np.cumsum(self.chunk_tokens[order])[:-1]))
            newest = {other: self._orders[other] for other in sorted(self._orders)[1 - ORDERS_KEPT :]}
            self._orders = newest | {epoch: found}  # put in place at once: several threads may be here
        return found
