"""The order of a run: every chunk in every epoch, fixed by the seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.sampling import chunk_order


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
    """The tasks of a run. A run that is stopped goes on behind the last one that was done."""

    def __init__(self, chunk_tokens: NDArray[np.int64], *, epochs: int, seed: int):
        self.chunk_tokens = chunk_tokens
        self.n_chunks = chunk_tokens.size
        self.n_tasks = self.n_chunks * epochs
        self.n_tokens = int(chunk_tokens.sum())
        """Tokens of an epoch."""
        self.orders = [chunk_order(n_chunks=self.n_chunks, seed=seed, epoch=epoch) for epoch in range(epochs)]
        self.first_tokens = [
            epoch * self.n_tokens + np.concatenate(([0], np.cumsum(chunk_tokens[order])[:-1]))
            for epoch, order in enumerate(self.orders)
        ]

    def task(self, number: int) -> Task:
        """Return a task by its place in the order."""
        epoch, position = divmod(number, self.n_chunks)
        return Task(number, epoch, int(self.orders[epoch][position]), int(self.first_tokens[epoch][position]))

    def n_tokens_before(self, number: int) -> int:
        """Return the tokens of all tasks before one, or of the whole run."""
        return self.task(number).first_token if number < self.n_tasks else self.n_tokens * len(self.orders)
