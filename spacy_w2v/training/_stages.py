"""The data that the stages of a training run pass on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import InputLayer, OutputLayer, Parameters, Subsampling, TokenIds, Tree
from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.evaluation._word_pairs import WordPairScorer
from spacy_w2v.model._evaluation_record import EvaluationSummary
from spacy_w2v.model._run_record import EpochResult, LearningRate, RunRecord, Unfinished
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointDirectory
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._progress_record import CorpusIdentity
from spacy_w2v.training._start import StartingPoint
from spacy_w2v.training._state import RunState
from spacy_w2v.training._work_items import WorkItems


@dataclass(frozen=True, eq=False)
class Prepared:
    """The result of preparing a run: corpus, vocabulary, initial vectors and checkpoint."""

    corpus: Corpus
    vocabulary: Vocabulary
    word_of_type: TokenIds
    """p; the word id of each type, or OUT_OF_VOCABULARY."""
    inputs: InputRows
    """The rows of the input weights."""
    start: StartingPoint | None
    """Vectors to start from, matched to the vocabulary; None to start from random vectors."""
    checkpoint: CheckpointDirectory | None
    """Directory for checkpoints; None for no checkpoints."""
    resume_from: Checkpoint | None
    """The checkpoint to resume from; None to start from the beginning."""
    identity: CorpusIdentity | None
    """The identity of the corpus, for checkpoints; None without checkpoints."""
    scorers: Mapping[str, WordPairScorer] = field(default_factory=dict)
    """The scorer of each set of word pairs, by its name; empty if vectors are not scored."""
    cluster: Cluster | None = None
    """The machines on which to train; None for this machine alone."""

    def state(self, plan: Plan, schedule: LearningRateSchedule) -> RunState:
        """Return the initial state of the run. Its clock starts now."""
        if self.resume_from is None:
            return RunState(plan, schedule)
        return RunState.restored(self.resume_from.progress.state, plan, schedule)


@dataclass(frozen=True, eq=False)
class Trained:
    """Results, weights and scores: of a run that is complete, or of one in progress."""

    results: list[EpochResult]
    """The results of the complete epochs."""
    parameters: Parameters
    """The parameters of the model, without padding."""
    scores: EvaluationSummary | None = None
    """The scores; None if vectors were not scored."""
    unfinished: Unfinished | None = None
    """The progress of a run that is not complete, for a checkpoint."""


@dataclass(frozen=True, eq=False)
class Built:
    """What the objective learns from, its tables, and the parameters, which are trained in place."""

    items: WorkItems
    """The parts of an epoch."""
    subsampling: Subsampling
    input_layer: InputLayer
    output_layer: OutputLayer
    parameters: Parameters
    """The parameters by name, with rows padded to whole cache lines."""
    stored_tree: Tree | None
    """The tree that the model must store; None if counts and settings determine it."""
    untrained_loss: float
    """Loss per prediction of an untrained model."""
    frozen: NDArray[np.bool_]
    """v; words whose input vectors are not trained. Empty to train all."""
    learning_rates: list[LearningRate]
    """The initial settings of the learning rate, and each change."""
    record: RunRecord
    """The record of the run, without results."""

    def record_of(self, trained: Trained) -> RunRecord:
        """Return the record of a model or checkpoint that is created now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        changes: dict[str, object] = {"created": now, "results": list(trained.results)}
        if trained.scores is not None:
            changes["evaluation"] = self.record.evaluation.model_copy(update=dict(trained.scores))
        if trained.unfinished is not None:
            changes["unfinished"] = trained.unfinished
        return self.record.model_copy(update=changes)
