"""The rows of the input weights, and how they form the vectors of words.

v = vocabulary, d = dimensions.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import IdentityInput, InputLayer, Offsets, Parameters, TokenIds, Vectors
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._parameters import Shape

if TYPE_CHECKING:
    from spacy_w2v.subwords._rows import SubwordRows

INPUT = "input"
"""The name of the parameter that has a vector for each word."""
SUBWORDS = "subwords"
"""The name of the parameter that has the rows of which the vectors of words are composed."""


class WordMatrix(Protocol):
    """The vectors of words, v × d, which may be computed on access."""

    def __getitem__(self, words: Offsets, /) -> Vectors:
        """Return the vectors of n words, given their ranks, float32[n, d]."""


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

    @property
    def buckets(self) -> TokenIds | None:
        """uint32; the bucket of each row after the own rows of words. None if every word has a row of its own only."""
        return None

    def describe(self) -> str | None:
        """Return a sentence about the rows for the user; None if there is nothing to say."""
        return None

    @abstractmethod
    def of_words(self, rows: Vectors, *, vector_size: int) -> WordMatrix:
        """Return a view of the vectors of words.

        Args:
            rows: float32; the rows of the input weights, C-contiguous. They may be padded with further columns.
            vector_size: d.
        """

    @abstractmethod
    def completed(self, trained: Parameters, rows: Vectors) -> Parameters:
        """Return the parameters of a model.

        Args:
            trained: The trained parameters without padding.
            rows: The rows among them, C-contiguous. They may be padded.
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

    def of_words(self, rows: Vectors, *, vector_size: int) -> WordMatrix:
        """Return the rows. See `InputRows.of_words`."""
        return rows[:, :vector_size]

    def completed(self, trained: Parameters, rows: Vectors) -> Parameters:
        """Return the trained parameters, which are those of the model. See `InputRows.completed`."""
        return trained


@dataclass(frozen=True, eq=False)
class ComposedRows(InputRows):
    """The rows of subwords, of which each word has several: their mean is its vector.

    Rows start as in fastText and floret (`Matrix::uniform` in `FastText::train`): uniform in [−1/d, 1/d). Vectors of
    four rows then have the lengths of word2vec's at the start, and those of more rows are shorter.
    """

    subwords: "SubwordRows"
    """The rows, and those of each word."""

    parameter: ClassVar[str] = SUBWORDS
    half_width: ClassVar[float] = 1.0

    @property
    def n_rows(self) -> int:
        """See InputRows."""
        return self.subwords.n_rows

    @property
    def layer(self) -> InputLayer:
        """See InputRows."""
        return self.subwords.layer

    @property
    def buckets(self) -> TokenIds:
        """See InputRows."""
        return self.subwords.buckets

    def describe(self) -> str:
        """See InputRows."""
        own = f"{self.subwords.n_own:,} rows of words and " if self.subwords.n_own else ""
        return f"Vectors are composed of {own}{len(self.buckets):,} rows of subwords"

    def of_words(self, rows: Vectors, *, vector_size: int) -> WordMatrix:
        """Return the means of rows, computed on access. See `InputRows.of_words`."""
        from spacy_w2v.subwords._composed_matrix import ComposedMatrix

        return ComposedMatrix(self.subwords.layer, rows, vector_size=vector_size)

    def completed(self, trained: Parameters, rows: Vectors) -> Parameters:
        """Return the composed vectors, and the trained parameters. See `InputRows.completed`."""
        from spacy_w2v.subwords._rows import composed

        layer, vector_size = self.subwords.layer, trained[SUBWORDS].shape[1]
        return {INPUT: composed(layer.offsets, layer.rows, rows, vector_size=vector_size)} | trained


def make_input_rows(
    settings: ModelSettings,
    words: Sequence[str],
    n_kept: NDArray[np.float64],
    *,
    known: TokenIds | None = None,
) -> InputRows:
    """Return the rows of the input weights of a model.

    Args:
        settings: The settings of the model.
        words: v; its words, most frequent first.
        n_kept: v; how many tokens of each word are trained in an epoch, on average.
        known: uint32; buckets that have a row in any case, such as those of a model to start from.
    """
    if settings.subwords.mode is None:
        return RowPerWord(len(words))
    from spacy_w2v.subwords._rows import rows_of_words

    return ComposedRows(len(words), rows_of_words(words, n_kept, settings.subwords, extra=known))
