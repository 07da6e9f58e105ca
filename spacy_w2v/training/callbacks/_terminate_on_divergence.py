"""A callback that ends a run when it diverges."""

import math
import time
from collections.abc import Callable, Sequence

from spacy_w2v.errors import TrainingError
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._divergence import DivergenceCheck
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress
from spacy_w2v.training.callbacks._callback import RunCallback

CHECK_EVERY_S = 2.0
"""Seconds between checks of a sample of the weights. A check takes a few milliseconds."""


class TerminateOnDivergence(RunCallback):
    """Raises TrainingError if a loss is not finite or too high, or the norm of a vector is too large."""

    def __init__(
        self,
        check: DivergenceCheck,
        schedule: LearningRateSchedule,
        *,
        n_tokens_per_epoch: int,
        n_tokens: int = 0,
        describe_checkpoint: Callable[[], str] = lambda: "",
    ):
        """Create the callback.

        Args:
            check: Checks losses and weights.
            schedule: The schedule of the learning rate, for errors.
            n_tokens_per_epoch: Number of tokens in the corpus.
            n_tokens: Number of tokens trained before the run was resumed.
            describe_checkpoint: Returns a sentence about the last checkpoint, after a space, for errors.
        """
        self.check = check
        self.schedule = schedule
        self.n_tokens_per_epoch = n_tokens_per_epoch
        self.describe_checkpoint = describe_checkpoint
        self.n_tokens = n_tokens
        self.next_check = time.monotonic() + CHECK_EVERY_S

    def on_task_end(self, result: TaskResult) -> None:
        """Check the loss of a task."""
        if not math.isfinite(result.loss):
            self._raise_if(f"The loss must stay finite, was: {result.loss}")

    def on_progress(self, progress: TrainingProgress) -> None:
        """Check the mean loss, and every few seconds a sample of the weights."""
        self.n_tokens = progress.n_tokens
        self._raise_if(self.check.check_loss(progress.loss))
        if time.monotonic() > self.next_check:
            self._raise_if(self.check.check_sample())
            self.next_check = time.monotonic() + CHECK_EVERY_S

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Check all weights before they are written to a checkpoint."""
        self._raise_if(self.check.check_all())

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Check all weights."""
        self._raise_if(self.check.check_all())

    def _raise_if(self, problem: str | None) -> None:
        if problem is None:
            return
        n_tokens = min(self.n_tokens, self.schedule.n_tokens - 1)
        raise TrainingError(
            f"{problem}, in epoch {n_tokens // self.n_tokens_per_epoch + 1} at learning rate "
            f"{self.schedule.learning_rate_at(n_tokens):.4g}. Lower alpha, which is {self.schedule.alpha:.4g}."
            f"{self.describe_checkpoint()}"
        )
