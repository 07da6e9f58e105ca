"""The singular value decomposition of positive pointwise mutual information.

The matrix has a row for each word i and a column for each context j: M_ij = max(0, PMI(i, j) - log k), where
PMI(i, j) = log(P(i, j) / (P(i) P(j))), and P(j) is proportional to the smoothed count of j, the sum of its column to
the power `ns_exponent` (Levy & Goldberg 2014; Levy, Goldberg & Dagan 2015, sections 3.2 and 3.3). Of its decomposition
U S V' with the d largest singular values, the input vectors are U S^p and the output vectors V S^(1 - p), so that their
products approximate M, whatever the exponent p.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import (
    Alphas,
    Cells,
    Counts,
    InputLayer,
    KernelSettings,
    OutputLayer,
    Parameters,
    PmiTransform,
    RandomState,
    Subsampling,
    Tree,
    Vectors,
    Weights,
)
from spacy_w2v._system.memory import available_memory
from spacy_w2v._system.signals import import_uninterrupted
from spacy_w2v.config._losses import LossName
from spacy_w2v.errors import TrainingError
from spacy_w2v.kernels import TrainChunk
from spacy_w2v.objectives._counting_objective import CellMatrix, CountingObjective, expected_counts
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.objectives._parameters import zero_parameters
from spacy_w2v.objectives._subsampling import probabilities_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BYTES_PER_CELL = 24
"""Largest memory that a cell takes while the matrix is built: its row, its column and its value, twice."""

TOLERANCE = 1e-3

RANK_TOLERANCE = 1e-6
"""Singular values that are smaller than this share of the largest one count as 0, as rounding leaves them."""

DENSE_WORDS = 512
"""Up to this number of words, all singular values are computed."""


class PpmiSvd(CountingObjective):
    """The truncated decomposition of the shifted positive PMI matrix."""

    name: ClassVar[LossName] = "ppmi-svd"
    needs_one_blas_thread: ClassVar[bool] = True

    def kernel(self, kind: str) -> "Decomposition":
        """Return the function that computes all vectors at once. See `Objective.kernel`."""
        return Decomposition()

    def initial_parameters(self, inputs: InputRows, *, seed: int) -> Parameters:
        """Return zeros. See `Objective.initial_parameters`."""
        return zero_parameters(self.trained_shapes(inputs))

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> PmiTransform:
        """See `Objective.tables`."""
        settings = self.settings
        return PmiTransform(
            smoothing=settings.ns_exponent, shift=settings.shift, eigenvalue_exponent=settings.eigenvalue_exponent
        )

    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return infinity: there are no steps that could diverge. See `Objective.untrained_loss`."""
        return float("inf")


class Decomposition(NamedTuple):
    """The function in place of a kernel."""

    block: int = 0
    n_noise: int = 0

    def load(self) -> TrainChunk:
        """Import what `decompose` needs, and return it."""
        import_uninterrupted("scipy.sparse.linalg")
        return decompose


def decompose(
    matrix: CellMatrix | None,
    subsampling: Subsampling,
    input_layer: InputLayer,
    transform: PmiTransform,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Compute the vectors of all words. The arguments are those of the kernels.

    Args:
        matrix: The co-occurrence counts; None for nothing to do.
        subsampling: The probabilities that tokens are kept.
        input_layer: Unused.
        transform: How counts become values of the matrix.
        weights: The vectors, which are set.
        settings: The number of dimensions.
        alphas: Unused.
        random_state: Determines the start of the iteration.

    Returns:
        The squared error, summed over all cells of the matrix, zeros included; their number; and the number of cells
        that are not zero.

    Raises:
        TrainingError: No cell is positive, or the matrix does not fit into memory.
    """
    if matrix is None:
        return 0.0, 0, 0
    _check_memory(matrix)
    ppmi = ppmi_matrix(matrix, probabilities_of(subsampling.keep_threshold), transform)
    if not ppmi.nnz:
        raise TrainingError(
            "Some words must occur together more often than by chance, but no pointwise mutual information is above "
            f"the logarithm of shift = {transform.shift:g}. Lower shift, or use more text."
        )
    left, values, right = largest_singular_vectors(ppmi, settings.vector_size, random_state)
    size = values.size
    is_real = values > RANK_TOLERANCE * values[0]  # the power 0 would make noise of the others as long as vectors
    weights.input[:, :size] = left * np.where(is_real, values**transform.eigenvalue_exponent, 0.0)
    weights.output[:, :size] = right * np.where(is_real, values ** (1.0 - transform.eigenvalue_exponent), 0.0)
    total = float(np.square(ppmi.data, dtype=np.float64).sum())
    return max(0.0, total - float(np.square(values).sum())), matrix.n_words**2, int(ppmi.nnz)


def _check_memory(matrix: CellMatrix) -> None:
    memory = available_memory()
    needed = BYTES_PER_CELL * matrix.n_cells
    if memory is not None and needed > memory:
        raise TrainingError(
            f"The matrix must fit into memory, {memory / 1e9:.1f} GB, but {matrix.n_cells:,} cells take "
            f"{needed / 1e9:.1f} GB. Raise min_count, or lower max_final_vocab or window."
        )


def ppmi_matrix(matrix: CellMatrix, keep: NDArray[np.float64], transform: PmiTransform) -> "csr_array":
    """Return the positive cells of the shifted PMI matrix, as a sparse float32 array, v × v.

    Args:
        matrix: The co-occurrence counts.
        keep: v; the probability that a token of each word is kept.
        transform: The shift and the smoothing.
    """
    from scipy.sparse import csr_array

    n_words = matrix.n_words
    of_words, of_contexts = np.zeros(n_words), np.zeros(n_words)
    for cells in matrix.batches():
        counts = expected_counts(cells, keep)
        of_words += np.bincount(cells.words, counts, minlength=n_words)
        of_contexts += np.bincount(cells.contexts, counts, minlength=n_words)
    # PMI = log(count) - log(sum of the row) - log(P(context))
    with np.errstate(divide="ignore"):  # rows and columns without cells are never looked up
        of_rows = np.log(of_words) + np.log(transform.shift)
        smoothed = of_contexts**transform.smoothing
        of_columns = np.log(smoothed / smoothed[of_contexts > 0].sum())
    parts = []
    for cells in matrix.batches():
        pmi = np.log(expected_counts(cells, keep)) - of_rows[cells.words] - of_columns[cells.contexts]
        positive = pmi > 0
        parts.append((cells.words[positive], cells.contexts[positive], pmi[positive].astype(np.float32)))
    rows, columns, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    indices = (rows.astype(np.int32), columns.astype(np.int32))
    return csr_array((values, indices), shape=(n_words, n_words))


def largest_singular_vectors(
    matrix: "csr_array", size: int, random_state: RandomState
) -> tuple[Vectors, NDArray[np.float64], Vectors]:
    """Return the largest singular values of a matrix, in decreasing order, and their vectors as columns.

    Each pair of vectors has the sign with which the largest coordinate of the left one is positive.

    Args:
        matrix: v × v.
        size: Number of singular values, or as many as there are.
        random_state: Determines the start of the iteration.

    Returns:
        Left vectors, v × size; singular values; right vectors, v × size.
    """
    n_words = matrix.shape[0]
    size = min(size, n_words)
    if n_words <= max(DENSE_WORDS, size + 1):
        left, values, right = np.linalg.svd(matrix.toarray().astype(np.float64))
        order: Any = slice(size)
    else:
        left, values, right = _truncated(matrix, size, random_state)
        order = np.argsort(-values, kind="stable")
    left, values, right = left[:, order], values[order].astype(np.float64), right[order].T
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(len(values))])
    return left * signs, values, right * signs


def _truncated(matrix: "csr_array", size: int, random_state: RandomState) -> tuple[Any, Any, Any]:
    """Return the result of SciPy's `svds`, by ARPACK, whose singular values have a relative error below TOLERANCE.

    Both products are of a matrix in rows, which is several times as fast as of its transpose.
    """
    from scipy.sparse.linalg import LinearOperator, svds

    transposed = matrix.T.tocsr()
    operator = LinearOperator(matrix.shape, dtype=np.float32, matvec=matrix.__matmul__, rmatvec=transposed.__matmul__)
    start = np.random.Generator(np.random.PCG64(random_state.tolist())).random(matrix.shape[0])
    left, values, right = svds(operator, k=size, v0=start.astype(np.float32), tol=TOLERANCE)
    return left, values, right
