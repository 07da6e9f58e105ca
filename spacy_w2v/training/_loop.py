"""The training loop, which receives the results of tasks, adds them up, and calls the callbacks."""

import time
from contextlib import nullcontext

from spacy_w2v._system.signals import DelayedSignals
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.training._executors import Executor
from spacy_w2v.training._state import Ahead, RunState, TaskResult
from spacy_w2v.training.callbacks._callback import RunCallback
from spacy_w2v.training.scoring._scoring import Scoring

POLL_S = 0.1
"""Longest time in seconds for which the main thread waits, so that it reacts to Ctrl-C."""


class TrainingLoop:
    """Runs the tasks of a run from its current state to the end."""

    def __init__(
        self,
        executor: Executor,
        state: RunState,
        callback: RunCallback,
        *,
        scoring: Scoring | None = None,
        holds_signals: bool = False,
    ):
        """Create the loop.

        Args:
            executor: Runs the tasks.
            state: The initial state, to which the loop adds all results.
            callback: Receives the events of the run.
            scoring: Scores the vectors, and may end the run early; None for no scores. The executor must pause at its
                points.
            holds_signals: Whether Ctrl-C and other termination signals take effect only after a pause, in which a
                callback can write a checkpoint.
        """
        self.executor = executor
        self.state = state
        self.callback = callback
        self.scoring = scoring
        self.holds_signals = holds_signals
        self.signals = DelayedSignals()
        self._n_tokens_ahead = 0
        self._ended: list[EpochResult] = []  # epochs of which the callback does not know yet

    def run(self) -> list[EpochResult]:
        """Train, and return the results of the complete epochs. Errors of callbacks and workers are raised."""
        self.executor.start(self.state.n_done)
        try:
            with self.signals if self.holds_signals else nullcontext():
                self._train()
        finally:
            self.executor.stop()
        self.callback.on_train_end(self.state.finished)
        return self.state.finished

    def _train(self) -> None:
        while self.state.n_done < self.state.plan.n_tasks and not self._should_stop:
            self._receive()
            if self.signals.pending is not None or self.callback.wants_pause():
                self._pause()
                self.signals.deliver()
            if self._is_idle and not self._should_stop:
                self.executor.resume()

    @property
    def _is_idle(self) -> bool:
        """Whether no task is running, and none starts until the executor resumes."""
        return self.executor.paused and self.state.n_done == self.executor.n_started

    @property
    def _should_stop(self) -> bool:
        return self.scoring is not None and self.scoring.should_stop

    def _pause(self) -> None:
        """Pause the executor, wait for running tasks, and call the callback."""
        start = time.monotonic()
        n_started = self.executor.pause()
        while self.state.n_done < n_started:
            self._receive()
        self.callback.on_pause(self.state, stopping=self.signals.pending is not None)
        self.callback.on_pause_end(time.monotonic() - start)

    def _receive(self) -> None:
        """Wait for the next result and process it. Return at once if a pause has no more results."""
        result = self._next_result()
        if result is not None:
            self.callback.on_task_end(result)
            self._ended += self.state.add(result)
            self._report(self.executor.ahead())
        if self.scoring is not None and self.scoring.is_due(self.state.n_done):
            if not self._is_idle:  # on several machines, other results of the same round are to come
                return
            point = self.scoring.score(self.state, ends_epoch=bool(self._ended))
            if self._ended:
                self._ended[-1] = self.state.note_scores(point.scores)
            self.callback.on_scores(point)
        for epoch in self._ended:
            self.callback.on_epoch_end(epoch)
        self._ended = []

    def _report(self, ahead: Ahead) -> None:
        """Pass on messages of the executor, and the progress of training."""
        for text in ahead.messages:
            self.callback.on_message(text)
        if self.state.recent or ahead.recent:
            self.callback.on_progress(self.state.progress(ahead))

    def _report_ahead(self) -> None:
        """Report what the executor has done, if it is anything new."""
        ahead = self.executor.ahead()
        if ahead.messages or ahead.n_tokens != self._n_tokens_ahead:
            self._n_tokens_ahead = ahead.n_tokens
            self._report(ahead)

    def _next_result(self) -> TaskResult | None:
        while True:
            if self.signals.pending is not None and not self.executor.paused:
                is_running = self.executor.pause() > self.state.n_done
                when = " when the running chunks are done" if is_running else ""
                self.callback.on_message(f"Stopping: a checkpoint is written{when}")
            if self._is_idle:
                return None
            result = self.executor.next_result(timeout_s=POLL_S)
            if result is not None:
                return result
            self._report_ahead()
