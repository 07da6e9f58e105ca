"""Executors, which run the tasks of a run. Those here use this process; `RoundExecutor` uses other machines."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from spacy_w2v._arrays import AnyWeights
from spacy_w2v.training._state import NOTHING_AHEAD, Ahead, TaskResult
from spacy_w2v.training._work import Work, Worker


class Executor(Protocol):
    """Runs the tasks of a plan in order, several at a time.

    Whenever no task is running, in a pause or after `stop`, the parameters in this process must include the changes of
    all completed tasks. Checkpoints and the model are written from these parameters.
    """

    @property
    def n_started(self) -> int:
        """Number of tasks whose results come without a `resume`, counted from the first task of the plan."""

    @property
    def paused(self) -> bool:
        """Whether no task starts until `resume` is called."""

    def start(self, first: int) -> None:
        """Start to run tasks, from the task with this number."""

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """Return the result of a completed task, in any order, or None after timeout_s seconds without one.

        Raises:
            BaseException: The error of a worker.
        """

    def ahead(self) -> Ahead:
        """Return what is done besides the results that `next_result` has returned. It is shown, but not yet counted."""

    def pause(self) -> int:
        """Start no further tasks, and return `n_started`. Running tasks continue."""

    def resume(self) -> None:
        """End a pause."""

    def stop(self) -> None:
        """Start no further tasks, and wait for running ones. After this, no worker changes the weights."""


class MakeExecutor(Protocol):
    """A function or class that returns the executor of a run, such as `ThreadExecutor`."""

    def __call__(
        self,
        work: Work,
        weights: AnyWeights,
        *,
        n_workers: int,
        n_until_pause: int | None = None,
        next_pause: Callable[[int], int] | None = None,
    ) -> Executor:
        """Return the executor. See `ThreadExecutor` for the arguments."""


class ThreadExecutor:
    """An executor with threads, which share the weights."""

    def __init__(
        self,
        work: Work,
        weights: AnyWeights,
        *,
        n_workers: int,
        n_until_pause: int | None = None,
        next_pause: Callable[[int], int] | None = None,
    ):
        """Create the executor, and compile the kernel for all workers.

        Args:
            work: The work.
            weights: The weights, which are trained in place, without locks (Recht et al. 2011, "Hogwild!").
            n_workers: Number of threads.
            n_until_pause: Number of tasks after which to pause automatically; None for no such pauses.
            next_pause: Takes the number of a task, and returns that of a later one before which to pause, too.
        """
        self.work = work
        self.weights = weights
        self.n_workers = n_workers
        self.n_until_pause = n_until_pause or work.plan.n_tasks
        self.next_pause = next_pause
        self._threads: list[threading.Thread] = []
        self._tasks = _TaskQueue(range(0), n_until_pause=self.n_until_pause)
        self._results = SimpleQueue[TaskResult | BaseException]()
        Worker(work, weights).warm_up()

    @property
    def n_started(self) -> int:
        """See Executor."""
        return self._tasks.next

    @property
    def paused(self) -> bool:
        """See Executor."""
        return self._tasks.paused

    def start(self, first: int) -> None:
        """See Executor."""
        self.begin(range(first, self.work.plan.n_tasks))

    def begin(self, tasks: range) -> None:
        """Start to run some tasks of the plan. Those of an earlier call must have ended, or `stop` was called."""
        self._tasks = _TaskQueue(tasks, n_until_pause=self.n_until_pause, next_pause=self.next_pause)
        self._results = SimpleQueue()
        arguments = self._tasks, self._results
        self._threads = [
            threading.Thread(target=self._work, args=arguments, name=f"w2v-worker-{i}", daemon=True)
            for i in range(self.n_workers)
        ]
        for thread in self._threads:
            thread.start()

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """See Executor."""
        return next_of(self._results, timeout_s=timeout_s)

    def ahead(self) -> Ahead:
        """See Executor. Results are returned at once."""
        return NOTHING_AHEAD

    def pause(self) -> int:
        """See Executor."""
        return self._tasks.pause()

    def resume(self) -> None:
        """See Executor."""
        self._tasks.resume()

    def stop(self) -> None:
        """See Executor. The threads are joined, since Python must not exit while one runs C++ code."""
        self._tasks.stop()
        for thread in self._threads:
            thread.join()

    def _work(self, tasks: "_TaskQueue", results: SimpleQueue[TaskResult | BaseException]) -> None:
        """Run tasks until there are no more."""
        try:
            worker = Worker(self.work, self.weights)
            while (number := tasks.take()) is not None:
                results.put(worker.run(number))
        except BaseException as error:  # the main thread raises it
            results.put(error)


class CallingThreadExecutor:
    """An executor that runs each task in the calling thread, when its result is asked for.

    Python handles signals in the main thread, between the operations of a task. So Ctrl-C ends a long task that is
    written in Python, such as a decomposition, and need not wait for its end.
    """

    def __init__(self, work: Work, weights: AnyWeights):
        """Create the executor.

        Args:
            work: The work.
            weights: The weights, which are trained in place.
        """
        self.n_started = 0
        """See Executor."""
        self.paused = False
        """See Executor."""
        self._n_tasks = work.plan.n_tasks
        self._worker = Worker(work, weights)

    def start(self, first: int) -> None:
        """See Executor."""
        self.n_started = first

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """See Executor. The time is not limited."""
        if self.paused or self.n_started == self._n_tasks:
            return None
        self.n_started += 1
        return self._worker.run(self.n_started - 1)

    def ahead(self) -> Ahead:
        """See Executor. Results are returned at once."""
        return NOTHING_AHEAD

    def pause(self) -> int:
        """See Executor."""
        self.paused = True
        return self.n_started

    def resume(self) -> None:
        """See Executor."""
        self.paused = False

    def stop(self) -> None:
        """See Executor."""
        self.paused = True


def next_of(results: SimpleQueue[TaskResult | BaseException], *, timeout_s: float) -> TaskResult | None:
    """Return the next result of a queue, which another thread fills, or None after timeout_s seconds without one.

    Raises:
        BaseException: The error of that thread.
    """
    try:
        result = results.get(timeout=timeout_s)
    except Empty:
        return None
    if isinstance(result, BaseException):
        raise result
    return result


class _TaskQueue:
    """A queue of task numbers, in order, that can be paused."""

    def __init__(self, tasks: range, *, n_until_pause: int, next_pause: Callable[[int], int] | None = None):
        """Create the queue.

        Args:
            tasks: The numbers.
            n_until_pause: Number of tasks after which to pause automatically.
            next_pause: Takes a number, and returns a later one before which to pause, too. The numbers must be
                consecutive.
        """
        self.tasks = tasks
        self.n_until_pause = n_until_pause
        self.next_pause = next_pause
        self.n_taken = 0
        self.end = self._next_end()
        """Number of tasks of which the next one must wait for `resume`."""
        self.changed = threading.Condition()

    @property
    def next(self) -> int:
        """The next number; after the last one, the number that would follow."""
        return self.tasks.start + self.n_taken * self.tasks.step

    @property
    def paused(self) -> bool:
        """Whether tasks wait for `resume`."""
        return self.n_taken >= self.end

    def _next_end(self) -> int:
        end = self.n_taken + self.n_until_pause
        return end if self.next_pause is None else min(end, self.next_pause(self.next) - self.tasks.start)

    def take(self) -> int | None:
        """Return the next number, after waiting for the end of a pause; None if there are no more."""
        with self.changed:
            while self.n_taken >= self.end and self.n_taken < len(self.tasks):
                self.changed.wait()
            if self.n_taken >= len(self.tasks):
                return None
            self.n_taken += 1
            return self.tasks[self.n_taken - 1]

    def pause(self) -> int:
        """Pause until `resume`, and return the next number: all tasks before it were taken."""
        with self.changed:
            self.end = self.n_taken
            return self.next

    def resume(self) -> None:
        """End a pause."""
        with self.changed:
            self.end = self._next_end()
            self.changed.notify_all()

    def stop(self) -> None:
        """End the queue."""
        with self.changed:
            self.tasks = self.tasks[: self.n_taken]
            self.changed.notify_all()
