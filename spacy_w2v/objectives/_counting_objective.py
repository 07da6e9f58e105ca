"""The interface of losses that learn from co-occurrence counts: cells of a matrix with a row and a column per word."""

from collections.abc import Iterable, Iterator
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, Counts, Exposure, OutputLayer, Tree, Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.objectives._predictions import Predictions


class CellMatrix(Protocol):
    """The co-occurrence counts of a corpus, which may be on disk."""

    @property
    def n_words(self) -> int:
        """Number of rows, and of columns."""

    @property
    def n_cells(self) -> int:
        """Number of cells that are not zero."""

    def batches(self) -> Iterator[Cells]:
        """Yield all cells, in batches."""


class CountingObjective(Objective):
    """A loss that learns from co-occurrence counts. Input vectors belong to rows, output vectors to columns."""

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        shape = (n_words, self.settings.vector_size)
        return {"input": shape, "output": shape}

    def exposures(self, tables: OutputLayer, counts: Counts, *, sample: float) -> dict[str, Exposure]:
        """Raise ConfigError: counts are learned, not predictions."""
        raise ConfigError(
            f'Training on several machines needs a loss that learns from texts, was: "{self.name}", which learns from '
            "the counts of a whole corpus. Set engine = null, or choose another loss."
        )

    def _output_exposure(self, tables: OutputLayer, counts: Counts, *, sample: float) -> Exposure:
        raise NotImplementedError

    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """Raise ConfigError: counts are learned, not predictions."""
        self._refuse_predictions()

    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """Raise ConfigError: counts are learned, not predictions."""
        self._refuse_predictions()

    def _refuse_predictions(self) -> NoReturn:
        raise ConfigError(
            f'A model that predicts words must be trained to predict them, was: loss = "{self.name}", which learns '
            "from counts. Train a model with another loss, or use most_similar."
        )


def expected_counts(cells: Cells, keep: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the counts of cells that are expected after subsampling, float64[n].

    A pair of words is kept with the product of their probabilities. Windows stay as they are.

    Args:
        cells: n cells.
        keep: v; the probability that a token of each word is kept.
    """
    return cells.counts * keep[cells.words] * keep[cells.contexts]


def mean_over(values: Iterable[NDArray[np.float64]]) -> float:
    """Return the mean of all numbers in several arrays; infinity if there are none."""
    total, n = 0.0, 0
    for array in values:
        total, n = total + float(array.sum()), n + array.size
    return total / n if n else float("inf")
