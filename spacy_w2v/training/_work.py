"""The work of a run: what workers must know, and what one does with a task."""

from dataclasses import dataclass

import numpy as np

from spacy_w2v._arrays import Chunk, InputLayer, KernelSettings, OutputLayer, Subsampling, Weights
from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import W2VSettings, default_alpha
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.kernels import TrainingKernel
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._arguments import kernel_settings
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan
from spacy_w2v.training._randomness import chunk_random_state
from spacy_w2v.training._stages import Built, Prepared
from spacy_w2v.training._state import TaskResult


@dataclass(frozen=True, eq=False)
class Work:
    """All that a worker must know, besides the weights that it trains.

    It can be pickled, and so be sent to another process or machine that has the corpus at the same path.
    """

    kernel: TrainingKernel
    """By the name of its module."""
    corpus: Corpus
    """Opened by its path."""
    subsampling: Subsampling
    inputs: InputLayer
    layer: OutputLayer
    settings: KernelSettings
    schedule: LearningRateSchedule
    plan: Plan
    seed: int


def make_work(settings: W2VSettings, prepared: Prepared, built: Built) -> Work:
    """Return what the workers of a run must know; `Work.settings.workers` is how many there are to be."""
    model, training, corpus = settings.model, settings.training, prepared.corpus
    plan = Plan(corpus.chunk_tokens, epochs=training.epochs, seed=training.seed)
    # More workers than chunks would train several epochs at the same time, each at its own learning rate.
    n_workers = min(training.workers or available_cores(), plan.n_chunks)
    kernel = objective_of(model).kernel(training.kernel)
    return Work(
        kernel=kernel,
        corpus=corpus,
        subsampling=built.subsampling,
        inputs=built.inputs,
        layer=built.layer,
        settings=kernel_settings(model, kernel, n_workers=n_workers, frozen=built.frozen),
        schedule=LearningRateSchedule(
            alpha=training.alpha or default_alpha(model),
            min_alpha=training.min_alpha,
            n_tokens=corpus.counts.n_tokens * training.epochs,
        ),
        plan=plan,
        seed=training.seed,
    )


class Worker:
    """Trains tasks of a run on weights that other workers may change at the same time."""

    def __init__(self, work: Work, weights: Weights):
        """Load the kernel and open the corpus. Raises StorageError if it is damaged."""
        self.work = work
        self.weights = weights
        self.train_chunk = work.kernel.load()
        self.chunks = work.corpus.open_chunks()

    def warm_up(self) -> None:
        """Compile the kernel, or load it from numba's cache, on a chunk of no tokens with the types of a real one."""
        nothing = Chunk(tokens=np.zeros(0, np.uint32), offsets=np.zeros(1, np.int64))
        for array in nothing:
            array.flags.writeable = False
        self._train(nothing, epoch=0, number=0, first_token=0)

    def run(self, number: int) -> TaskResult:
        """Train the task with this number in the plan."""
        task = self.work.plan.task(number)
        chunk = self.chunks.read(task.chunk)
        counters = self._train(chunk, epoch=task.epoch, number=task.chunk, first_token=task.first_token)
        return TaskResult(task, *counters)

    def _train(self, chunk: Chunk, *, epoch: int, number: int, first_token: int) -> tuple[float, int, int]:
        work = self.work
        return self.train_chunk(
            chunk,
            work.subsampling,
            work.inputs,
            work.layer,
            self.weights,
            work.settings,
            work.schedule.alphas_between(first_token, first_token + chunk.tokens.size),
            chunk_random_state(seed=work.seed, epoch=epoch, chunk=number),
        )
