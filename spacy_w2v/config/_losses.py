"""The losses and architectures, and their properties that configs are checked by."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

LossName: TypeAlias = Literal["negative-sampling", "hierarchical-softmax", "softmax"]
ArchitectureName: TypeAlias = Literal["skip-gram", "cbow"]


@dataclass(frozen=True)
class LossSpec:
    """The properties of a loss that settings are checked against."""

    outputs_of_words: bool = True
    """Whether each word has an output vector."""
    needs_noise: bool = False
    """Whether `negative` noise words are drawn for each prediction."""
    learns_probabilities: bool = True
    """Whether a trained model can score sentences."""
    in_gensim: bool = True
    """Whether gensim's Word2Vec can train it."""


@dataclass(frozen=True)
class ArchitectureSpec:
    """The properties of an architecture that settings are checked against."""

    pools_contexts: bool
    """Whether all words of a context predict together, by their mean or their sum."""


LOSSES: dict[LossName, LossSpec] = {
    "negative-sampling": LossSpec(needs_noise=True, learns_probabilities=False),
    "hierarchical-softmax": LossSpec(outputs_of_words=False),
    "softmax": LossSpec(in_gensim=False),
}

ARCHITECTURES: dict[ArchitectureName, ArchitectureSpec] = {
    "skip-gram": ArchitectureSpec(pools_contexts=False),
    "cbow": ArchitectureSpec(pools_contexts=True),
}
