"""Products of several inputs with the same outputs, in tiles of 4 inputs by OUTPUTS outputs."""

from spacy_w2v._jit import inlined
from spacy_w2v.kernels.tiles._instructions import STEP, block_products, gradients
from spacy_w2v.kernels.tiles._llvm import LANES, OUTPUTS, TILE


@inlined
def place_in_tiles(i, k):
    """Return the index of the weight of input i and output k in the tiles of a step of STEP inputs."""
    return STEP * OUTPUTS * (k // OUTPUTS) + TILE * (i >> 2) + 4 * (k % OUTPUTS) + (i & 3)


@inlined
def find_block_gradients(x_rows, y_rows, n_fours, n_tiles, weights, gradient, alpha, n_vectors, loss):
    """Compute the gradients of all pairs of inputs and outputs at the current weights.

    Args:
        x_rows: Address of the addresses of the input rows.
        y_rows: Address of the addresses of the output rows.
        n_fours: Number of inputs / 4.
        n_tiles: Number of outputs / OUTPUTS.
        weights: Address of the weights of the pairs, in the order of the tiles.
        gradient: Address where the gradients are written, in the same order.
        alpha: The learning rate.
        n_vectors: d / LANES.
        loss: Address of LANES partial sums of the loss, to which the losses are added.
    """
    for t in range(n_tiles):
        for four in range(n_fours):
            tile = 4 * TILE * (n_fours * t + four)
            block_products(x_rows + 32 * four, y_rows + 8 * OUTPUTS * t, n_vectors, gradient + tile)
    gradients(gradient, weights, n_tiles * n_fours * (TILE // LANES), alpha, loss)
