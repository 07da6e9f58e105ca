"""Trains weights on an encoded corpus: epochs over chunks, handed out to threads."""

import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.config.schema import ModelSettings, TrainingSettings, default_alpha
from spacy_w2v.corpus.encode import available_cores
from spacy_w2v.corpus.store import Corpus
from spacy_w2v.errors import TrainingError
from spacy_w2v.kernels import TRAINING_KERNELS, TrainChunk
from spacy_w2v.kernels.arguments import Chunk, KernelSettings, OutputLayer, Subsampling, Weights
from spacy_w2v.sampling import aligned_zeros, chunk_order, chunk_random_state, initial_input_vectors
from spacy_w2v.schedules import LinearSchedule
from spacy_w2v.types import Vectors

ROW_FLOATS = 16
"""Rows of weights are multiples of so many float32: a cache line, and the widest vector."""

POLL_S = 0.1
"""How often the main thread looks up, so that Ctrl-C is answered and progress is shown."""


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


class EpochResult(NamedTuple):
    """What an epoch came to."""

    epoch: int
    loss: float
    """Mean loss per positive pair."""
    n_pairs: int
    n_kept: int
    """Tokens kept by subsampling."""
    seconds: float
    """Since training began."""
    words_per_s: float
    """Tokens of the corpus per second, since training began."""
    alpha: float
    """Learning rate at the end."""


@dataclass(frozen=True)
class TrainingListener:
    """Whom to tell while training goes on."""

    progress: Callable[[TrainingProgress], None] = lambda progress: None
    epoch: Callable[[EpochResult], None] = lambda result: None


class _Task(NamedTuple):
    """One chunk in one epoch."""

    epoch: int  # from 0
    chunk: int
    first_token: int  # position in the planned order of all epochs


class _TaskResult(NamedTuple):
    task: _Task
    loss: float
    n_pairs: int
    n_kept: int


class _Plan:
    """The order of all chunks in all epochs, fixed by the seed."""

    def __init__(self, chunk_tokens: NDArray[np.int64], *, epochs: int, seed: int):
        self.n_chunks = chunk_tokens.size
        self.n_tasks = self.n_chunks * epochs
        self.orders = [chunk_order(n_chunks=self.n_chunks, seed=seed, epoch=epoch) for epoch in range(epochs)]
        n_tokens = int(chunk_tokens.sum())
        self.first_tokens = [
            epoch * n_tokens + np.concatenate(([0], np.cumsum(chunk_tokens[order])[:-1]))
            for epoch, order in enumerate(self.orders)
        ]

    def task(self, number: int) -> _Task:
        epoch, position = divmod(number, self.n_chunks)
        return _Task(epoch, int(self.orders[epoch][position]), int(self.first_tokens[epoch][position]))


ROWS_MOVED = 1024
"""Rows that are moved at a time when padding is taken off."""


def initial_weights(*, n_words: int, n_outputs: int, vector_size: int, seed: int) -> Weights:
    """Return small random input vectors and zero output vectors, as word2vec.c starts.

    Rows are padded with zeros to whole cache lines, which training leaves zero; `without_padding` takes them off.
    """
    padded_size = -(-vector_size // ROW_FLOATS) * ROW_FLOATS
    return Weights(
        input=initial_input_vectors(n_words=n_words, vector_size=vector_size, padded_size=padded_size, seed=seed),
        output=aligned_zeros(n_outputs, padded_size),
    )


def without_padding(matrix: Vectors, vector_size: int) -> Vectors:
    """Return the first columns of a matrix of weights, whose rows are moved together in its own memory.

    The matrix itself is of no use after that. A copy would be the largest thing that training ever holds.
    """
    n_words, padded_size = matrix.shape
    if padded_size == vector_size:
        return matrix
    flat = matrix.reshape(-1)
    for start in range(0, n_words, ROWS_MOVED):
        rows = matrix[start : start + ROWS_MOVED, :vector_size].copy()
        flat[start * vector_size : start * vector_size + rows.size] = rows.reshape(-1)
    return flat[: n_words * vector_size].reshape(n_words, vector_size)


def train_weights(
    corpus: Corpus,
    subsampling: Subsampling,
    layer: OutputLayer,
    weights: Weights,
    *,
    model: ModelSettings,
    training: TrainingSettings,
    listener: TrainingListener | None = None,
) -> list[EpochResult]:
    """Train the weights in place, and return the result of each epoch.

    Order, learning rate and random draws of each chunk are fixed by the seed; with one worker so is every bit of the
    result. Several workers change the weights at the same time, without locks (Recht et al. 2011, "Hogwild!").
    Raises TrainingError if the loss is no finite number, or if the corpus gives no pairs.
    """
    kernel = TRAINING_KERNELS[model.architecture, model.loss, training.kernel]
    run = _Run(
        corpus=corpus,
        train_chunk=kernel.load(),
        subsampling=subsampling,
        layer=layer,
        weights=weights,
        settings=KernelSettings(
            window=model.window,
            shrink_windows=model.shrink_windows,
            negative=model.negative,
            cbow_mean=model.cbow_mean,
            block=kernel.block,
            n_noise=kernel.n_noise,
        ),
        schedule=LinearSchedule(
            alpha=training.alpha or default_alpha(model),
            min_alpha=training.min_alpha,
            n_tokens=corpus.counts.n_tokens * training.epochs,
        ),
        plan=_Plan(corpus.chunk_tokens, epochs=training.epochs, seed=training.seed),
        seed=training.seed,
    )
    # More threads than chunks would train several epochs at the same time, each at its own learning rate.
    n_workers = min(training.workers or available_cores(), run.plan.n_chunks)
    run.warm_up()
    return _Conductor(run, listener or TrainingListener()).conduct(n_workers)


@dataclass(frozen=True)
class _Run:
    """All that a worker needs to train."""

    corpus: Corpus
    train_chunk: TrainChunk
    subsampling: Subsampling
    layer: OutputLayer
    weights: Weights
    settings: KernelSettings
    schedule: LinearSchedule
    plan: _Plan
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
            self.layer,
            self.weights,
            self.settings,
            self.schedule.alphas_between(0, 0),
            random_state,
        )

    def work(self, numbers: "itertools.count[int]", stop: threading.Event, results: "SimpleQueue[object]") -> None:
        """Take the next task until none is left; `next` on a count is atomic, so there is no lock."""
        try:
            chunks = self.corpus.open_chunks()
            while not stop.is_set() and (number := next(numbers)) < self.plan.n_tasks:
                task = self.plan.task(number)
                chunk = chunks.read(task.chunk)
                random_state = chunk_random_state(seed=self.seed, epoch=task.epoch, chunk=task.chunk)
                alphas = self.schedule.alphas_between(task.first_token, task.first_token + chunk.tokens.size)
                counters = self.train_chunk(
                    chunk, self.subsampling, self.layer, self.weights, self.settings, alphas, random_state
                )
                results.put(_TaskResult(task, *counters))
        except BaseException as error:  # handed to the main thread, which raises it
            results.put(error)


class _Conductor:
    """Starts the workers, sums what they report, and tells the listener."""

    def __init__(self, run: _Run, listener: TrainingListener):
        self.run = run
        self.listener = listener
        self.by_epoch: dict[int, list[_TaskResult]] = {}
        self.finished: list[EpochResult] = []
        self.n_tokens = 0
        self.newest: list[_TaskResult] = []
        self.start = time.perf_counter()

    def conduct(self, n_workers: int) -> list[EpochResult]:
        numbers, stop, results = itertools.count(), threading.Event(), SimpleQueue[object]()
        threads = [
            threading.Thread(target=self.run.work, args=(numbers, stop, results), name=f"w2v-worker-{i}", daemon=True)
            for i in range(n_workers)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in range(self.run.plan.n_tasks):
                self._receive(self._next(results))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        return self.finished

    def _next(self, results: "SimpleQueue[object]") -> _TaskResult:
        while True:
            try:
                result = results.get(timeout=POLL_S)
            except Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            assert isinstance(result, _TaskResult)
            return result

    def _receive(self, result: _TaskResult) -> None:
        if not math.isfinite(result.loss):
            raise TrainingError(
                f"The loss must stay finite, but diverged in epoch {result.task.epoch + 1} at learning rate "
                f"{self.run.schedule.alpha_at(result.task.first_token):.4g}. Lower alpha."
            )
        n_tokens = int(self.run.corpus.chunk_tokens[result.task.chunk])
        self.n_tokens += n_tokens
        self.newest = [*self.newest[-19:], result]
        n_pairs = sum(newest.n_pairs for newest in self.newest)
        self.listener.progress(
            TrainingProgress(
                epoch=max(newest.task.epoch for newest in self.newest) + 1,
                n_tokens=self.n_tokens,
                n_tokens_total=self.run.schedule.n_tokens,
                loss=sum(newest.loss for newest in self.newest) / n_pairs if n_pairs else math.nan,
                alpha=self.run.schedule.alpha_at(self.n_tokens),
                seconds=time.perf_counter() - self.start,
            )
        )
        of_epoch = self.by_epoch.setdefault(result.task.epoch, [])
        of_epoch.append(result)
        # Epochs end in their order, though the last chunks of one may come after the next one's: chunks differ in size.
        while len(self.by_epoch.get(len(self.finished), ())) == self.run.plan.n_chunks:
            self._finish(len(self.finished), self.by_epoch.pop(len(self.finished)))

    def _finish(self, epoch: int, results: list[_TaskResult]) -> None:
        n_pairs = sum(result.n_pairs for result in results)
        if n_pairs == 0:
            raise TrainingError(
                "The corpus must give pairs of neighbouring words, but min_count and sample leave none: "
                f"{sum(result.n_kept for result in results)} of {self.run.corpus.counts.n_tokens} tokens are kept. "
                'Take more text, lower min_count, raise sample (0 keeps all), or set boundary = "document".'
            )
        seconds = time.perf_counter() - self.start
        result = EpochResult(
            epoch=epoch + 1,
            loss=math.fsum(result.loss for result in results) / n_pairs,  # fsum: no matter in which order they came
            n_pairs=n_pairs,
            n_kept=sum(result.n_kept for result in results),
            seconds=seconds,
            words_per_s=self.n_tokens / seconds,
            alpha=self.run.schedule.alpha_at((epoch + 1) * self.run.corpus.counts.n_tokens),
        )
        self.finished.append(result)
        self.listener.epoch(result)
