"""GloVe cell by cell: each gradient is taken at the weights that the cell before has left.

The cost, AdaGrad and the order of the cells are those of `_glove`. This kernel is slower, and easy to read.
"""

import math

import numpy as np

from spacy_w2v._arrays import (
    Alphas,
    Cells,
    CellWeighting,
    GloveWeights,
    InputLayer,
    KernelSettings,
    RandomState,
    Subsampling,
)
from spacy_w2v._jit import inner, kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels.cells._bias_rate import bias_rate_of
from spacy_w2v.kernels.cells._order import first_of_run, length_of_run, shuffled_runs
from spacy_w2v.kernels.cells._subsampled import keep_probability


@inner
def _error(word, context, count, weights):
    """Return e = w_i · c_j + a_i + b_j − log x."""
    x, y = weights.input[word], weights.output[context]
    score = weights.input_bias[word] + weights.output_bias[context]
    for i in range(x.size):
        score += x[i] * y[i]
    return score - np.float32(math.log(count))


@inner
def _change(values, sums, place, step):
    """Take a step of AdaGrad on one number, values[place]. step: the learning rate times the gradient."""
    sums[place] += step * step
    values[place] -= step / np.float32(math.sqrt(sums[place]))


@inner
def _train_cell(word, context, gradient, frozen, alpha, n_columns, weights):
    """Take the step of one cell. gradient: f(x) e."""
    x, x_sums = weights.input[word], weights.input_sums[word]
    y, y_sums = weights.output[context], weights.output_sums[context]
    step, bias_step = alpha * gradient, bias_rate_of(alpha) * gradient
    for i in range(n_columns):
        x_step = step * y[i]
        _change(y, y_sums, i, step * x[i])
        if not frozen:
            _change(x, x_sums, i, x_step)
    _change(weights.output_bias, weights.output_bias_sums, context, bias_step)
    if not frozen:
        _change(weights.input_bias, weights.input_bias_sums, word, bias_step)


@kernel
def train_chunk(
    cells: Cells,
    subsampling: Subsampling,
    input_layer: InputLayer,
    output_layer: CellWeighting,
    weights: GloveWeights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a batch of cells and update the weights in place. See `_glove.train_chunk`.

    The learning rate changes after each cell.
    """
    runs, n_cells = shuffled_runs(cells, random_state), cells.words.size
    n_columns = settings.vector_size if settings.vector_size else weights.input.shape[1]
    x_max, exponent = np.float32(output_layer.x_max), np.float32(output_layer.exponent)
    slope = (np.float64(alphas.last) - np.float64(alphas.first)) / max(n_cells, 1)
    cost, n_trained = 0.0, 0
    for run in range(runs.size):
        first = first_of_run(runs[run])
        word = cells.words[first]
        frozen = is_frozen(word, settings.frozen)
        for cell in range(first, first + length_of_run(runs[run])):
            context = cells.contexts[cell]
            count = cells.counts[cell] * keep_probability(word, subsampling) * keep_probability(context, subsampling)
            error = _error(word, context, count, weights)
            gradient = np.float32(min(count / x_max, np.float32(1.0)) ** exponent) * error
            cost += 0.5 * np.float64(gradient) * np.float64(error)
            alpha = np.float32(alphas.first + slope * n_trained)
            _train_cell(word, context, gradient, frozen, alpha, n_columns, weights)
            n_trained += 1
    return cost, n_cells, n_cells
