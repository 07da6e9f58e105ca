"""Trains weights on an encoded corpus: epochs over chunks, handed out to threads."""

import math
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import NO_WORDS, Chunk, InputLayer, KernelSettings, OutputLayer, Subsampling, Weights
from spacy_w2v._system.blas import one_thread_of_blas
from spacy_w2v._system.cores import available_cores
from spacy_w2v._system.signals import HeldSignals
from spacy_w2v.config._schema import ModelSettings, TrainingSettings, default_alpha
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import StorageError, TrainingError
from spacy_w2v.kernels import TrainChunk
from spacy_w2v.model._run_record import EpochResult
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._arguments import kernel_settings
from spacy_w2v.training._checkpoint import Checkpoints
from spacy_w2v.training._health import CHECK_EVERY_S, Health
from spacy_w2v.training._listener import TrainingListener
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._progress_record import SavedState
from spacy_w2v.training._randomness import chunk_random_state
from spacy_w2v.training._schedules import LinearSchedule
from spacy_w2v.training._state import RunState, TaskResult

POLL_S = 0.1
"""How often the main thread looks up, so that Ctrl-C is answered and progress is shown."""


def train_weights(
    corpus: Corpus,
    subsampling: Subsampling,
    layer: OutputLayer,
    weights: Weights,
    *,
    model: ModelSettings,
    training: TrainingSettings,
    listener: TrainingListener | None = None,
    untrained_loss: float = math.inf,
    checkpoints: Checkpoints | None = None,
    done: SavedState | None = None,
    frozen: NDArray[np.bool_] = NO_WORDS,
) -> list[EpochResult]:
    """Train the weights in place, and return the result of each epoch.

    untrained_loss: the loss per pair of a model that knows nothing; far above it, training is stopped.
    checkpoints: where and when to keep the state of the run; None for never. Ctrl-C and other requests to end
    then come into effect once a last one is written.
    done: the state of the run that the weights come from, to go on with it; None for a new one.
    frozen: words whose input vectors stay as they are, see KernelSettings; empty to train all.

    Order, learning rate and random draws of each chunk are fixed by the seed; with one worker so is every bit of the
    result. Several workers change the weights at the same time, without locks (Recht et al. 2011, "Hogwild!").
    Raises TrainingError if losses or weights explode, or if the corpus gives no pairs.
    """
    objective = objective_of(model)
    kernel = objective.kernel(training.kernel)
    schedule = LinearSchedule(
        alpha=training.alpha or default_alpha(model),
        min_alpha=training.min_alpha,
        n_tokens=corpus.counts.n_tokens * training.epochs,
    )
    plan = Plan(corpus.chunk_tokens, epochs=training.epochs, seed=training.seed)
    # More threads than chunks would train several epochs at the same time, each at its own learning rate.
    n_workers = min(training.workers or available_cores(), plan.n_chunks)
    run = _Run(
        corpus=corpus,
        train_chunk=kernel.load(),
        subsampling=subsampling,
        inputs=objective.input_layer(subsampling.keep_threshold.size),
        layer=layer,
        weights=weights,
        settings=kernel_settings(model, kernel, n_workers=n_workers, frozen=frozen),
        schedule=schedule,
        plan=plan,
        seed=training.seed,
    )
    run.warm_up()
    conductor = _Conductor(
        run,
        RunState(plan, schedule) if done is None else RunState.restored(done, plan, schedule),
        Health(weights, untrained_loss),
        n_workers=n_workers,
        listener=listener or TrainingListener(),
        checkpoints=checkpoints,
    )
    with one_thread_of_blas() if objective.needs_one_blas_thread else nullcontext():
        return conductor.conduct()


@dataclass(frozen=True)
class _Run:
    """All that a worker needs to train."""

    corpus: Corpus
    train_chunk: TrainChunk
    subsampling: Subsampling
    inputs: InputLayer
    layer: OutputLayer
    weights: Weights
    settings: KernelSettings
    schedule: LinearSchedule
    plan: Plan
    seed: int

    def warm_up(self) -> None:
        """Compile the kernel, or load it from numba's cache, on a chunk of no tokens with the types of a real one."""
        nothing = Chunk(tokens=np.zeros(0, np.uint32), offsets=np.zeros(1, np.int64))
        for array in nothing:
            array.flags.writeable = False
        random_state = chunk_random_state(seed=self.seed, epoch=0, chunk=0)
        self.train_chunk(
            nothing,
            self.subsampling,
            self.inputs,
            self.layer,
            self.weights,
            self.settings,
            self.schedule.alphas_between(0, 0),
            random_state,
        )

    def work(self, tasks: "_Tasks", results: "SimpleQueue[object]") -> None:
        """Take the next task until none is left."""
        try:
            chunks = self.corpus.open_chunks()
            while (number := tasks.take()) is not None:
                task = self.plan.task(number)
                chunk = chunks.read(task.chunk)
                random_state = chunk_random_state(seed=self.seed, epoch=task.epoch, chunk=task.chunk)
                alphas = self.schedule.alphas_between(task.first_token, task.first_token + chunk.tokens.size)
                counters = self.train_chunk(
                    chunk, self.subsampling, self.inputs, self.layer, self.weights, self.settings, alphas, random_state
                )
                results.put(TaskResult(task, *counters))
        except BaseException as error:  # handed to the main thread, which raises it
            results.put(error)


class _Tasks:
    """Hands out the numbers of tasks to the workers, in order, with pauses."""

    def __init__(self, first: int, n_tasks: int, *, at_a_time: int | None = None):
        """Begin with number `first`; `at_a_time` is how many are handed out before a pause comes by itself."""
        self.next = first
        self.n_tasks = n_tasks
        self.at_a_time = at_a_time or n_tasks
        self.end = first + self.at_a_time
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
        """Hand out no more until `go_on`; return how many were: all tasks below this number."""
        with self.changed:
            self.end = self.next
            return self.next

    def go_on(self) -> None:
        """End a pause."""
        with self.changed:
            self.end = self.next + self.at_a_time
            self.changed.notify_all()

    def stop(self) -> None:
        """Hand out no more, ever."""
        with self.changed:
            self.next = self.n_tasks
            self.changed.notify_all()


class _Conductor:
    """Starts the workers, sums what they report, tells the listener, and keeps watch over the weights."""

    def __init__(
        self,
        run: _Run,
        state: RunState,
        health: Health,
        *,
        n_workers: int,
        listener: TrainingListener,
        checkpoints: Checkpoints | None,
    ):
        self.run = run
        self.n_workers = n_workers
        self.state = state
        self.health = health
        self.listener = listener
        self.checkpoints = checkpoints
        # Where a checkpoint follows each task, workers do not run ahead while it is planned.
        at_a_time = n_workers if checkpoints is not None and checkpoints.every_s == 0 else None
        self.tasks = _Tasks(state.n_done, run.plan.n_tasks, at_a_time=at_a_time)
        self.results = SimpleQueue[object]()
        self.signals = HeldSignals()
        self.next_check = time.monotonic() + CHECK_EVERY_S

    def conduct(self) -> list[EpochResult]:
        threads = [
            threading.Thread(target=self.run.work, args=(self.tasks, self.results), name=f"w2v-worker-{i}", daemon=True)
            for i in range(self.n_workers)
        ]
        for thread in threads:
            thread.start()
        try:
            if self.checkpoints is None:
                self._train()
            else:
                with self.signals:
                    self._train_with_checkpoints(self.checkpoints)
        finally:
            self._end(threads)
        self._stop_if(self.health.of_all())
        return self.state.finished

    def _end(self, threads: list[threading.Thread]) -> None:
        """Wait until no worker changes the weights any more, nor reads: Python cannot end while one does in C++."""
        self.tasks.stop()
        for thread in threads:
            thread.join()

    def _train(self) -> None:
        while self.state.n_done < self.run.plan.n_tasks:
            self._receive()

    def _train_with_checkpoints(self, checkpoints: Checkpoints) -> None:
        while self.state.n_done < self.run.plan.n_tasks:
            self._receive()
            if self.signals.pending is not None or checkpoints.are_due():
                self._write(checkpoints)
                self.signals.deliver()
                self.tasks.go_on()

    def _write(self, checkpoints: Checkpoints) -> None:
        """Write a checkpoint between tasks: wait for those that run, while no others begin until `go_on`."""
        start = time.monotonic()
        n_begun = self.tasks.pause()
        while self.state.n_done < n_begun:
            self._receive()
        self._stop_if(self.health.of_all())
        try:
            checkpoints.write(self.state)
        except (OSError, StorageError) as error:
            then = "training goes on without" if self.signals.pending is None else "the newest state is lost"
            self.listener.message(f"No checkpoint could be written, and {then}: {error}")
        checkpoints.took(time.monotonic() - start)

    def _receive(self) -> None:
        """Wait for the next result, and do all that follows from it; or do nothing if none is to come in a pause."""
        result = self._next_result()
        if result is None:
            return
        if not math.isfinite(result.loss):
            self._stop_if(f"The loss must stay finite, was: {result.loss}")
        ended = self.state.add(result)
        progress = self.state.progress()
        self._stop_if(self.health.of_loss(progress.loss))
        self.listener.progress(progress)
        for epoch in ended:
            self.listener.epoch(epoch)
        if time.monotonic() > self.next_check:
            self._stop_if(self.health.of_sample())
            self.next_check = time.monotonic() + CHECK_EVERY_S

    def _next_result(self) -> TaskResult | None:
        while True:
            if self.signals.pending is not None and not self.tasks.paused:
                self.tasks.pause()
                self.listener.message("Stopping, with a checkpoint, as soon as the running chunks are done")
            if self.tasks.paused and self.state.n_done == self.tasks.next:
                return None
            try:
                result = self.results.get(timeout=POLL_S)
            except Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            assert isinstance(result, TaskResult)
            return result

    def _stop_if(self, problem: str | None) -> None:
        """Raise TrainingError if there is a problem with losses or weights."""
        if problem is None:
            return
        n_tokens = min(self.state.n_tokens, self.run.schedule.n_tokens - 1)
        schedule = self.run.schedule
        kept = self.checkpoints.describe() if self.checkpoints is not None else ""
        raise TrainingError(
            f"{problem}, in epoch {n_tokens // self.run.plan.n_tokens + 1} at learning rate "
            f"{schedule.alpha_at(n_tokens):.4g}. Lower alpha, which is {schedule.alpha:.4g}.{kept}"
        )
