"""A slow and obvious reference for the kernel of GloVe: plain Python in float64, without the package's code."""

import math
from types import SimpleNamespace

import numpy as np
from reference import Xoshiro256PlusPlus


def tile_of(cell):
    return cell[0] // 512, cell[1] // 512


def shuffle(items, generator):
    for last in range(len(items) - 1, 0, -1):
        other = ((generator.next() >> 32) * (last + 1)) >> 32
        items[last], items[other] = items[other], items[last]


def shuffled_runs(cells, generator):
    """Divide the cells of each tile into runs of at most eight cells of a word; shuffle the tiles, then their runs.

    cells: tuples whose first items are word and context.
    """
    tiles = []
    for number, cell in enumerate(cells):
        if number == 0 or tile_of(cell) != tile_of(cells[number - 1]):
            tiles.append([])
        runs = tiles[-1]
        if not runs or runs[-1][0][0] != cell[0] or len(runs[-1]) == 8:
            runs.append([])
        runs[-1].append(cell)
    shuffle(tiles, generator)
    order = []
    for runs in tiles:
        shuffle(runs, generator)
        order += runs
    return order


def steps_of(run, n_cells):
    """Divide a run into steps of n_cells; the last one may have fewer."""
    return [run[first : first + n_cells] for first in range(0, len(run), n_cells)]


def weight_of(count, x_max, exponent):
    return min(1.0, (count / x_max) ** exponent)


def error_of(p, word, context, count):
    score = float(p.input[word] @ p.output[context])
    return score + p.input_bias[word] + p.output_bias[context] - math.log(count)


def total_cost(p, cells, *, x_max, exponent):
    """Half of the weighted squared errors, summed (Pennington et al. 2014, equation 8)."""
    return sum(0.5 * weight_of(x, x_max, exponent) * error_of(p, i, j, x) ** 2 for i, j, x in cells)


def train_glove(cells, parameters, *, x_max, exponent, alphas, state, frozen=(), keep=None, is_sequential=False):
    """Train copies of the parameters.

    Args:
        cells: (word, context, count) of each cell.
        parameters: The arrays by name.
        x_max: Count from which cells have the weight 1.
        exponent: Of the weights below.
        alphas: Learning rates at the first and the last cell.
        state: State of the random generator.
        frozen: Words whose input parameters do not change.
        keep: The probability that a word is kept, for each word; None if all are kept.
        is_sequential: Whether a step is one cell, after which the rate changes. Otherwise it has up to four cells, and
            the rate changes after each block of runs.

    Returns:
        The cost and the parameters.
    """
    p = SimpleNamespace(**{name: array.astype(np.float64) for name, array in parameters.items()})
    if keep is not None:
        cells = [(i, j, x * keep[i] * keep[j]) for i, j, x in cells]
    cost, n_trained, alpha, n_in_block = 0.0, 0, alphas[0], 0
    for run in shuffled_runs(cells, Xoshiro256PlusPlus(state)):
        if n_in_block > 512 - 8:
            alpha, n_in_block = alphas[0] + (alphas[1] - alphas[0]) * n_trained / len(cells), 0
        n_in_block += len(run)
        for step in steps_of(run, 1 if is_sequential else 4):
            if is_sequential:
                alpha = alphas[0] + (alphas[1] - alphas[0]) * n_trained / len(cells)
            cost += take_step(p, step, x_max=x_max, exponent=exponent, alpha=alpha, is_frozen=run[0][0] in frozen)
            n_trained += len(step)
    return cost, p


def take_step(p, step, *, x_max, exponent, alpha, is_frozen):
    """Train on cells of one word, all gradients at the same parameters, and return the cost before the step."""
    cost, (word, *_), bias_rate = 0.0, step[0], min(20 * alpha, 1.0)
    row, factors, steps, bias_steps = p.input[word].copy(), [], [], []
    for _, context, count in step:
        error = error_of(p, word, context, count)
        factor = weight_of(count, x_max, exponent)
        cost += 0.5 * factor * error**2
        factors.append(alpha * factor * error)
        steps.append(alpha * factor * error * p.output[context])
        bias_steps.append(bias_rate * factor * error)
    for (_, context, _), output_step, bias_step in zip(step, factors, bias_steps, strict=True):
        change(p.output, p.output_sums, context, [output_step * row])
        change(p.output_bias, p.output_bias_sums, context, [bias_step])
    if not is_frozen:
        change(p.input, p.input_sums, word, steps)
        change(p.input_bias, p.input_bias_sums, word, bias_steps)
    return cost


def change(array, sums, place, steps):
    """Take a step of AdaGrad (Duchi et al. 2011). steps: learning rate times gradient, of each cell."""
    sums[place] += sum(step**2 for step in steps)
    array[place] -= sum(steps) / np.sqrt(np.maximum(sums[place], 1e-30))
