"""The work of a run: the data that workers need, and a worker that trains tasks."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_w2v._arrays import AnyWeights, KernelSettings
from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import W2VSettings, ending_alpha, starting_alpha
from spacy_w2v.kernels import Kernel
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._arguments import kernel_settings
from spacy_w2v.training._learning_rate import LearningRateSchedule
from spacy_w2v.training._plan import Plan, Task
from spacy_w2v.training._randomness import item_random_state
from spacy_w2v.training._state import TaskResult
from spacy_w2v.training._work_items import Item, WorkItems

if TYPE_CHECKING:  # replicas start without what the other stages import
    from spacy_w2v.training._stages import Built


@dataclass(frozen=True, eq=False)
class Work:
    """The data that a worker needs, besides the weights that it trains.

    It can be pickled, to be sent to another process, or to another machine that has the items at the same path.
    """

    kernel: Kernel
    items: WorkItems
    tables: tuple[NamedTuple, ...]
    """The arguments of the kernel between the item and the weights: subsampling, input layer and output layer."""
    settings: KernelSettings
    schedule: LearningRateSchedule
    plan: Plan
    seed: int

    def for_replica(self, n_threads: int) -> "Work":
        """Return the work of a replica: for a number of threads, with tables that kernels take.

        Arrays that come from elsewhere may be read-only. numba would compile a second specialisation for them, so they
        are copied.

        Args:
            n_threads: Number of threads. If there are more threads than items, it is lowered, as in `make_work`.
        """
        settings = self.settings._replace(
            workers=min(n_threads, self.plan.n_items), frozen=_writable(self.settings.frozen)
        )
        tables = tuple(table._make(map(_writable, table)) for table in self.tables)
        return replace(self, settings=settings, tables=tables)


def _writable(value: Any) -> Any:  # Any: a value of a table, such as an array
    return value.copy() if isinstance(value, np.ndarray) and not value.flags.writeable else value


def make_work(settings: W2VSettings, built: "Built") -> Work:
    """Return the work of a run. Its `settings.workers` is the number of workers.

    Args:
        settings: The settings of the run.
        built: The work items and the tables.
    """
    model, training = settings.model, settings.training
    plan = Plan(built.items.sizes, epochs=training.epochs, seed=training.seed)
    # More workers than items would train several epochs at the same time, at different learning rates.
    n_workers = min(training.workers or available_cores(), plan.n_items)
    objective = objective_of(model)
    kernel, has_steps = objective.kernel(training.kernel), objective.spec.has_steps
    return Work(
        kernel=kernel,
        items=built.items,
        tables=(built.subsampling, built.input_layer, built.output_layer),
        settings=kernel_settings(
            model, kernel, shared_noise=training.shared_noise, n_workers=n_workers, frozen=built.frozen
        ),
        schedule=LearningRateSchedule(
            alpha=starting_alpha(model, training) if has_steps else 0.0,
            min_alpha=ending_alpha(model, training) if has_steps else 0.0,
            n_tokens=plan.epoch_size * training.epochs,
        ),
        plan=plan,
        seed=training.seed,
    )


class Worker:
    """Trains tasks of a run. Other workers may change the weights at the same time."""

    def __init__(self, work: Work, weights: AnyWeights):
        """Load the kernel and open the items. Raises StorageError if they are damaged."""
        self.work = work
        self.weights = weights
        self.train_item = work.kernel.load()
        self.items = work.items.open()

    def warm_up(self) -> None:
        """Compile the kernel, or load it from the cache, by training on an empty item."""
        self._train(self.work.items.empty(), Task(number=0, epoch=0, item=0, first=0, size=0))

    def run(self, number: int) -> TaskResult:
        """Train the task with this number in the plan."""
        task = self.work.plan.task(number)
        return TaskResult(task, *self._train(self.items.read(task.item), task))

    def _train(self, item: Item, task: Task) -> tuple[float, int, int]:
        work = self.work
        return self.train_item(
            item,
            *work.tables,
            self.weights,
            work.settings,
            work.schedule.alphas_between(task.first, task.first + task.size),
            item_random_state(seed=work.seed, epoch=task.epoch, item=task.item),
        )
