"""What passes between the stages of a training run."""

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import InputLayer, OutputLayer, Parameters, Subsampling, TokenIds, Tree
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._run_record import EpochResult, LearningRate, RunRecord, Unfinished
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointPlace
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._progress_record import CorpusIdentity
from spacy_w2v.training._start import StartingPoint
from spacy_w2v.training._state import RunState


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
    identity: CorpusIdentity | None
    """What distinguishes this corpus from others; None where no checkpoint is kept."""

    def state(self, plan: Plan, schedule: LearningRateSchedule) -> RunState:
        """Return the state that the run begins with, whose clock starts now."""
        if self.earlier is None:
            return RunState(plan, schedule)
        return RunState.restored(self.earlier.progress.state, plan, schedule)


@dataclass(frozen=True, eq=False)
class Built:
    """Tables of the objective, and the parameters that training changes in place."""

    subsampling: Subsampling
    inputs: InputLayer
    layer: OutputLayer
    parameters: Parameters
    """Rows are padded to whole cache lines."""
    stored_tree: Tree | None
    """The tree that the model must keep, since it is not the one that counts and settings give."""
    untrained_loss: float
    """Loss per pair of a model that knows nothing."""
    frozen: NDArray[np.bool_]
    """v; words whose input vectors stay as they are; empty to train all."""
    learning_rates: list[LearningRate]
    """Those that the run began with, and each change since."""
    record: RunRecord
    """Of the model, without its results."""

    def record_of(self, results: list[EpochResult], *, unfinished: Unfinished | None) -> RunRecord:
        """Return the record of a model that is made now. unfinished: how far it is, of one that is not trained yet."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = self.record.model_copy(update={"created": now, "results": list(results)})
        return record if unfinished is None else record.model_copy(update={"unfinished": unfinished})
