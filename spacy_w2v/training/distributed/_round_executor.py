"""The executor that trains on the machines of a cluster, in rounds."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from queue import SimpleQueue

from spacy_w2v._arrays import Parameters
from spacy_w2v.cluster._cluster import Cluster, MachineLostError
from spacy_w2v.config._distributed import DistributedSettings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import ClusterError, TrainingError
from spacy_w2v.objectives._parameters import unpadded_views
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._executors import next_of
from spacy_w2v.training._stages import Built, Prepared
from spacy_w2v.training._state import N_RECENT, Ahead, TaskResult
from spacy_w2v.training._work import Work
from spacy_w2v.training.distributed._merging import merge
from spacy_w2v.training.distributed._replica import Assignment
from spacy_w2v.training.distributed._replicas import Replicas, Stopped
from spacy_w2v.training.distributed._rounds import Rounds, shares_of

MAX_LOSSES = 20
"""Number of times that a round is begun or merged again because machines were lost, before the run ends."""


def make_round_executor(
    settings: W2VSettings,
    prepared: Prepared,
    built: Built,
    *,
    work: Work,
    pauses_after_rounds: bool,
    next_pause: Callable[[int], int] | None = None,
) -> "RoundExecutor":
    """Return the executor of a run on a cluster.

    Args:
        settings: The settings of the run.
        prepared: The vocabulary and the cluster.
        built: The tables and the weights.
        work: The work of the run.
        pauses_after_rounds: Whether to pause after each round.
        next_pause: See `RoundExecutor`.
    """
    assert prepared.cluster is not None
    objective, counts = objective_of(settings.model), prepared.vocabulary.counts
    exposures = objective.exposures(built.output_layer, counts, sample=settings.training.sample)
    return RoundExecutor(
        prepared.cluster,
        Assignment(work, settings.model, len(counts), exposures),
        unpadded_views(built.parameters, objective.shapes(len(counts))),
        settings=settings.distributed,
        n_threads=settings.training.workers,
        pauses_after_rounds=pauses_after_rounds,
        next_pause=next_pause,
    )


class RoundExecutor:
    """An executor that has replicas train shares of the tasks, and merges their changes after each round.

    The weights of this process change when a round is merged, which is its commit. The results of its tasks are then
    returned by `next_result`. So weights and results always agree, and a pause only delays commits: machines train on,
    and need not be waited for. What is trained but not committed is lost if the run ends.

    A thread calls the cluster, so a pause or a signal takes effect at once.
    """

    def __init__(
        self,
        cluster: Cluster,
        assignment: Assignment,
        parameters: Parameters,
        *,
        settings: DistributedSettings,
        n_threads: int,
        pauses_after_rounds: bool = False,
        next_pause: Callable[[int], int] | None = None,
    ):
        """Create the executor.

        Args:
            cluster: The machines. They stay open.
            assignment: What the replicas need.
            parameters: The weights, without padding.
            settings: The number of machines and of rounds.
            n_threads: Number of threads of each machine; 0 for all of its cores.
            pauses_after_rounds: Whether to pause after each round.
            next_pause: Takes the number of a task, and returns that of a later one. To pause after the round that
                trains the task before it, too; None for no such pauses.
        """
        self._rounds = Rounds(assignment.work.plan.n_tasks, settings.rounds)
        self._messages = SimpleQueue[str]()
        self._replicas = Replicas(
            cluster,
            assignment,
            parameters,
            n_machines=settings.machines,
            n_threads=n_threads,
            message=self._messages.put,
        )
        self._schedule = assignment.work.schedule
        self._pauses_after_rounds = pauses_after_rounds
        self._next_pause = next_pause
        self._changed = threading.Condition()
        self._paused = False
        self._n_committed = 0
        self._committed = SimpleQueue[TaskResult | BaseException]()
        self._n_tokens_waiting = 0  # of results that are committed, for which the loop has not asked
        self._trained: list[TaskResult] = []  # not committed
        self._merging_s = 0.0
        self._n_reported = 0
        self._thread = threading.Thread(target=self._run, name="w2v-rounds", daemon=True)

    # --- called by the loop

    @property
    def n_started(self) -> int:
        """Number of tasks that are committed. See Executor."""
        return self._n_committed

    @property
    def paused(self) -> bool:
        """See Executor."""
        return self._paused

    def start(self, first: int) -> None:
        """See Executor."""
        self._n_committed = first
        self._thread.start()

    def next_result(self, *, timeout_s: float) -> TaskResult | None:
        """See Executor."""
        result = next_of(self._committed, timeout_s=timeout_s)
        if result is not None:
            with self._changed:
                self._n_tokens_waiting -= result.task.size
        return result

    def pause(self) -> int:
        """Commit no round until `resume`. See Executor."""
        with self._changed:
            self._paused = True
            return self._n_committed

    def resume(self) -> None:
        """See Executor."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def ahead(self) -> Ahead:
        """See Executor."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        with self._changed:
            return Ahead(
                n_tokens=self._n_tokens_waiting + sum(result.task.size for result in self._trained),
                recent=self._trained[-N_RECENT:],
                messages=messages,
                n_machines=self._n_reported,
                merging_s=self._merging_s,
            )

    def stop(self) -> None:
        """End the replicas, whatever they are doing. See Executor."""
        self._replicas.stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    # --- in the thread

    def _run(self) -> None:
        """Run rounds until all tasks are committed."""
        try:
            while self._n_committed < self._rounds.n_tasks:
                self._run_round(self._rounds.after(self._n_committed))
        except Stopped:
            pass
        except BaseException as error:  # the main thread raises it
            self._committed.put(error)
        finally:
            self._replicas.end()

    def _run_round(self, tasks: range) -> None:
        """Train the tasks of a round, merge the changes, and commit. If machines are lost, repeat what they have done.

        Raises:
            ClusterError: There is no machine, or machines are lost again and again.
            TrainingError: The weights have diverged.
        """
        n_replicas = self._n_replicas()
        shares = shares_of(tasks, n_replicas)
        lost: MachineLostError | None = None
        for _ in range(MAX_LOSSES):
            try:
                if lost is None or len(self._replicas.members) < n_replicas:
                    self._replicas.arrange(n_replicas)
                else:
                    self._replicas.replace_lost()
                self._begin(shares)
                self._await_shares(tasks)
                with self._measured():
                    references = merge(self._replicas.taking_part, self._schedule)
                    rows = self._replicas.wait(references)
                following = self._following(tasks, n_replicas)
                self._commit(tasks, partial(self._replicas.commit, rows, references, following=following))
                return
            except MachineLostError as error:
                lost = error
        raise ClusterError(
            f"A round must end with the machines with which it began, or others in place of a few, but machines were "
            f"lost {MAX_LOSSES} times in one. The last error: {lost} If the system ended processes because memory was "
            "short, lower max_final_vocab or vector_size, or the number of machines that share one computer."
        ) from lost

    def _following(self, tasks: range, n_replicas: int) -> list[range]:
        """Return the shares of the round after these tasks, for the same number of replicas; none if it is the last."""
        if tasks.stop == self._rounds.n_tasks:
            return []
        return shares_of(self._rounds.after(tasks.stop), n_replicas)

    def _begin(self, shares: Sequence[range]) -> None:
        """Have the replicas load the current weights and begin to train, unless they have done so."""
        with self._measured() if self._replicas.version else nullcontext():
            self._replicas.load()
            self._replicas.begin(shares)

    def _await_shares(self, tasks: range) -> None:
        """Wait until all shares are trained."""
        while not self._replicas.are_done:
            self._replicas.poll()
            self._trained = self._replicas.results()
        infinite = [result.loss for result in self._trained if not math.isfinite(result.loss)]
        if infinite:  # they cannot be merged, but the loop has a better error, with the place of the checkpoint
            self._commit(tasks)
            raise TrainingError(f"The loss must stay finite, was: {infinite[0]}. Lower alpha.")

    def _commit(self, tasks: range, change_weights: Callable[[], None] | None = None) -> None:
        """Change the weights of this process, and pass on the results of the round. In a pause, this waits.

        Args:
            tasks: The tasks of the round.
            change_weights: Changes the weights; None to leave them as they are.
        """
        with self._changed:
            while self._paused and not self._replicas.stopping.is_set():
                self._changed.wait()
            if self._replicas.stopping.is_set():
                raise Stopped
            if change_weights is not None:
                with self._measured():
                    change_weights()
            self._n_committed = tasks.stop
            self._n_tokens_waiting += sum(result.task.size for result in self._trained)
            for result in self._trained:
                self._committed.put(result)
            self._trained = []
            reaches_pause = self._next_pause is not None and self._next_pause(tasks.start) <= tasks.stop
            self._paused = self._pauses_after_rounds or reaches_pause

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """Count the time of the block as time spent on merging."""
        before = time.monotonic()
        try:
            yield
        finally:
            self._merging_s += time.monotonic() - before

    def _n_replicas(self) -> int:
        """Return the number of replicas for the next round, at most one for each task. Report it if it has changed."""
        wanted, most = self._replicas.n_wanted(), self._rounds.most_tasks
        n_replicas = min(wanted, most)
        if n_replicas != self._n_reported:
            self._n_reported = n_replicas
            self._messages.put(self._rounds.describe(n_replicas, n_wanted=wanted, first=self._n_committed))
        return n_replicas
