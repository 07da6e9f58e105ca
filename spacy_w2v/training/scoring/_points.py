"""The points of a run at which vectors are scored."""

from bisect import bisect_left
from dataclasses import dataclass

from spacy_w2v.training._plan import Plan


@dataclass(frozen=True)
class ScoringPoints:
    """The points at which vectors are scored: the end of each epoch, and points within it if `every_words` is given.

    They depend on the plan alone. So a run that was interrupted has the same points as one that was not.
    """

    plan: Plan
    every_words: int | None = None
    """Number of tokens after which vectors are scored too, with the chunk that completes them."""

    def after(self, n_tasks: int) -> int:
        """Return the number of tasks before the next point, which is more than `n_tasks`."""
        epoch_end = (n_tasks // self.plan.n_items + 1) * self.plan.n_items
        if self.every_words is None:
            return epoch_end
        n_tokens = (self.plan.size_before(n_tasks) // self.every_words + 1) * self.every_words
        return bisect_left(range(epoch_end), n_tokens, lo=n_tasks + 1, hi=epoch_end, key=self.plan.size_before)
