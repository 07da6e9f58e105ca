"""The full softmax over all words of the vocabulary (Mikolov et al. 2013b, arXiv 1310.4546, equation 2)."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import AllWords, Cells, Counts, Exposure, OutputLayer, Tree, Vectors
from spacy_w2v.config._losses import LossName
from spacy_w2v.errors import TrainingError
from spacy_w2v.objectives._exposures import softmax_exposure
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.objectives._predictions import Predictions, log_softmax, softmax_log_likelihood

MAX_WORDS = 50_000
"""Largest vocabulary. A word of the corpus costs 3 v d multiplications and additions."""
MULTIPLY_ADDS_PER_S = 5e10
"""Multiplications and additions per second of one desktop core, an order of magnitude for messages."""


class FullSoftmax(Objective):
    """The softmax over all words, trained by three matrix products."""

    name: ClassVar[LossName] = "softmax"
    needs_one_blas_thread: ClassVar[bool] = True

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        shape = (n_words, self.settings.vector_size)
        return {"input": shape, "output": shape}

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> AllWords:
        """See `Objective.tables`."""
        self.check_size(counts.size)
        return AllWords(counts.size)

    def check_size(self, n_words: int) -> None:
        """Raise TrainingError if the vocabulary is too large for a full softmax."""
        if n_words <= MAX_WORDS:
            return
        multiplications = 3 * n_words * self.settings.vector_size
        raise TrainingError(
            f'With loss = "{self.name}", the vocabulary must have at most {MAX_WORDS:,} words, was: {n_words:,}. Each '
            f"word of the corpus would cost {multiplications / 1e6:,.0f} million multiplications, and one core would "
            f"train about {MULTIPLY_ADDS_PER_S / multiplications:,.0f} words/s. Lower max_final_vocab, raise "
            "min_count, or set loss to negative-sampling or hierarchical-softmax."
        )

    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return log v. See `Objective.untrained_loss`."""
        return float(np.log(counts.size))

    def _output_exposure(self, tables: OutputLayer, counts: Counts, *, sample: float) -> Exposure:
        return softmax_exposure(counts, sample=sample)

    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """See `Objective.log_probabilities`."""
        return log_softmax(hidden, output)

    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """See `Objective.log_likelihood`."""
        return softmax_log_likelihood(predictions, output)
