"""The full softmax: a word among all words (Mikolov et al. 2013a, arXiv 1301.3781)."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import AllWords, Counts, OutputLayer, Tree, Vectors
from spacy_w2v.config._losses import LossName
from spacy_w2v.errors import TrainingError
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.objectives._predictions import Predictions, log_softmax, softmax_log_likelihood

MAX_WORDS = 50_000
"""Largest vocabulary: a word of the corpus costs 3 v d multiplications and additions."""
MULTIPLY_ADDS_PER_S = 5e10
"""What one core does of them, for messages: a fair desktop machine, order of magnitude only."""


class FullSoftmax(Objective):
    """A word among all words, by three matrix products."""

    name: ClassVar[LossName] = "softmax"
    needs_one_blas_thread: ClassVar[bool] = True

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        shape = (n_words, self.settings.vector_size)
        return {"input": shape, "output": shape}

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> AllWords:
        """See `Objective.tables`. Raises TrainingError if so many words are out of reach."""
        self.check_size(counts.size)
        return AllWords(counts.size)

    def check_size(self, n_words: int) -> None:
        """Raise TrainingError if a full softmax over so many words is out of reach."""
        if n_words <= MAX_WORDS:
            return
        multiplications = 3 * n_words * self.settings.vector_size
        raise TrainingError(
            f'loss = "{self.name}" takes at most {MAX_WORDS:,} words, was: {n_words:,}. Each word of the corpus would '
            f"cost {multiplications / 1e6:,.0f} M multiplications, some {MULTIPLY_ADDS_PER_S / multiplications:,.0f} "
            "words/s on one core. Take negative-sampling or hierarchical-softmax, lower max_final_vocab or raise "
            "min_count."
        )

    def untrained_loss(self, tables: OutputLayer, counts: Counts, *, sample: float) -> float:
        """Return log v."""
        return float(np.log(counts.size))

    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """See `Objective.log_probabilities`."""
        return log_softmax(hidden, output)

    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """See `Objective.log_likelihood`."""
        return softmax_log_likelihood(predictions, output)
