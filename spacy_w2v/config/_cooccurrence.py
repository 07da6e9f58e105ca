"""The settings of `[w2v.cooccurrence]`: how words that occur together are counted."""

from typing import Literal

from pydantic import Field

from spacy_w2v.config._base import Settings

DistanceWeights = Literal["harmonic", "linear", "flat"]
"""How much a pair of words counts by its distance."""


class CooccurrenceSettings(Settings):
    """`[w2v.cooccurrence]`: how words that occur together are counted, for losses that learn from these counts."""

    distance_weights: DistanceWeights = "harmonic"
    """How much a pair of words counts by its distance d, counted in tokens as for `window`.

    `harmonic` counts 1/d, as GloVe does. `linear` counts (`window` + 1 - d) / `window`, the mean of what the windows of
    word2vec count, whose size is drawn at random. `flat` counts 1.
    """
    symmetric: bool = True
    """Whether contexts are on both sides of a word. If false, only the words before it are."""
    memory_gb: float = Field(4.0, gt=0, le=1_000_000)
    """The most memory that counting takes, in gigabytes (10⁹ bytes).

    A corpus that needs more is counted in parts, whose counts are merged on disk. The counts do not depend on it.
    """
