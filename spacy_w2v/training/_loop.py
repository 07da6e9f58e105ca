"""The training loop: receives the results of tasks, sums them, and calls the callbacks."""

import time
from contextlib import nullcontext

from spacy_w2v._system.signals import DelayedSignals
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._executors import Executor
from spacy_w2v.training._state import RunState, TaskResult
from spacy_w2v.training.callbacks._callback import Callback

POLL_S = 0.1
"""How often the main thread looks up, so that Ctrl-C is answered and progress is shown."""


class TrainingLoop:
    """Goes through a run from the state it is in to its end."""

    def __init__(self, executor: Executor, state: RunState, callback: Callback, *, holds_signals: bool = False):
        """Connect those who take part.

        Args:
            executor: Carries out the tasks.
            state: Where the run begins; the loop adds all results to it.
            callback: Is called as the run goes on.
            holds_signals: Whether Ctrl-C and other requests to end come into effect only after a pause, in which a
                callback can keep the state.
        """
        self.executor = executor
        self.state = state
        self.callback = callback
        self.holds_signals = holds_signals
        self.signals = DelayedSignals()

    def run(self) -> list[EpochResult]:
        """Return the results of all epochs. Raises what a callback or a worker raises."""
        self.executor.start(self.state.n_done)
        try:
            with self.signals if self.holds_signals else nullcontext():
                self._train()
        finally:
            self.executor.stop()
        self.callback.on_train_end(self.state.finished)
        return self.state.finished

    def _train(self) -> None:
        while self.state.n_done < self.state.plan.n_tasks:
            self._receive()
            if self.signals.pending is not None or self.callback.wants_pause():
                self._pause()
                self.signals.deliver()
                self.executor.resume()

    def _pause(self) -> None:
        """Wait for the tasks that run, while no others begin until `resume`, and let the callback act."""
        start = time.monotonic()
        n_begun = self.executor.pause()
        while self.state.n_done < n_begun:
            self._receive()
        self.callback.on_pause(self.state, stopping=self.signals.pending is not None)
        self.callback.on_pause_end(time.monotonic() - start)

    def _receive(self) -> None:
        """Wait for the next result, and do all that follows from it; or do nothing if none is to come in a pause."""
        result = self._next_result()
        if result is None:
            return
        self.callback.on_task_end(result)
        ended = self.state.add(result)
        self.callback.on_progress(self.state.progress())
        for epoch in ended:
            self.callback.on_epoch_end(epoch)

    def _next_result(self) -> TaskResult | None:
        while True:
            if self.signals.pending is not None and not self.executor.paused:
                self.executor.pause()
                self.callback.on_message("Stopping, with a checkpoint, as soon as the running chunks are done")
            if self.executor.paused and self.state.n_done == self.executor.n_begun:
                return None
            result = self.executor.next_result(timeout_s=POLL_S)
            if result is not None:
                return result
