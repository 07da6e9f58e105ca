"""Executors carry out the tasks of a run. Here are threads of this process; others may use other machines."""

import threading
from queue import Empty, SimpleQueue
from typing import Protocol

from spacy_w2v._arrays import Weights
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work import Work, Worker


class Executor(Protocol):
    """Carries out the tasks of a run in the order of its plan, several at a time.

    While no task is running, in a pause or after `stop`, the parameters of the run in this process are those of all
    tasks that are done: checkpoints and the model are written from them.
    """

    @property
    def n_begun(self) -> int:
        """Number of the first task that has not begun."""

    @property
    def paused(self) -> bool:
        """Whether no further tasks begin until `resume`."""

    def start(self, first: int) -> None:
        """Begin with the task of this number."""

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """Return the result of a task, in any order, or None if there is none in time; raise what a worker raised."""

    def pause(self) -> int:
        """Begin no further tasks, and return `n_begun`. Those that are running continue."""

    def resume(self) -> None:
        """End a pause."""

    def stop(self) -> None:
        """Begin no further tasks, ever, and wait until none is running: no worker changes the weights after that."""


class MakeExecutor(Protocol):
    """Makes the executor of a run, as the class `ThreadExecutor` does."""

    def __call__(self, work: Work, weights: Weights, *, n_workers: int, n_until_pause: int | None = None) -> Executor:
        """Return the executor; its arguments are those of `ThreadExecutor`."""


class ThreadExecutor:
    """Threads of this process, which share the weights."""

    def __init__(self, work: Work, weights: Weights, *, n_workers: int, n_until_pause: int | None = None):
        """Compile the kernel, so that no worker has to.

        Args:
            work: What the workers do.
            weights: What they train, in place, without locks (Recht et al. 2011, "Hogwild!").
            n_workers: Number of threads.
            n_until_pause: Tasks after which a pause comes by itself; None for no such pause.
        """
        self.work = work
        self.weights = weights
        self.n_workers = n_workers
        self.n_until_pause = n_until_pause or work.plan.n_tasks
        self._threads: list[threading.Thread] = []
        self._tasks = _TaskQueue(0, work.plan.n_tasks, n_until_pause=self.n_until_pause)
        self._results = SimpleQueue[TaskResult | BaseException]()
        Worker(work, weights).warm_up()

    @property
    def n_begun(self) -> int:
        """See Executor."""
        return self._tasks.next

    @property
    def paused(self) -> bool:
        """See Executor."""
        return self._tasks.paused

    def start(self, first: int) -> None:
        """See Executor."""
        self._tasks = _TaskQueue(first, self.work.plan.n_tasks, n_until_pause=self.n_until_pause)
        self._threads = [
            threading.Thread(target=self._work, name=f"w2v-worker-{i}", daemon=True) for i in range(self.n_workers)
        ]
        for thread in self._threads:
            thread.start()

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """See Executor."""
        try:
            result = self._results.get(timeout=timeout_s)
        except Empty:
            return None
        if isinstance(result, BaseException):
            raise result
        return result

    def pause(self) -> int:
        """See Executor."""
        return self._tasks.pause()

    def resume(self) -> None:
        """See Executor."""
        self._tasks.resume()

    def stop(self) -> None:
        """See Executor. Python cannot end while a thread of its is in C++, as where one reads."""
        self._tasks.stop()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        """Take the next task until none is left."""
        try:
            worker = Worker(self.work, self.weights)
            while (number := self._tasks.take()) is not None:
                self._results.put(worker.run(number))
        except BaseException as error:  # handed to the main thread, which raises it
            self._results.put(error)


class _TaskQueue:
    """Hands out the numbers of tasks to the workers, in order, with pauses."""

    def __init__(self, first: int, n_tasks: int, *, n_until_pause: int):
        """Begin with number `first`; n_until_pause: how many are handed out before a pause comes by itself."""
        self.next = first
        self.n_tasks = n_tasks
        self.n_until_pause = n_until_pause
        self.end = first + n_until_pause
        """Tasks from here on are held back."""
        self.changed = threading.Condition()

    @property
    def paused(self) -> bool:
        """Whether tasks are held back."""
        return self.next >= self.end

    def take(self) -> int | None:
        """Return the next number, after a pause if there is one; None if there are no more."""
        with self.changed:
            while self.next >= self.end and self.next < self.n_tasks:
                self.changed.wait()
            if self.next >= self.n_tasks:
                return None
            self.next += 1
            return self.next - 1

    def pause(self) -> int:
        """Hand out no more until `resume`; return how many were: all tasks below this number."""
        with self.changed:
            self.end = self.next
            return self.next

    def resume(self) -> None:
        """End a pause."""
        with self.changed:
            self.end = self.next + self.n_until_pause
            self.changed.notify_all()

    def stop(self) -> None:
        """Hand out no more, ever."""
        with self.changed:
            self.next = self.n_tasks
            self.changed.notify_all()
