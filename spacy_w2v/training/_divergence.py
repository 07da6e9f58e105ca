"""Whether a run diverges: losses and norms stay where sane runs have them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors

LOSS_LIMIT = 3.0
"""Largest mean loss of the newest chunks, as a multiple of the loss of a model that knows nothing.

Measured with both kernels on the Wikipedia excerpt and on made-up corpora of 2, 14 and 3,000 words, 16 and 100
dimensions: sane runs stay below 1.0, at learning rates up to 0.2 and with 5 or 20 noise words. The mildest explosions
(sequential at 0.3, norms of 250) have 12 to 18, most have 30 or infinity.
"""

NORM_LIMIT = 500.0
"""Largest norm of a vector.

In the same runs, norms of sane ones stay below 25 at learning rates up to 0.2, and explode to 200 and the loss with
them, or to thousands and beyond.
"""

N_FREQUENT = 1_000
N_SPREAD = 10_000
"""Rows of a sample: the first ones, which are trained most, and others in equal distances."""

BLOCK_ROWS = 1_024


@dataclass(frozen=True)
class DivergenceCheck:
    """Looks at losses and weights; each look returns what is wrong, as the beginning of a sentence, or None."""

    parameters: Parameters
    untrained_loss: float = math.inf
    """Loss per pair of a model that knows nothing; infinity for no limit."""
    accumulators: frozenset[str] = frozenset()
    """Parameters whose norms have no limit, see `Objective.accumulators`."""

    def of_loss(self, loss: float) -> str | None:
        """Look at the mean loss per pair over some chunks. NaN stands for no pairs as well, and passes."""
        limit = LOSS_LIMIT * self.untrained_loss
        if loss <= limit or math.isnan(loss):
            return None
        return (
            f"The loss must stay below {limit:.3g}, {LOSS_LIMIT:.3g} times that of untrained vectors, was: {loss:.4g}"
        )

    def of_sample(self) -> str | None:
        """Look at some rows of all parameters, while they may be trained."""
        for name, rows in self._samples.items():
            if (problem := self._of_rows(name, self.parameters[name][rows])) is not None:
                return problem
        return None

    def of_all(self) -> str | None:
        """Look at all rows of all parameters."""
        for name, matrix in self.parameters.items():
            for start in range(0, len(matrix), BLOCK_ROWS):
                if (problem := self._of_rows(name, matrix[start : start + BLOCK_ROWS])) is not None:
                    return problem
        return None

    def _of_rows(self, name: str, rows: Vectors) -> str | None:
        if name not in self.accumulators:
            return problem_of_rows(rows, name=name)
        return None if np.isfinite(rows).all() else f"The sums {name} must stay finite, but do not"

    @cached_property
    def _samples(self) -> dict[str, NDArray[np.int64]]:
        return {name: sample_rows(len(matrix)) for name, matrix in self.parameters.items()}


def sample_rows(n_rows: int) -> NDArray[np.int64]:
    """Return the rows of a sample, in order: all of them if they are few."""
    if n_rows <= N_FREQUENT + N_SPREAD:
        return np.arange(n_rows)
    return np.concatenate([np.arange(N_FREQUENT), np.linspace(N_FREQUENT, n_rows - 1, N_SPREAD).astype(np.int64)])


def problem_of_rows(rows: Vectors, *, name: str) -> str | None:
    """Look at some rows of a matrix: return what is wrong, as the beginning of a sentence, or None."""
    with np.errstate(all="ignore"):  # what overflows is infinite, and found
        squares = np.einsum("rd,rd->r", rows, rows) if rows.ndim > 1 else rows * rows
        highest = float(np.sqrt(squares.max(initial=0.0)))  # NaN wins
    if highest <= NORM_LIMIT:
        return None
    return f"The norms of {name} vectors must stay below {NORM_LIMIT:,.0f}, was: {highest:.4g}"
