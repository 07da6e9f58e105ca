"""What predicts a word: each word of its context (skip-gram), or all of them together (CBOW)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.config._losses import ARCHITECTURES as FACTS
from spacy_w2v.config._losses import ArchitectureName
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._predictions import Predictions, Ranks


@dataclass(frozen=True)
class Architecture(ABC):
    """An architecture with the settings of a model."""

    settings: ModelSettings

    name: ClassVar[ArchitectureName]
    """As configs have it."""
    gensim_sg: ClassVar[int]
    """gensim's setting `sg`."""

    @property
    def shares_steps(self) -> bool:
        """Whether several words make a hidden vector as their mean, and each takes its share of the step of that."""
        return FACTS[self.name].pools_contexts and self.settings.cbow_mean

    def hidden_vector(self, context: Vectors) -> Vectors:
        """Return the vector, 1 × d, by which all words of a context predict, from their n × d input vectors."""
        hidden: Vectors = context.sum(axis=0, keepdims=True)
        if self.takes_mean:
            hidden /= len(context)
        return hidden

    @property
    @abstractmethod
    def takes_mean(self) -> bool:
        """Whether a context predicts by the mean of its vectors, or else by their sum."""

    @abstractmethod
    def predictions(self, words: Ranks, centres: Ranks, *, radius: int, inputs: Vectors) -> Predictions:
        """Return what is to be predicted at some places of a sentence, with full windows.

        Args:
            words: The sentence, or the part of it that the windows reach.
            centres: Places in it of the words to predict.
            radius: Words of the context on either side.
            inputs: v × d; the input vectors of the model.
        """


class SkipGram(Architecture):
    """Each word of the context predicts the centre."""

    name: ClassVar[ArchitectureName] = "skip-gram"
    gensim_sg: ClassVar[int] = 1

    @property
    def takes_mean(self) -> bool:
        """See `Architecture.takes_mean`: training has no contexts, and the mean has the size of its vectors."""
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
