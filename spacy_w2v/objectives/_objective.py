"""What a loss answers: its parameters, the tables of its kernels, where training starts, what a model can do then."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, IdentityInput, InputLayer, OutputLayer, Parameters, Tree, Vectors, Weights
from spacy_w2v.config._export import check_formats, check_vector_kind
from spacy_w2v.config._losses import LOSSES, LossFacts, LossName
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.kernels import TRAINING_KERNELS, TrainingKernel
from spacy_w2v.objectives._parameters import Shape, fill_at_random, zero_parameters
from spacy_w2v.objectives._predictions import Predictions


class GensimLoss(NamedTuple):
    """A loss as gensim's Word2Vec has it."""

    hs: int
    negative: int
    outputs: str
    """The attribute with the output vectors."""


class OutputSource(NamedTuple):
    """What is known of the output vectors of a model that training starts from."""

    rows: NDArray[np.int64]
    """v; for each word of the vocabulary its row in the model, or -1."""
    n_rows: int
    """Words of the model."""
    tree: Tree | None
    """Its tree, where the output vectors are of nodes."""
    tree_kind: str
    """The setting `tree` that its tree was built by."""


class OutputOrigins(NamedTuple):
    """Where the first output vectors of a run come from."""

    rows: NDArray[np.int64]
    """For each output vector its row in the source, or -1 to begin with zeros."""
    tree: Tree | None = None
    """The tree that the source's has become for the vocabulary."""


@dataclass(frozen=True)
class Objective(ABC):
    """A loss with the settings of a model.

    A new one is a module with a subclass, and its line in `objectives._registry`. What a config is checked by before
    anything is made stands in `config._losses`.
    """

    settings: ModelSettings

    name: ClassVar[LossName]
    """As configs have it."""
    needs_one_blas_thread: ClassVar[bool] = False
    """Whether its kernels call BLAS, which must not start threads of its own within a worker."""
    accumulators: ClassVar[frozenset[str]] = frozenset()
    """Parameters that grow as long as training lasts, such as AdaGrad's sums: they must be finite, but may be large."""
    has_tree: ClassVar[bool] = False
    """Whether its output vectors are of the inner nodes of a tree."""

    @property
    def facts(self) -> LossFacts:
        """What is known of the loss before anything is trained."""
        return LOSSES[self.name]

    def kernel(self, kind: str) -> TrainingKernel:
        """Return the kernel that trains it, "blocked" or "sequential"."""
        return TRAINING_KERNELS[self.settings.architecture, self.name, kind]

    # --- before training

    @abstractmethod
    def shapes(self, n_words: int) -> dict[str, Shape]:
        """Return the shape of each array that is trained, by name, for a vocabulary of so many words.

        "input" has the word vectors, a row for each word. Files and messages call the arrays by these names.
        """

    def initial_parameters(self, n_words: int, *, seed: int) -> Parameters:
        """Return what training begins with, padded: small random word vectors and zeros, as word2vec.c has it."""
        parameters = zero_parameters(self.shapes(n_words))
        fill_at_random(parameters["input"], vector_size=self.settings.vector_size, seed=seed)
        return parameters

    def weights(self, parameters: Parameters) -> Weights:
        """Return padded parameters as the kernels take them."""
        return Weights(**parameters)

    @abstractmethod
    def tables(self, counts: Counts, *, tree: Tree | None = None) -> OutputLayer:
        """Return what the kernels read, beside the parameters, to predict a word from a hidden vector.

        Args:
            counts: v; of the words, falling.
            tree: The tree of the model, where it has one of its own.

        Raises:
            TrainingError: The vocabulary is too large.
        """

    def input_layer(self, n_words: int) -> InputLayer:
        """Return how rows of the input weights make the vectors of so many words."""
        return IdentityInput(n_words)

    @abstractmethod
    def untrained_loss(self, tables: OutputLayer, counts: Counts, *, sample: float) -> float:
        """Return the loss per prediction of a model that knows nothing: all output vectors zero.

        Args:
            tables: Those of the vocabulary.
            counts: v; of the words.
            sample: The threshold of subsampling, which decides how often each word is predicted.
        """

    def output_origins(self, source: OutputSource, counts: Counts) -> OutputOrigins | None:
        """Return where the output vectors of a run come from; None if those of the source mean something else.

        Args:
            source: A model that has output vectors.
            counts: v; of the new vocabulary, falling.
        """
        return OutputOrigins(source.rows) if source.tree is None else None

    # --- the tree, of losses that have one

    def tree(self, counts: Counts) -> Tree | None:
        """Return the tree that the settings and a vocabulary with these counts fix; None for losses without trees."""
        return None

    def own_tree(self, tree: Tree | None, counts: Counts) -> Tree | None:
        """Return a tree that a model must keep: None if it is the one that settings and counts fix."""
        return None

    # --- what a trained model can do

    def check_vector_kind(self, kind: str) -> None:
        """Raise ConfigError unless a model has vectors of this kind for each word: "input", "output" or "mean"."""
        check_vector_kind(kind, loss=self.name)

    @abstractmethod
    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each word, n × v; the probabilities of a row sum to 1.

        Args:
            hidden: n × d; what predicts.
            output: The output vectors.
            tree: The tree of the model, where it has one.
        """

    def check_scores(self) -> None:
        """Raise ConfigError if the loss learns no probabilities, by which sentences could be scored."""
        if not self.facts.learns_probabilities:
            able = " or ".join(f'"{name}"' for name, facts in LOSSES.items() if facts.learns_probabilities)
            raise ConfigError(
                f'A model that scores sentences must be trained with loss = {able}, was: "{self.name}", which learns '
                "to tell words from noise, but no probabilities."
            )

    @abstractmethod
    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """Return the summed log probability of predicted words. output, tree: see `log_probabilities`."""

    def for_gensim(self) -> GensimLoss:
        """Return the loss as gensim's Word2Vec has it. Raises ConfigError if it has none such."""
        check_formats(["gensim-model"], loss=self.name)
        return self._gensim_loss()

    def _gensim_loss(self) -> GensimLoss:
        raise NotImplementedError(f"{self.name} must say what it is in gensim, or in LOSSES that it is not there")
