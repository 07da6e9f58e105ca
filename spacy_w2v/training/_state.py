"""What a run has come to: the results of the tasks that are done, summed by epoch."""

import math
import time
from typing import NamedTuple

from spacy_w2v.errors import StorageError, TrainingError
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan, Task
from spacy_w2v.training._progress_record import SavedState
from spacy_w2v.training._remedies import start_again

N_NEWEST = 20
"""Work items over which the loss is shown, and watched."""


class TrainingProgress(NamedTuple):
    """How far training has come."""

    epoch: int
    """The latest epoch among the newest chunks, from 1."""
    n_tokens: int
    """Tokens of the corpus done, over all epochs."""
    n_tokens_total: int
    loss: float
    """Mean loss per pair over the newest chunks (the last 20)."""
    alpha: float
    seconds: float
    """Since training began."""


class TaskResult(NamedTuple):
    """What a kernel counted in one task."""

    task: Task
    loss: float
    """Sum over the pairs."""
    n_pairs: int
    n_kept: int


class RunState:
    """Sums results as they come, in any order; and between tasks, is written to a checkpoint and read again."""

    def __init__(self, plan: Plan, schedule: LearningRateSchedule):
        self.plan = plan
        self.schedule = schedule
        self.n_done = 0
        """Tasks that are done. While no task is running, they are the first ones of the plan."""
        self.n_tokens = 0
        self.finished: list[EpochResult] = []
        self.by_epoch: dict[int, list[TaskResult]] = {}
        self.newest: list[TaskResult] = []
        self.start = time.perf_counter()
        """Of training, less what it took before the run was resumed."""

    @property
    def seconds(self) -> float:
        """Time that training has taken, also before the run was resumed."""
        return time.perf_counter() - self.start

    @property
    def epoch(self) -> int:
        """The first epoch that is not done, from 1; of a run that is done, the last one."""
        return min(self.n_done, self.plan.n_tasks - 1) // self.plan.n_items + 1

    def add(self, result: TaskResult) -> list[EpochResult]:
        """Add the result of a task, and return the epochs that end with it.

        Raises TrainingError if an epoch had no pairs.
        """
        self.n_done += 1
        self.n_tokens += result.task.size
        self.newest = [*self.newest[1 - N_NEWEST :], result]
        self.by_epoch.setdefault(result.task.epoch, []).append(result)
        n_before = len(self.finished)
        # Epochs end in their order, though the last items of one may come after the next one's: items differ in size.
        while len(self.by_epoch.get(len(self.finished), ())) == self.plan.n_items:
            self.finished.append(self._sum(len(self.finished), self.by_epoch.pop(len(self.finished))))
        return self.finished[n_before:]

    def progress(self) -> TrainingProgress:
        """Return how far training has come, once a task is done."""
        n_pairs = sum(newest.n_pairs for newest in self.newest)
        return TrainingProgress(
            epoch=max(newest.task.epoch for newest in self.newest) + 1,
            n_tokens=self.n_tokens,
            n_tokens_total=self.schedule.n_tokens,
            loss=sum(newest.loss for newest in self.newest) / n_pairs if n_pairs else math.nan,
            alpha=self.schedule.alpha_at(self.n_tokens),
            seconds=self.seconds,
        )

    def _sum(self, epoch: int, results: list[TaskResult]) -> EpochResult:
        n_pairs = sum(result.n_pairs for result in results)
        if n_pairs == 0:
            raise TrainingError(
                "The corpus must give pairs of neighbouring words, but min_count and sample leave none: "
                f"{sum(result.n_kept for result in results)} of {self.plan.epoch_size} tokens are kept. "
                'Take more text, lower min_count, raise sample (0 keeps all), or set boundary = "document".'
            )
        seconds = self.seconds
        return EpochResult(
            epoch=epoch + 1,
            loss=math.fsum(result.loss for result in results) / n_pairs,  # fsum: no matter in which order they came
            n_pairs=int(n_pairs),
            n_kept=int(sum(result.n_kept for result in results)),
            seconds=seconds,
            words_per_s=self.n_tokens / seconds,
            alpha=self.schedule.alpha_at((epoch + 1) * self.plan.epoch_size),
        )

    def saved(self) -> SavedState:
        """Return all that is needed to resume, while no task is running."""
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
        """Return the state that was saved. Raises StorageError if it does not fit the plan."""
        state = cls(plan, schedule)
        state.finished = list(saved.epochs)
        state.n_done = saved.n_tasks_done
        first = len(state.finished) * plan.n_items
        n_running = len(saved.running_epoch)
        fits = state.n_done <= plan.n_tasks and state.n_done == first + n_running and n_running < plan.n_items
        if not fits or saved.epoch != state.epoch:
            raise StorageError(
                f"The progress of a checkpoint must fit its corpus, but is damaged: epoch {saved.epoch} with "
                f"{state.n_done} tasks of {plan.n_tasks}. {start_again()}"
            )
        state.start -= saved.seconds
        running = [TaskResult(plan.task(first + i), *counters) for i, counters in enumerate(saved.running_epoch)]
        if running:
            state.by_epoch[len(state.finished)] = running
        state.newest = running[-N_NEWEST:]
        state.n_tokens = plan.size_before(state.n_done)
        return state
