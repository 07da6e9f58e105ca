"""The scores of word vectors while they were trained, as the record of a run has them."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from spacy_w2v.model._blocks import AtLeastOne, Block
from spacy_w2v.model._recorded_settings import RecordedEvaluationSettings


class ScorePoint(Block):
    """The scores of the vectors at one point of a run."""

    epoch: AtLeastOne
    """The epoch that had just ended, or else the one in which the point is, from 1."""
    ends_epoch: bool
    """Whether the epoch had just ended. On several machines, the vectors have then learned from the whole round."""
    n_tokens: NonNegativeInt
    """Tokens trained until then, over all epochs."""
    n_tasks_done: NonNegativeInt
    """Number of chunks trained until then."""
    scores: dict[str, float | None]
    """Spearman's rank correlation of each set of word pairs, in [-1, 1]; None where it is undefined."""
    score: float | None
    """The score by which vectors are compared: that of one set, or the mean of all."""
    seconds: NonNegativeFloat
    """Since training began."""


class EvaluationSummary(Block):
    """What was scored in a run, and what followed from it."""

    history: list[ScorePoint] = Field(default_factory=list)
    """The scores in the order of training."""
    best: ScorePoint | None = None
    """The point with the best score, the first of several; None without scores."""
    vectors_of: ScorePoint | None = None
    """The point whose vectors the model has, if it was selected as the best; None for those at the end of training."""
    stopped_by: Literal["patience"] | None = None
    """Why training ended early; None if all epochs were trained."""
    analogy_scores: dict[str, dict[str, object]] = Field(default_factory=dict)
    """The scores of analogies after training, by the name of the set: the values of an `AnalogyScore`."""


class EvaluationRecord(EvaluationSummary, RecordedEvaluationSettings):
    """The block "evaluation": the settings and the scores."""
