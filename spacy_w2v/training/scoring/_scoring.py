"""The scores of a run so far, the best weights, and whether training should end."""

from collections.abc import Mapping, Sequence

import numpy as np

from spacy_w2v._arrays import Parameters
from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.evaluation._word_pairs import WordPairScorer
from spacy_w2v.model._evaluation_record import EvaluationSummary, ScorePoint
from spacy_w2v.objectives._input_rows import WordMatrix
from spacy_w2v.training._state import RunState
from spacy_w2v.training.scoring._points import ScoringPoints


class Scoring:
    """Scores the vectors of a run in pauses, in which they do not change."""

    def __init__(
        self,
        settings: EvaluationSettings,
        scorers: Mapping[str, WordPairScorer],
        *,
        parameters: Parameters,
        matrix: WordMatrix,
        points: ScoringPoints,
        history: Sequence[ScorePoint] = (),
        best_weights: Parameters | None = None,
    ):
        """Create the scoring.

        Args:
            settings: What is scored, and what follows from it.
            scorers: The scorer of each set, by its name.
            parameters: The weights without padding, which training changes in place.
            matrix: The vectors to score, computed from the current weights: of the kind that words will have, and not
                post-processed.
            points: The points at which vectors are scored.
            history: The scores of the run before it was resumed.
            best_weights: The weights with the best score of these; None if they are the current ones.
        """
        self.settings = settings
        self.points = points
        self.history: list[ScorePoint] = list(history)
        self._scorers = scorers
        self._parameters = parameters
        self._matrix = matrix
        self._best_weights = best_weights
        self._next = points.after(self.history[-1].n_tasks_done if self.history else 0)
        if self.best is not None and best_weights is None:
            self._keep_weights()

    @property
    def best(self) -> ScorePoint | None:
        """The point with the best score, the first of several; None without scores."""
        return best_of(self.history)

    @property
    def should_stop(self) -> bool:
        """Whether the last scores, as many as `patience` says, were not better than one before. See the setting."""
        patience, best = self.settings.patience, self.best
        if patience is None or not any(point.ends_epoch for point in self.history):
            return False
        n_until_best = 0 if best is None else self.history.index(best) + 1
        return len(self.history) - n_until_best >= patience

    @property
    def selected(self) -> ScorePoint | None:
        """The point whose vectors the run ends with; None for those at its end."""
        return self.best if self.settings.select == "best" else None

    @property
    def selected_weights(self) -> Parameters | None:
        """The weights without padding of `selected`; None for those at the end."""
        return None if self.selected is None else self._best_weights

    def is_due(self, n_done: int) -> bool:
        """Return whether there is a point after the last one that was scored, up to a number of completed tasks."""
        return self._next <= n_done

    def score(self, state: RunState, *, ends_epoch: bool) -> ScorePoint:
        """Score the current vectors.

        Args:
            state: The state of the run. No task may be running.
            ends_epoch: Whether an epoch has ended since the last point.
        """
        found = {name: scorer.score(self._matrix[scorer.rows]).spearman for name, scorer in self._scorers.items()}
        deciding = list(found.values()) if self.settings.score is None else [found[self.settings.score]]
        known = [value for value in deciding if value is not None]
        point = ScorePoint(
            epoch=len(state.finished) if ends_epoch else state.epoch,
            ends_epoch=ends_epoch,
            n_tokens=state.n_tokens,
            n_tasks_done=state.n_done,
            scores=found,
            score=float(np.mean(known)) if len(known) == len(deciding) else None,
            seconds=state.seconds,
        )
        self.history.append(point)
        self._next = self.points.after(point.n_tasks_done)
        if self.best is point:
            self._keep_weights()
        return point

    def summary(self) -> EvaluationSummary:
        """Return what was scored so far, and what follows from it."""
        is_early = self.should_stop and self.history[-1].n_tasks_done < self.points.plan.n_tasks
        return EvaluationSummary(
            history=list(self.history),
            best=self.best,
            vectors_of=self.selected,
            stopped_by="patience" if is_early else None,
        )

    def _keep_weights(self) -> None:
        """Copy the current weights if they may be selected."""
        if self.settings.select != "best":
            return
        if self._best_weights is None:
            self._best_weights = {name: np.array(array, order="C") for name, array in self._parameters.items()}
        else:
            for name, array in self._parameters.items():
                np.copyto(self._best_weights[name], array)


def best_of(history: Sequence[ScorePoint]) -> ScorePoint | None:
    """Return the point with the best score, the first of several; None without scores."""
    scored = [(point.score, -number) for number, point in enumerate(history) if point.score is not None]
    return history[-max(scored)[1]] if scored else None
