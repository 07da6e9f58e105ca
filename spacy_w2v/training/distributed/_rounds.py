"""The rounds of a run: which tasks are trained between two merges, and which of them by which replica."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """The rounds of a run: consecutive tasks of its plan, in rounds of nearly equal length.

    They depend on the plan and the setting `rounds` alone. A run that is resumed inside of a round, because it was
    trained on one machine before, begins with the rest of the round.
    """

    n_tasks: int
    """Number of tasks in the plan."""
    n_rounds: int
    """The setting `rounds`. With fewer tasks, each task is a round."""

    def after(self, first: int) -> range:
        """Return the tasks of the round that begins with a task, which may be in the middle of a round."""
        return range(first, self.n_tasks * self._number_of(first) // self.n_rounds)

    @property
    def most_tasks(self) -> int:
        """Number of tasks in the longest round."""
        return -(-self.n_tasks // self.n_rounds)

    def n_after(self, first: int) -> int:
        """Return the number of rounds from the one that begins with a task."""
        return self.n_tasks - first if self.n_tasks < self.n_rounds else self.n_rounds + 1 - self._number_of(first)

    def _number_of(self, task: int) -> int:
        """Return the number of the round that has a task, from 1."""
        return -(-(task + 1) * self.n_rounds // self.n_tasks)

    def describe(self, n_replicas: int, *, n_wanted: int, first: int) -> str:
        """Return a sentence about the machines that train, and their rounds.

        Args:
            n_replicas: Number of machines that train.
            n_wanted: Number of machines for which the settings ask.
            first: The next task.
        """
        rounds = f"in {count(self.n_after(first), 'round')}"
        if n_replicas == n_wanted:
            return f"Training on {count(n_replicas, 'machine')} {rounds}"
        chunks = f"the run has only {count(self.n_tasks, 'chunk')}"
        if self.most_tasks < self.n_tasks:
            chunks += f", at most {self.most_tasks} in a round. To use more machines, lower rounds"
        return f"Training on {count(n_replicas, 'machine')} instead of {n_wanted} {rounds}: {chunks}"


def count(n: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{n} {noun}" if n == 1 else f"{n:,} {noun}s"


def shares_of(tasks: range, n_replicas: int) -> list[range]:
    """Return the share of each replica in the tasks of a round. If there are few tasks, there are few shares.

    All shares advance through the round at the same time, so their learning rates and epochs are nearly equal.

    Args:
        tasks: The tasks of the round.
        n_replicas: Number of replicas.
    """
    n_shares = min(n_replicas, len(tasks))
    return [tasks[k::n_shares] for k in range(n_shares)]
