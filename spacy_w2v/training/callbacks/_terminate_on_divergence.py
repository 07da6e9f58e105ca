"""Ends a run whose losses or weights explode."""

import math
import time
from collections.abc import Callable, Sequence

from spacy_w2v.errors import TrainingError
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._divergence import DivergenceCheck
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback

CHECK_EVERY_S = 2.0
"""Seconds between looks at a sample of the weights, which takes a few milliseconds."""


class TerminateOnDivergence(Callback):
    """Raises TrainingError if a loss is not finite or too high, or a vector too long."""

    def __init__(
        self,
        check: DivergenceCheck,
        schedule: LearningRateSchedule,
        *,
        n_tokens_per_epoch: int,
        n_tokens: int = 0,
        what_is_kept: Callable[[], str] = lambda: "",
    ):
        """Watch a run.

        Args:
            check: Looks at losses and weights.
            schedule: Of the learning rate, which errors name.
            n_tokens_per_epoch: Tokens of the corpus.
            n_tokens: Those that were done before, of a run that is resumed.
            what_is_kept: Returns a sentence on the last good state, after a space, for errors.
        """
        self.check = check
        self.schedule = schedule
        self.n_tokens_per_epoch = n_tokens_per_epoch
        self.what_is_kept = what_is_kept
        self.n_tokens = n_tokens
        self.next_check = time.monotonic() + CHECK_EVERY_S

    def on_task_end(self, result: TaskResult) -> None:
        """Look at the loss of a task."""
        if not math.isfinite(result.loss):
            self._raise_if(f"The loss must stay finite, was: {result.loss}")

    def on_progress(self, progress: TrainingProgress) -> None:
        """Look at the mean loss, and now and then at a sample of the weights."""
        self.n_tokens = progress.n_tokens
        self._raise_if(self.check.of_loss(progress.loss))
        if time.monotonic() > self.next_check:
            self._raise_if(self.check.of_sample())
            self.next_check = time.monotonic() + CHECK_EVERY_S

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Look at all weights, before a checkpoint takes them for good ones."""
        self._raise_if(self.check.of_all())

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Look at all weights."""
        self._raise_if(self.check.of_all())

    def _raise_if(self, problem: str | None) -> None:
        if problem is None:
            return
        n_tokens = min(self.n_tokens, self.schedule.n_tokens - 1)
        raise TrainingError(
            f"{problem}, in epoch {n_tokens // self.n_tokens_per_epoch + 1} at learning rate "
            f"{self.schedule.alpha_at(n_tokens):.4g}. Lower alpha, which is {self.schedule.alpha:.4g}."
            f"{self.what_is_kept()}"
        )
