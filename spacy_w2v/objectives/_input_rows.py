"""The rows of the input weights, and how they form the vectors of words.

v = vocabulary, d = dimensions.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spacy_w2v._arrays import IdentityInput, InputLayer, Parameters, Vectors
from spacy_w2v.objectives._parameters import Shape

INPUT = "input"
"""The name of the parameter that has a vector for each word."""


@dataclass(frozen=True, eq=False)
class InputRows(ABC):
    """The rows of the input weights of a run, for its vocabulary.

    The *trained* parameters are what kernels change and checkpoints resume from. The *model's* parameters have a vector
    for each word as "input". They are the same unless a vector is made of several rows.
    """

    n_words: int
    """v."""

    parameter: ClassVar[str]
    """The name of the trained parameter with these rows."""
    half_width: ClassVar[float]
    """The largest initial value of a number in a row, times d."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    @abstractmethod
    def layer(self) -> InputLayer:
        """The input layer of the kernels."""

    @abstractmethod
    def of_words(self, rows: Vectors) -> Vectors:
        """Return a matrix with the vectors of words, v × d, which may be computed on access.

        Args:
            rows: float32[n_rows, d]; the rows without padding, which need not be contiguous.
        """

    def trained_shapes(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """Return the shapes of the trained parameters, given those of an objective for v words."""
        return {
            self.parameter if name == INPUT else name: (self.n_rows, *shape[1:]) if name == INPUT else shape
            for name, shape in shapes.items()
        }

    def model_shapes(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """Return the shapes of the parameters of a model, given those of an objective for v words."""
        return dict(shapes) | self.trained_shapes(shapes)

    def on_access(self, trained: Parameters) -> Parameters:
        """Return the parameters of a model, in which the vectors of words may be computed on access.

        Args:
            trained: The trained parameters without padding.
        """
        return {INPUT: self.of_words(trained[self.parameter])} | trained

    def completed(self, trained: Parameters) -> Parameters:
        """Return the parameters of a model. See `on_access`."""
        return {INPUT: np.asarray(self.of_words(trained[self.parameter]))} | trained


@dataclass(frozen=True, eq=False)
class RowPerWord(InputRows):
    """One row for each word, as in word2vec: the row is its vector."""

    parameter: ClassVar[str] = INPUT
    half_width: ClassVar[float] = 0.5
    """That of `InitNet` in word2vec.c."""

    @property
    def n_rows(self) -> int:
        """See InputRows."""
        return self.n_words

    @property
    def layer(self) -> InputLayer:
        """See InputRows."""
        return IdentityInput(self.n_words)

    def of_words(self, rows: Vectors) -> Vectors:
        """Return the rows. See `InputRows.of_words`."""
        return rows
