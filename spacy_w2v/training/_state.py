"""The state of a run: the results of its completed tasks, summed by epoch."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

from spacy_w2v.errors import StorageError, TrainingError
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan, Task
from spacy_w2v.training._progress_record import SavedState
from spacy_w2v.training._remedies import start_again

N_RECENT = 20
"""Number of recent work items over which the loss is averaged to show and check it."""


class TrainingProgress(NamedTuple):
    """The progress of training, after a task."""

    epoch: int
    """The latest epoch among the recent chunks, from 1."""
    n_tokens: int
    """Tokens trained, over all epochs."""
    n_tokens_total: int
    """Tokens to train, over all epochs."""
    loss: float
    """Mean loss per prediction over the last 20 chunks, a natural logarithm; NaN without predictions."""
    learning_rate: float | None
    """The current learning rate; None for a loss that is not trained in steps."""
    seconds: float
    """Time since training began, without interruptions."""
    n_machines: int | None = None
    """Number of machines that train, in a run on a cluster."""
    merging_s: float = 0.0
    """Time in seconds that machines have spent on merging."""


class TaskResult(NamedTuple):
    """The counters that a kernel returns for a task."""

    task: Task
    loss: float
    """Sum of the losses of all predictions."""
    n_pairs: int
    """Number of predictions: pairs (skip-gram), or centres with a context (CBOW)."""
    n_kept: int
    """Number of tokens kept by subsampling."""


class Ahead(NamedTuple):
    """What an executor has done of which the state of the run does not know yet."""

    n_tokens: int = 0
    """Tokens of the tasks whose results are to come."""
    recent: Sequence[TaskResult] = ()
    """The latest of these results."""
    messages: Sequence[str] = ()
    """Messages to the user, since the last call."""
    n_machines: int | None = None
    """See TrainingProgress."""
    merging_s: float = 0.0
    """See TrainingProgress."""


NOTHING_AHEAD = Ahead()


def no_pairs(*, n_kept: int, n_tokens: int) -> TrainingError:
    """Return the error for a corpus without pairs of words to train on.

    Args:
        n_kept: Number of tokens that are in the vocabulary and were kept by subsampling.
        n_tokens: Number of tokens of the corpus.
    """
    return TrainingError(
        "The corpus must have pairs of neighbouring words, but min_count and sample leave none: "
        f"{n_kept} of {n_tokens} tokens are kept. "
        'Use more text, lower min_count, raise sample (0 keeps all), or set boundary = "document". If lines are single '
        "phrases of [w2v.phrases], raise its threshold."
    )


class RunState:
    """The results of a run. They are added in any order, and can be saved while no task is running."""

    def __init__(self, plan: Plan, schedule: LearningRateSchedule):
        self.plan = plan
        self.schedule = schedule
        self.n_done = 0
        """Number of completed tasks. While no task is running, these are the first ones of the plan."""
        self.n_tokens = 0
        self.finished: list[EpochResult] = []
        self.by_epoch: dict[int, list[TaskResult]] = {}
        self.recent: list[TaskResult] = []
        self.start = time.perf_counter()
        """The time at which training began, moved back by the time spent before the run was resumed."""

    @property
    def seconds(self) -> float:
        """Time spent on training, including the time before the run was resumed."""
        return time.perf_counter() - self.start

    @property
    def epoch(self) -> int:
        """The first epoch that is not complete, from 1; the last one if all are complete."""
        return min(self.n_done, self.plan.n_tasks - 1) // self.plan.n_items + 1

    def add(self, result: TaskResult) -> list[EpochResult]:
        """Add the result of a task, and return the results of epochs that it completes.

        Raises:
            TrainingError: An epoch had no predictions.
        """
        self.n_done += 1
        self.n_tokens += result.task.size
        self.recent = [*self.recent[1 - N_RECENT :], result]
        self.by_epoch.setdefault(result.task.epoch, []).append(result)
        n_before = len(self.finished)
        # Epochs are completed in order, although an item may end after items of the next epoch, which may be smaller.
        while len(self.by_epoch.get(len(self.finished), ())) == self.plan.n_items:
            self.finished.append(self._sum(len(self.finished), self.by_epoch.pop(len(self.finished))))
        return self.finished[n_before:]

    def note_scores(self, scores: dict[str, float | None]) -> EpochResult:
        """Add scores to the result of the last complete epoch, and return it."""
        self.finished[-1] = self.finished[-1].model_copy(update={"scores": scores})
        return self.finished[-1]

    def progress(self, ahead: Ahead = NOTHING_AHEAD) -> TrainingProgress:
        """Return the progress of training.

        Args:
            ahead: What is trained besides. At least one task must be complete, here or in the state.
        """
        recents = [*self.recent, *ahead.recent][-N_RECENT:]
        n_tokens = self.n_tokens + ahead.n_tokens
        n_pairs = sum(recent.n_pairs for recent in recents)
        return TrainingProgress(
            epoch=max(recent.task.epoch for recent in recents) + 1,
            n_tokens=n_tokens,
            n_tokens_total=self.schedule.n_tokens,
            loss=sum(recent.loss for recent in recents) / n_pairs if n_pairs else math.nan,
            learning_rate=self.schedule.learning_rate_at(n_tokens) if self.schedule.alpha else None,
            seconds=self.seconds,
            n_machines=ahead.n_machines,
            merging_s=ahead.merging_s,
        )

    def _sum(self, epoch: int, results: list[TaskResult]) -> EpochResult:
        n_pairs = sum(result.n_pairs for result in results)
        if n_pairs == 0:
            raise no_pairs(n_kept=sum(result.n_kept for result in results), n_tokens=self.plan.epoch_size)
        seconds = self.seconds
        return EpochResult(
            epoch=epoch + 1,
            loss=math.fsum(result.loss for result in results) / n_pairs,  # fsum does not depend on the order
            n_pairs=int(n_pairs),
            n_kept=int(sum(result.n_kept for result in results)),
            seconds=seconds,
            words_per_s=self.n_tokens / seconds,
            alpha=self.schedule.learning_rate_at((epoch + 1) * self.plan.epoch_size),
        )

    def saved(self) -> SavedState:
        """Return the state to resume from. No task may be running."""
        running = sorted(self.by_epoch.get(len(self.finished), ()), key=lambda result: result.task.number)
        return SavedState(
            epoch=self.epoch,
            n_tasks_done=self.n_done,
            seconds=self.seconds,
            epochs=list(self.finished),
            # JSON keeps every bit of a float
            running_epoch=[(float(result.loss), int(result.n_pairs), int(result.n_kept)) for result in running],
        )

    @classmethod
    def restored(cls, saved: SavedState, plan: Plan, schedule: LearningRateSchedule) -> "RunState":
        """Return the state that was saved.

        Args:
            saved: The saved state.
            plan: The plan of the run.
            schedule: The schedule of the learning rate.

        Raises:
            StorageError: The saved state does not match the plan.
        """
        state = cls(plan, schedule)
        state.finished = list(saved.epochs)
        state.n_done = saved.n_tasks_done
        first = len(state.finished) * plan.n_items
        n_running = len(saved.running_epoch)
        fits = state.n_done <= plan.n_tasks and state.n_done == first + n_running and n_running < plan.n_items
        if not fits or saved.epoch != state.epoch:
            raise StorageError(
                f"The progress of a checkpoint must match its corpus, but is damaged: epoch {saved.epoch} with "
                f"{state.n_done} tasks of {plan.n_tasks}. {start_again()}"
            )
        state.start -= saved.seconds
        running = [TaskResult(plan.task(first + i), *counters) for i, counters in enumerate(saved.running_epoch)]
        if running:
            state.by_epoch[len(state.finished)] = running
        state.recent = running[-N_RECENT:]
        state.n_tokens = plan.size_before(state.n_done)
        return state
