"""The losses and architectures, and what a config is checked by of them. `spacy_w2v.objectives` answers the rest."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

LossName: TypeAlias = Literal["negative-sampling", "hierarchical-softmax", "softmax"]
ArchitectureName: TypeAlias = Literal["skip-gram", "cbow"]


@dataclass(frozen=True)
class LossFacts:
    """What must be known of a loss before anything is trained."""

    outputs_of_words: bool = True
    """Whether each word has an output vector."""
    needs_noise: bool = False
    """Whether noise words are drawn, `negative` of them."""
    learns_probabilities: bool = True
    """Whether a trained model can score sentences."""
    in_gensim: bool = True
    """Whether gensim's Word2Vec can train it."""


@dataclass(frozen=True)
class ArchitectureFacts:
    """What must be known of an architecture before anything is trained."""

    pools_contexts: bool
    """Whether all words of a context predict together, as their mean or their sum."""


LOSSES: dict[LossName, LossFacts] = {
    "negative-sampling": LossFacts(needs_noise=True, learns_probabilities=False),
    "hierarchical-softmax": LossFacts(outputs_of_words=False),
    "softmax": LossFacts(in_gensim=False),
}

ARCHITECTURES: dict[ArchitectureName, ArchitectureFacts] = {
    "skip-gram": ArchitectureFacts(pools_contexts=False),
    "cbow": ArchitectureFacts(pools_contexts=True),
}
