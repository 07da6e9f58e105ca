"""Negative sampling: a word is distinguished from noise words (Mikolov et al. 2013b, arXiv 1310.4546, equation 4)."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, Counts, Exposure, Noise, OutputLayer, Tree, Vectors
from spacy_w2v.config._losses import LossName
from spacy_w2v.objectives._exposures import noise_exposure
from spacy_w2v.objectives._noise import make_noise
from spacy_w2v.objectives._objective import GensimLoss, Objective
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.objectives._predictions import Predictions, log_softmax, softmax_log_likelihood


class NegativeSampling(Objective):
    """A word against `negative` noise words, drawn with probabilities proportional to count ** ns_exponent."""

    name: ClassVar[LossName] = "negative-sampling"

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        shape = (n_words, self.settings.vector_size)
        return {"input": shape, "output": shape}

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> Noise:
        """See `Objective.tables`."""
        return make_noise(counts, ns_exponent=self.settings.ns_exponent)

    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return (1 + negative) log 2. See `Objective.untrained_loss`."""
        return float((1 + self.settings.negative) * np.log(2))

    def _output_exposure(self, tables: OutputLayer, counts: Counts, *, sample: float) -> Exposure:
        return noise_exposure(counts, self.settings, sample=sample)

    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """Return the log-softmax over all words. See `Objective.log_probabilities`.

        Negative sampling does not train this softmax, so the order of the words is more reliable than the values.
        """
        return log_softmax(hidden, output)

    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """See `Objective.log_likelihood`."""
        return softmax_log_likelihood(predictions, output)

    def _gensim_loss(self) -> GensimLoss:
        return GensimLoss(hs=0, negative=self.settings.negative, outputs="syn1neg")
