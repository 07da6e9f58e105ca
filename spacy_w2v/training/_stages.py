"""What passes between the stages of a training run."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import OutputLayer, Subsampling, TokenIds, Tree, Weights
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointPlace
from spacy_w2v.training._start import StartingPoint
from spacy_w2v.training._state import EpochResult


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is known before anything is learned."""

    corpus: Corpus
    vocabulary: Vocabulary
    word_of_type: TokenIds
    """p; word id of each provisional type."""
    start: StartingPoint | None
    """Vectors to start from, matched to the vocabulary."""
    checkpoint: CheckpointPlace | None
    """Where the state of the run is kept."""
    earlier: Checkpoint | None
    """The state to resume from."""
    identity: dict[str, Any]  # Any: JSON values
    """What tells this corpus from others, `corpus_identity`; empty where no checkpoint is kept."""


@dataclass(frozen=True, eq=False)
class Built:
    """Tables of the objective, and the weights that training changes in place."""

    subsampling: Subsampling
    layer: OutputLayer
    weights: Weights
    """Rows are padded to whole cache lines."""
    own_tree: Tree | None
    """The tree that the model must keep, since it is not the one that counts and settings give."""
    untrained_loss: float
    """Loss per pair of a model that knows nothing."""
    frozen: NDArray[np.bool_]
    """v; words whose input vectors stay as they are; empty to train all."""
    learning_rates: list[dict[str, float]]
    """alpha and min_alpha as the run began, and each change since."""
    meta: dict[str, Any]  # Any: JSON values
    """Of the model, without its results."""

    def meta_of(self, results: list[EpochResult]) -> dict[str, Any]:
        """Return the meta data of a model that is made now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {"created": now, **self.meta, "results": [result._asdict() for result in results]}
