"""GloVe: vectors whose products fit the logarithms of co-occurrence counts.

The cost of a cell with count x of word i and context j is f(x) (w_i.c_j + b_i + b'_j - log x)^2 / 2 with the weight
f(x) = min(1, (x / x_max) ** weighting_exponent) (Pennington, Socher & Manning 2014, equations 8 and 9). It is minimized
by AdaGrad (Duchi et al. 2011), as `kernels.cells._glove` describes.
"""

import math
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, CellWeighting, Counts, GloveWeights, OutputLayer, Parameters, Tree
from spacy_w2v.config._losses import LossName
from spacy_w2v.kernels import CELL_KERNELS, Kernel
from spacy_w2v.objectives._counting_objective import CountingObjective, expected_counts, mean_over
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.objectives._parameters import Shape, fill_at_random, zero_parameters
from spacy_w2v.objectives._subsampling import keep_probabilities, keep_thresholds, probabilities_of

REFERENCE_TOKENS = 17e6
"""The size of the corpus in GloVe's demonstration ..."""
LEAST_X_MAX = 10.0
"""... and its x_max. Smaller corpora have the same: with less, vectors of half a million words were worse."""
LARGEST_X_MAX = 100.0
"""The x_max of the paper, for corpora of 1.6 billion tokens and more."""

SUMS = ("input_sums", "output_sums", "input_bias_sums", "output_bias_sums")


class Glove(CountingObjective):
    """The weighted squared error of the logarithm of each cell."""

    name: ClassVar[LossName] = "glove"
    accumulators: ClassVar[frozenset[str]] = frozenset(SUMS)

    def kernel(self, kind: str) -> Kernel:
        """See `Objective.kernel`."""
        return CELL_KERNELS[self.name, kind]

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        matrix, column = (n_words, self.settings.vector_size), (n_words,)
        return {
            "input": matrix,
            "output": matrix,
            "input_bias": column,
            "output_bias": column,
            "input_sums": matrix,
            "output_sums": matrix,
            "input_bias_sums": column,
            "output_bias_sums": column,
        }

    def initial_parameters(self, inputs: InputRows, *, seed: int) -> Parameters:
        """Return small random vectors, biases of 0, and sums of 1. See `Objective.initial_parameters`."""
        parameters = zero_parameters(self.trained_shapes(inputs))
        for number, name in enumerate(("input", "output")):
            fill_at_random(parameters[name], vector_size=self.settings.vector_size, seed=(seed, number))
        for name in SUMS:
            parameters[name][:] = 1.0  # in the padding too: kernels divide by their square roots
        return parameters

    def weights(self, parameters: Parameters, inputs: InputRows) -> GloveWeights:
        """See `Objective.weights`."""
        return GloveWeights(**parameters)

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> CellWeighting:
        """See `Objective.tables`."""
        chosen = self.settings.x_max
        x_max = default_x_max(int(counts.sum())) if chosen is None else chosen
        return CellWeighting(x_max=x_max, exponent=self.settings.weighting_exponent)

    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return the mean of f(x) max(1, log(x)^2) / 2 over cells. See `Objective.untrained_loss`.

        The logarithm of a count of 1 is 0, which untrained vectors fit by chance, and the first steps do not.
        """
        assert isinstance(tables, CellWeighting)
        keep = probabilities_of(keep_thresholds(keep_probabilities(counts, sample)))  # as kernels read them
        return mean_over(_untrained_costs(expected_counts(batch, keep), tables) for batch in cells)


def default_x_max(n_tokens: int) -> float:
    """Return the x_max for a corpus: proportional to the square root of its number of tokens, from 10 to 100.

    The rule passes through the values that the authors of GloVe use: 10 for 17 million tokens, 100 for 1.6 billion.
    """
    return min(LARGEST_X_MAX, LEAST_X_MAX * math.sqrt(max(1.0, n_tokens / REFERENCE_TOKENS)))


def _untrained_costs(counts: NDArray[np.float64], weighting: CellWeighting) -> NDArray[np.float64]:
    weights = np.minimum(1.0, (counts / weighting.x_max) ** weighting.exponent)
    costs: NDArray[np.float64] = 0.5 * weights * np.maximum(1.0, np.log(counts) ** 2)
    return costs
