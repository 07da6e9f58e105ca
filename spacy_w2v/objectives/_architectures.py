"""The architectures: each context word predicts the centre (skip-gram), or all of them together do (CBOW)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.config._losses import ARCHITECTURES as ARCHITECTURE_SPECS
from spacy_w2v.config._losses import ArchitectureName
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._predictions import Predictions, Ranks


@dataclass(frozen=True)
class Architecture(ABC):
    """An architecture with the settings of a model."""

    settings: ModelSettings

    name: ClassVar[ArchitectureName]
    """The name in a config."""
    gensim_sg: ClassVar[int]
    """The value of gensim's parameter `sg`, 0 or 1."""

    @property
    def shares_steps(self) -> bool:
        """Whether training averages context words, so that each of them takes only its share of the mean's step."""
        return ARCHITECTURE_SPECS[self.name].pools_contexts and self.settings.cbow_mean

    def hidden_vector(self, context: Vectors) -> Vectors:
        """Return the vector that predicts from a context, float32[1, d].

        Args:
            context: float32[n, d]; the input vectors of the context words, n >= 1.
        """
        hidden: Vectors = context.sum(axis=0, keepdims=True)
        if self.takes_mean:
            hidden /= len(context)
        return hidden

    @property
    @abstractmethod
    def takes_mean(self) -> bool:
        """Whether a context predicts by the mean of its input vectors. Otherwise it predicts by their sum."""

    @abstractmethod
    def predictions(self, words: Ranks, centres: Ranks, *, radius: int, inputs: Vectors) -> Predictions:
        """Return the predictions of some words of a sentence, with full windows.

        Args:
            words: The word ids of the sentence, or of the part that the windows reach.
            centres: The indices in `words` of the words to predict.
            radius: Number of context words on either side, at least 1.
            inputs: float32[v, d]; the input vectors of the model.

        Returns:
            One prediction per pair (skip-gram) or centre (CBOW).
        """


class SkipGram(Architecture):
    """Each word of the context predicts the centre."""

    name: ClassVar[ArchitectureName] = "skip-gram"
    gensim_sg: ClassVar[int] = 1

    @property
    def takes_mean(self) -> bool:
        """See `Architecture.takes_mean`.

        Training has no context vectors. Their mean is used because its length is that of the vectors trained.
        """
        return True

    def predictions(self, words: Ranks, centres: Ranks, *, radius: int, inputs: Vectors) -> Predictions:
        """See `Architecture.predictions`."""
        contexts = centres[:, None] + np.arange(-radius, radius + 1)
        pairs = (contexts >= 0) & (contexts < words.size) & (contexts != centres[:, None])
        different, rows = np.unique(words, return_inverse=True)
        centre_of_pair = np.broadcast_to(centres[:, None], contexts.shape)[pairs]
        return Predictions(inputs[different], rows[contexts[pairs]], words[centre_of_pair])


class Cbow(Architecture):
    """The mean or the sum of the context predicts the centre."""

    name: ClassVar[ArchitectureName] = "cbow"
    gensim_sg: ClassVar[int] = 0

    @property
    def takes_mean(self) -> bool:
        """See `Architecture.takes_mean`."""
        return self.settings.cbow_mean

    def predictions(self, words: Ranks, centres: Ranks, *, radius: int, inputs: Vectors) -> Predictions:
        """See `Architecture.predictions`."""
        vectors = inputs[words].astype(np.float64)
        sums = np.concatenate((np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0)))
        low, high = np.maximum(centres - radius, 0), np.minimum(centres + radius + 1, words.size)
        hidden = sums[high] - sums[low] - vectors[centres]
        if self.settings.cbow_mean:
            hidden /= (high - low - 1)[:, None]
        return Predictions(hidden.astype(np.float32), np.arange(centres.size), words[centres])
