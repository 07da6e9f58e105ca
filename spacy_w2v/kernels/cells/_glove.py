"""GloVe: vectors and biases that fit the logarithms of co-occurrence counts (Pennington et al. 2014).

The cost of a cell with count x, word i and context j is equation 8 of the paper, halved as in Stanford's program:
    f(x) e² / 2,   e = w_i · c_j + a_i + b_j − log x,   f(x) = min(1, (x / x_max) ** exponent)
The gradient is f(x) e c_j for the word's vector w_i, f(x) e w_i for the context's vector c_j, and f(x) e for the two
biases a_i and b_j. A step is a learning rate times a gradient. AdaGrad (Duchi et al. 2011) divides it by the root of a
sum: 1 plus the squares of all steps of the number, including this one.

As in Stanford's program (src/glove.c), the sums are those of steps and not of gradients, and the biases have a learning
rate of 1 while that of the vectors is 0.05. On three million words, sums of gradients left a cost of 0.049 after 15
epochs instead of 0.040. With the rate of the vectors, the biases left a cost of 0.102 after the first epoch instead of
0.096, and the vectors scored two points less on WordSim-353 and MEN.

The kernel differs from Stanford's program in two ways:
- It visits the cells by tiles, whose rows stay in the cache, and takes the gradients of up to four cells of a word at
  the same weights.
- Stanford's sums do not include the present step, so the program has to clip gradients. Here a cell changes no number
  by more than 1. Scores and costs are the same.
"""

import math
from typing import NamedTuple

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
from spacy_w2v._jit import inlined, inner, kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels.cells._bias_rate import bias_rate_of
from spacy_w2v.kernels.cells._instructions import (
    TABLE_SIZE,
    logarithms_and_weights,
    step_of_1,
    step_of_2,
    step_of_3,
    step_of_4,
)
from spacy_w2v.kernels.cells._order import LONGEST_RUN, first_of_run, length_of_run, shuffled_runs
from spacy_w2v.kernels.cells._subsampled import keep_probability, keeps_all
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._row_instructions import prefetch_row
from spacy_w2v.kernels.tiles._rows import aligned

BLOCK = 512
"""Most cells whose logarithms are computed at a time. Their numbers stay in the first cache."""
AHEAD = 2
"""Runs whose rows are prefetched."""


class Block(NamedTuple):
    """Some runs of cells, in the order in which they are visited."""

    words: np.ndarray  # uint32[BLOCK], the word of each run
    lengths: np.ndarray  # int64[BLOCK], the number of cells of each run
    contexts: np.ndarray  # uint32[BLOCK], the context of each cell
    logs: np.ndarray  # float32[BLOCK], the logarithm of each cell's count
    weights: np.ndarray  # float32[BLOCK], f of each cell's count


@inlined
def _fill_table(table, weights, loss, scratch, settings):
    """Write the addresses and sizes that steps read. table: int64[TABLE_SIZE]; see `step_of_1`."""
    n_columns = settings.vector_size if settings.vector_size else weights.input.shape[1]
    table[0], table[1] = weights.input.ctypes.data, weights.input_sums.ctypes.data
    table[2], table[3] = weights.input_bias.ctypes.data, weights.input_bias_sums.ctypes.data
    table[4], table[5] = weights.output.ctypes.data, weights.output_sums.ctypes.data
    table[6], table[7] = weights.output_bias.ctypes.data, weights.output_bias_sums.ctypes.data
    table[8], table[9] = loss.ctypes.data, scratch.ctypes.data
    table[10], table[11] = weights.input.shape[1] * 4, (n_columns + LANES - 1) // LANES


@inner
def _fill(block, runs, first, cells, subsampling, is_subsampled):
    """Copy the cells of some runs to the block.

    With subsampling, a count is replaced by its expectation: a pair is kept if both its words are.

    Args:
        block: Its words, lengths, contexts and counts are written; the counts to `logs`.
        runs: From `shuffled_runs`.
        first: Index of the first run.
        cells: The batch.
        subsampling: For the probability that a word is kept.
        is_subsampled: Whether this is less than 1 for some word.

    Returns:
        The number of cells and of runs in the block.
    """
    n, run = 0, first
    while run < runs.size and n <= BLOCK - LONGEST_RUN:
        start, length = first_of_run(runs[run]), length_of_run(runs[run])
        word = cells.words[start]
        block.words[run - first], block.lengths[run - first] = word, length
        for cell in range(start, start + length):
            context, count = cells.contexts[cell], cells.counts[cell]
            if is_subsampled:
                count *= keep_probability(word, subsampling) * keep_probability(context, subsampling)
            block.contexts[n], block.logs[n] = context, count
            n += 1
        run += 1
    return n, run - first


@inlined
def _prefetch(word, row, sums, n_bytes):
    """Prefetch a word's row and its sums. row, sums: addresses of the first word's."""
    prefetch_row(row + word * n_bytes, n_bytes >> 6)
    prefetch_row(sums + word * n_bytes, n_bytes >> 6)


@inlined
def _train_run(word, frozen, contexts, logs, weights, length, table, alpha, bias_rate):
    """Train on the `length` cells of a run, in steps of at most four. The other arguments are those of `step_of_1`."""
    while length >= 4:
        step_of_4(word, frozen, contexts, logs, weights, table, alpha, bias_rate)
        contexts, logs, weights, length = contexts + 16, logs + 16, weights + 16, length - 4
    if length == 3:
        step_of_3(word, frozen, contexts, logs, weights, table, alpha, bias_rate)
    elif length == 2:
        step_of_2(word, frozen, contexts, logs, weights, table, alpha, bias_rate)
    elif length == 1:
        step_of_1(word, frozen, contexts, logs, weights, table, alpha, bias_rate)


@inlined
def _train_block(block, n_runs, table, alpha, bias_rate, frozen):
    """Train on the runs of a block. frozen: `KernelSettings.frozen`."""
    contexts, logs, weights = block.contexts.ctypes.data, block.logs.ctypes.data, block.weights.ctypes.data
    n_bytes, first, ahead, n_prefetched = table[10], 0, 0, 0
    for run in range(n_runs):
        while n_prefetched < n_runs and n_prefetched <= run + AHEAD:
            _prefetch(np.int64(block.words[n_prefetched]), table[0], table[1], n_bytes)
            for cell in range(ahead, ahead + block.lengths[n_prefetched]):
                _prefetch(np.int64(block.contexts[cell]), table[4], table[5], n_bytes)
            ahead, n_prefetched = ahead + block.lengths[n_prefetched], n_prefetched + 1
        word, length, offset = np.int64(block.words[run]), block.lengths[run], 4 * first
        is_fixed = np.int64(is_frozen(word, frozen))
        _train_run(
            word,
            is_fixed,
            contexts + offset,
            logs + offset,
            weights + offset,
            length,
            table.ctypes.data,
            alpha,
            bias_rate,
        )
        first += length


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
    """Train on a batch of cells and update the weights in place.

    Args:
        cells: The batch.
        subsampling: For the probability that a word is kept, by which counts are multiplied: (threshold + 1) / 2^32.
        input_layer: Unused: each word has one row.
        output_layer: The weighting of cells.
        weights: The parameters. Matrices are padded to multiples of 16 columns. Their padding stays as it is.
        settings: For `frozen`, the words whose input vector, bias and sums stay as they are, and `vector_size`.
        alphas: Learning rates of the vectors at the first and last cell. Biases learn 20 times as fast, up to 1.
        random_state: State of the random generator, which is advanced. It determines the order of the cells.

    Returns:
        The cost, summed over all cells, each before its step; and twice the number of cells. Stanford's program prints
        the cost per cell.
    """
    runs, is_subsampled = shuffled_runs(cells, random_state), not keeps_all(subsampling)
    n_cells, row_floats = cells.words.size, weights.input.shape[1]
    block = Block(
        np.zeros(BLOCK, np.uint32),
        np.zeros(BLOCK, np.int64),
        np.zeros(BLOCK, np.uint32),
        aligned(BLOCK),
        aligned(BLOCK),
    )
    scratch, lanes, table = aligned(2 * row_floats + 2), aligned(8), np.zeros(TABLE_SIZE, np.int64)
    _fill_table(table, weights, lanes, scratch, settings)
    log_x_max, exponent = np.float32(math.log(output_layer.x_max)), np.float32(output_layer.exponent)
    slope = (np.float64(alphas.last) - np.float64(alphas.first)) / max(n_cells, 1)
    cost, n_trained, first_run = 0.0, 0, 0
    while first_run < runs.size:
        n, n_runs = _fill(block, runs, first_run, cells, subsampling, is_subsampled)
        logarithms_and_weights(
            block.logs.ctypes.data, block.weights.ctypes.data, (n + LANES - 1) // LANES, log_x_max, exponent
        )
        alpha = np.float32(alphas.first + slope * n_trained)
        _train_block(block, n_runs, table, alpha, bias_rate_of(alpha), settings.frozen)
        for lane in range(4):
            cost += 0.5 * np.float64(lanes[lane])
            lanes[lane] = 0.0
        n_trained, first_run = n_trained + n, first_run + n_runs
    return cost, n_cells, n_cells
