"""The losses and architectures, and their properties that configs are checked by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

LossName: TypeAlias = Literal["negative-sampling", "hierarchical-softmax", "softmax", "glove", "ppmi-svd"]
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
    counts_cooccurrences: bool = False
    """Whether it is trained on the co-occurrence counts of the corpus, instead of its tokens in order."""
    has_steps: bool = True
    """Whether it is trained in steps, over epochs, from initial vectors. Otherwise it is computed at once."""
    alpha: float | None = None
    """The default learning rate, if it is not that of word2vec."""
    defaults: Mapping[str, Mapping[str, float | str | None]] = field(default_factory=dict)
    """Defaults of settings other than those of word2vec, by block and name."""


@dataclass(frozen=True)
class ArchitectureSpec:
    """The properties of an architecture that settings are checked against."""

    pools_contexts: bool
    """Whether all words of a context predict together, by their mean or their sum."""


LOSSES: dict[LossName, LossSpec] = {
    "negative-sampling": LossSpec(needs_noise=True, learns_probabilities=False),
    "hierarchical-softmax": LossSpec(outputs_of_words=False),
    "softmax": LossSpec(in_gensim=False),
    "glove": LossSpec(
        learns_probabilities=False,
        in_gensim=False,
        counts_cooccurrences=True,
        alpha=0.05,
        defaults={
            "model": {"window": 10},
            "training": {"epochs": 25, "min_alpha": None, "sample": 0.0},
            "export": {"vector_kind": "sum"},
        },
    ),
    "ppmi-svd": LossSpec(
        learns_probabilities=False,
        in_gensim=False,
        counts_cooccurrences=True,
        has_steps=False,
        defaults={"model": {"window": 10}, "training": {"epochs": 1, "sample": 0.0}},
    ),
}

ARCHITECTURES: dict[ArchitectureName, ArchitectureSpec] = {
    "skip-gram": ArchitectureSpec(pools_contexts=False),
    "cbow": ArchitectureSpec(pools_contexts=True),
}
