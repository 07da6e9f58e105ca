"""The interface of a loss: its parameters and their initial values, the tables of its kernels, and its predictions."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import (
    AnyWeights,
    Cells,
    Counts,
    Exposure,
    OutputLayer,
    Parameters,
    Tree,
    Vectors,
    Weights,
)
from spacy_w2v.config._export import check_formats, check_vector_kind
from spacy_w2v.config._losses import LOSSES, LossName, LossSpec
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.kernels import TRAINING_KERNELS, Kernel
from spacy_w2v.objectives._exposures import input_exposure
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.objectives._parameters import Shape, fill_at_random, zero_parameters
from spacy_w2v.objectives._predictions import Predictions


class GensimLoss(NamedTuple):
    """The settings of a loss in gensim's Word2Vec."""

    hs: int
    """1 for hierarchical softmax, otherwise 0."""
    negative: int
    """Number of noise words, 0 without negative sampling."""
    outputs: str
    """The attribute of gensim's model that holds the output vectors."""


class OutputSource(NamedTuple):
    """The output vectors of a model from which a run may start."""

    rows: NDArray[np.int64]
    """v; for each word of the vocabulary its row in the model, or -1."""
    n_rows: int
    """Number of words in the model."""
    tree: Tree | None
    """The model's tree if its output vectors belong to nodes, otherwise None."""
    tree_kind: str
    """The setting `tree` with which the model's tree was built."""


class OutputOrigins(NamedTuple):
    """The rows of a source from which a run takes its initial output vectors."""

    rows: NDArray[np.int64]
    """For each output vector its row in the source, or -1 to start from zeros."""
    tree: Tree | None = None
    """The source's tree, adapted to the vocabulary; None for losses without a tree."""


@dataclass(frozen=True)
class Objective(ABC):
    """A loss with the settings of a model.

    To add a loss, write a module with a subclass, register it in `objectives._registry`, and add the properties that
    settings are checked against to `config._losses`.
    """

    settings: ModelSettings

    name: ClassVar[LossName]
    """The name in a config."""
    needs_one_blas_thread: ClassVar[bool] = False
    """Whether its kernels call BLAS, which must then use one thread in each worker."""
    accumulators: ClassVar[frozenset[str]] = frozenset()
    """Parameters that keep growing during training, such as AdaGrad's sums. They must be finite, but may be large."""
    has_tree: ClassVar[bool] = False
    """Whether its output vectors belong to the inner nodes of a tree."""

    @property
    def spec(self) -> LossSpec:
        """The properties of the loss that settings are checked against."""
        return LOSSES[self.name]

    def kernel(self, kind: str) -> Kernel:
        """Return the kernel that trains this loss. kind: "blocked" or "sequential"."""
        return TRAINING_KERNELS[self.settings.architecture, self.name, kind]

    # --- before training

    @abstractmethod
    def shapes(self, n_words: int) -> dict[str, Shape]:
        """Return the unpadded shape of each trained array, by name, for a vocabulary of n_words words.

        "input" holds the word vectors, one row per word. Files and messages use these names.
        """

    def trained_shapes(self, inputs: InputRows) -> dict[str, Shape]:
        """Return the unpadded shapes of the parameters that are trained, with these rows of input weights."""
        return inputs.trained_shapes(self.shapes(inputs.n_words))

    def model_shapes(self, inputs: InputRows) -> dict[str, Shape]:
        """Return the shapes of the parameters of a model that was trained with these rows of input weights."""
        return inputs.model_shapes(self.shapes(inputs.n_words))

    def initial_parameters(self, inputs: InputRows, *, seed: int) -> Parameters:
        """Return the initial parameters, padded: small random input rows, and zeros, as in word2vec.c.

        Args:
            inputs: The rows of the input weights.
            seed: Seed of the random numbers.
        """
        parameters = zero_parameters(self.trained_shapes(inputs))
        rows = parameters[inputs.parameter]
        fill_at_random(rows, vector_size=self.settings.vector_size, seed=seed, half_width=inputs.half_width)
        return parameters

    def weights(self, parameters: Parameters, inputs: InputRows) -> AnyWeights:
        """Return trained parameters, padded, in the form that the kernels take."""
        return Weights(input=parameters[inputs.parameter], output=parameters["output"])

    @abstractmethod
    def tables(self, counts: Counts, *, tree: Tree | None = None) -> OutputLayer:
        """Return the tables that the kernels read, besides the parameters, to predict words.

        Args:
            counts: v; counts of the words, in decreasing order.
            tree: The tree of the model, if it is not the one that counts and settings determine.

        Raises:
            TrainingError: The vocabulary is too large for the loss.
        """

    @abstractmethod
    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return the loss per prediction, or per cell, of an untrained model, whose output vectors are all zero.

        Args:
            tables: The tables of the vocabulary.
            counts: v; counts of the words.
            sample: The subsampling threshold, which affects how often each word is predicted.
            cells: Some of the cells to train on, for losses that learn from counts.

        Returns:
            A natural logarithm, or a cost; infinity if it is unknown.
        """

    def output_origins(self, source: OutputSource, counts: Counts) -> OutputOrigins | None:
        """Return which output vectors of a model a run can start from, or None if they have another meaning.

        Args:
            source: A model that has output vectors.
            counts: v; counts of the new vocabulary, in decreasing order.
        """
        return OutputOrigins(source.rows) if source.tree is None else None

    # --- on several machines

    def exposures(self, tables: OutputLayer, counts: Counts, *, sample: float) -> dict[str, Exposure]:
        """Return how much each row takes part in a prediction, for each of the parameters "input" and "output".

        Args:
            tables: The tables of the vocabulary.
            counts: v; counts of the words.
            sample: The subsampling threshold.

        Raises:
            ConfigError: The loss cannot be trained on several machines.
        """
        return {
            "input": input_exposure(counts, self.settings, sample=sample),
            "output": self._output_exposure(tables, counts, sample=sample),
        }

    @abstractmethod
    def _output_exposure(self, tables: OutputLayer, counts: Counts, *, sample: float) -> Exposure:
        """Return the exposure of the output rows. See `exposures` for the arguments."""

    # --- the tree, for losses that have one

    def tree(self, counts: Counts) -> Tree | None:
        """Return the tree that counts and settings determine, or None for losses without a tree.

        counts: v; in decreasing order.
        """
        return None

    def stored_tree(self, tree: Tree | None, counts: Counts) -> Tree | None:
        """Return the tree if a model must store it, or None if counts and settings determine the same tree.

        Args:
            tree: The tree of the model.
            counts: v; counts of the words, in decreasing order.
        """
        return None

    # --- after training

    def check_vector_kind(self, kind: str) -> None:
        """Raise ConfigError unless a model has vectors of this kind, a `VectorKind`, for each word."""
        check_vector_kind(kind, loss=self.name)

    def check_start(self) -> None:
        """Raise ConfigError if training cannot start from vectors."""
        if not self.spec.has_steps:
            raise ConfigError(
                f'initial must be left out with loss = "{self.name}", which is computed from counts alone. Leave it '
                "out, or choose another loss."
            )

    def check_updates(self) -> None:
        """Raise ConfigError if a model cannot be trained further on the texts of a few documents."""
        if self.spec.counts_cooccurrences:
            raise ConfigError(
                f'update needs a model that learns from texts one after the other, was: loss = "{self.name}", which '
                "learns from the counts of a whole corpus. Set update = false, or train a model with another loss."
            )
        if (mode := self.settings.subwords.mode) is not None:
            raise ConfigError(
                f'update needs a model without subwords, was: one with subwords.mode = "{mode}", where a change of one '
                "word changes the vectors of others. Set update = false, or train a model without subwords."
            )

    @abstractmethod
    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """Return the natural logarithm of the probability of each word.

        Args:
            hidden: float32[n, d]; the vectors that predict.
            output: float32; the output vectors.
            tree: The tree of the model, or None for losses without a tree.

        Returns:
            float64[n, v]; the probabilities of each row sum to 1.
        """

    def check_scores(self) -> None:
        """Raise ConfigError if the loss does not learn probabilities, which scores of sentences need."""
        if not self.spec.learns_probabilities:
            able = " or ".join(f'"{name}"' for name, spec in LOSSES.items() if spec.learns_probabilities)
            raise ConfigError(
                f'A model that scores sentences must be trained with loss = {able}, was: "{self.name}". It does not '
                "learn probabilities. Train a model with another loss."
            )

    @abstractmethod
    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """Return the summed natural logarithm of the probabilities of predicted words.

        Args:
            predictions: The hidden vectors and the words that they predict.
            output: float32; the output vectors.
            tree: The tree of the model, or None for losses without a tree.
        """

    def for_gensim(self) -> GensimLoss:
        """Return the settings of the loss in gensim's Word2Vec.

        Raises:
            ConfigError: gensim does not have this loss.
        """
        check_formats(["gensim-model"], loss=self.name)
        return self._gensim_loss()

    def _gensim_loss(self) -> GensimLoss:
        raise NotImplementedError(f"{self.name} must define _gensim_loss, or set in_gensim=False in LOSSES")
