"""Detecting divergence: limits for the loss and the norms of vectors."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Parameters, Vectors

LOSS_LIMIT = 3.0
"""Largest mean loss of the most recent chunks, as a multiple of the loss of an untrained model.

Measured with both kernels on the Wikipedia excerpt and on synthetic corpora of 2, 14 and 3,000 words, with 16 and 100
dimensions. Runs that converge stay below 1.0, at learning rates up to 0.2 and with 5 or 20 noise words. The mildest
divergence (sequential kernel at 0.3, norms of 250) reaches 12 to 18, and most runs that diverge reach 30 or infinity.
"""

NORM_LIMIT = 500.0
"""Largest norm of a vector.

In the same measurements, norms stay below 25 in runs that converge. In runs that diverge they reach 200, with a loss
above its limit, or thousands and more. Rows of subwords stay below 60: 54 were seen in 8 epochs of CBOW on 3.4 million
words, 28 in 12 epochs of skip-gram. The vectors that are composed of them are shorter, so the rows are what is checked.
"""

N_FREQUENT = 1_000
"""Number of rows from the start of a matrix, the most trained ones, in a sample."""
N_SPREAD = 10_000
"""Number of other rows, at equal distances, in a sample."""

BLOCK_ROWS = 1_024


@dataclass(frozen=True)
class DivergenceCheck:
    """Checks losses and parameters. Each check returns the beginning of an error text, or None if all is well."""

    parameters: Parameters
    untrained_loss: float = math.inf
    """Loss per prediction of an untrained model; infinity to disable the limit."""
    accumulators: frozenset[str] = frozenset()
    """Names of parameters whose norms are not limited; see `Objective.accumulators`."""

    def check_loss(self, loss: float) -> str | None:
        """Check the mean loss per prediction over several chunks. NaN passes, because it also means no predictions."""
        limit = LOSS_LIMIT * self.untrained_loss
        if loss <= limit or math.isnan(loss):
            return None
        return (
            f"The loss must stay below {limit:.3g}, {LOSS_LIMIT:.3g} times that of untrained vectors, was: {loss:.4g}"
        )

    def check_sample(self) -> str | None:
        """Check a sample of rows of all parameters. Workers may train them at the same time."""
        for name, rows in self._samples.items():
            if (problem := self._check_rows(name, self.parameters[name][rows])) is not None:
                return problem
        return None

    def check_all(self) -> str | None:
        """Check all rows of all parameters."""
        for name, matrix in self.parameters.items():
            for start in range(0, len(matrix), BLOCK_ROWS):
                if (problem := self._check_rows(name, matrix[start : start + BLOCK_ROWS])) is not None:
                    return problem
        return None

    def _check_rows(self, name: str, rows: Vectors) -> str | None:
        if name not in self.accumulators:
            return problem_of_rows(rows, name=name)
        return None if np.isfinite(rows).all() else f"The sums {name} must stay finite, but have NaN or infinity"

    @cached_property
    def _samples(self) -> dict[str, NDArray[np.int64]]:
        return {name: sample_rows(len(matrix)) for name, matrix in self.parameters.items()}


def sample_rows(n_rows: int) -> NDArray[np.int64]:
    """Return the rows of a sample, int64, in order; all rows of a small matrix."""
    if n_rows <= N_FREQUENT + N_SPREAD:
        return np.arange(n_rows)
    return np.concatenate([np.arange(N_FREQUENT), np.linspace(N_FREQUENT, n_rows - 1, N_SPREAD).astype(np.int64)])


def problem_of_rows(rows: Vectors, *, name: str) -> str | None:
    """Return the beginning of an error text if the norm of a row is too large or not finite, otherwise None.

    Args:
        rows: float32; rows of a matrix, or numbers.
        name: The name of the parameter, for the text.
    """
    with np.errstate(all="ignore"):  # an overflow gives infinity, which is detected
        squares = np.einsum("rd,rd->r", rows, rows) if rows.ndim > 1 else rows * rows
        highest = float(np.sqrt(squares.max(initial=0.0)))  # NaN if any square is NaN
    if highest <= NORM_LIMIT:
        return None
    return f"The norms of {name} vectors must stay below {NORM_LIMIT:,.0f}, was: {highest:.4g}"
