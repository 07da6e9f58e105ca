"""Products of some inputs with the same outputs, as tiles of 4 inputs by QUADS outputs."""

from spacy_w2v._jit import inlined
from spacy_w2v.kernels.tiles._instructions import STEP, block_products, gradients
from spacy_w2v.kernels.tiles._llvm import LANES, QUADS


@inlined
def place_in_tiles(i, k):
    """Where the weight of input i and output k of a step of STEP inputs stands."""
    return STEP * QUADS * (k // QUADS) + LANES * (i >> 2) + 4 * (k % QUADS) + (i & 3)


@inlined
def find_block_gradients(x_rows, y_rows, n_fours, n_quads, weights, gradient, alpha, n_vectors, loss):
    """The gradients of n_fours times 4 inputs with n_quads times QUADS outputs, at the current weights."""
    for q in range(n_quads):
        for four in range(n_fours):
            tile = 4 * LANES * (n_fours * q + four)
            block_products(x_rows + 32 * four, y_rows + 8 * QUADS * q, n_vectors, gradient + tile)
    gradients(gradient, weights, n_quads * n_fours, alpha, loss)
