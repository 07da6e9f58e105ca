"""Post-processing of word vectors: centring and soft whitening.

*Centring* subtracts the mean of all vectors. Mu and Viswanath (2018, "All-but-the-Top: Simple and Effective
Postprocessing for Word Representations", arXiv 1702.01417) found that the vectors of all words share a mean, which
says nothing about the words and makes all of them alike. *All-but-the-top*, as they call it, also removes the largest
principal axes. *Soft whitening* keeps these axes, but scales them down:

    X' = c (X - m) V S^(-p) Vᵀ

where X has a row for each word, m is the mean of the rows, U S Vᵀ is the singular value decomposition of X - m, and p
is the strength from 0 to 1. A strength of 0 is centring, and 1 is whitening, after which all axes have the same
variance. The factor c keeps the root mean square of the vectors' lengths.

The last factor Vᵀ turns the axes back, as in the symmetric form of whitening (ZCA; Bell and Sejnowski 1997, "The
'independent components' of natural scenes are edge filters"). So each number of a vector keeps its meaning as far as
possible, and the result does not depend on the order and the signs of the columns of V, which the decomposition leaves
open.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.config._export import (
    WHITENING_STRENGTH,
    Postprocess,
    PostprocessChoice,
    VectorsSettings,
    check_postprocess,
)
from spacy_w2v.errors import ConfigError

SMALLEST_DEVIATION = 1e-6
"""The standard deviation of an axis, as a share of the largest one, below which it counts as zero.

float32 rounds to some 1e-7. Whitening would blow up the rounding errors in axes without variance, which exist if there
are fewer words than dimensions, or if dimensions depend on each other.
"""

MakeBlocks = Callable[[], Iterator[Vectors]]


@dataclass(frozen=True)
class Transformation:
    """What is done to each vector x: (x - mean) @ matrix, in float32."""

    mean: Vectors
    """float32[d]."""
    matrix: Vectors | None
    """float32[d, d], symmetric; None for the identity."""

    def apply(self, vectors: Vectors) -> Vectors:
        """Return the transformed vectors. The bits of each do not depend on the others.

        Args:
            vectors: float32[n, d] or float32[d].
        """
        centred: Vectors = vectors - self.mean
        if self.matrix is None or not centred.size:
            return centred
        from spacy_w2v.model.kernels._linear import multiply_rows

        products = np.empty_like(centred)
        multiply_rows(np.atleast_2d(centred), self.matrix, np.atleast_2d(products))
        return products


@dataclass(frozen=True)
class Postprocessing:
    """A kind of post-processing with its strength."""

    kind: Postprocess
    whitening_strength: float | None = None
    """p in the formula, in [0, 1]; None for centring."""

    @classmethod
    def of(cls, settings: VectorsSettings) -> "Postprocessing | None":
        """Return the post-processing that settings name; None for none."""
        if settings.postprocess is None:
            return None
        if settings.postprocess == "soft-whiten":
            return cls(settings.postprocess, settings.whitening_strength)
        return cls(settings.postprocess)

    def settings(self) -> dict[str, object]:
        """Return the settings that name this post-processing."""
        strength = {} if self.whitening_strength is None else {"whitening_strength": self.whitening_strength}
        return {"postprocess": self.kind, **strength}

    def fit(self, blocks: MakeBlocks) -> Transformation:
        """Return the transformation for the vectors of all words.

        Mean and covariance are summed in float64 and in one thread, so that the same vectors always give the same bits.

        Args:
            blocks: Returns the vectors, from the first block on each time that it is called.

        Raises:
            ConfigError: A number is NaN or infinite.
        """
        mean = _mean(blocks())
        matrix = None
        if self.whitening_strength is not None:
            with single_threaded_blas():
                matrix = _whitening(_covariance(blocks(), mean), self.whitening_strength).astype(np.float32)
        return Transformation(mean.astype(np.float32), matrix)


def _mean(blocks: Iterator[Vectors]) -> NDArray[np.float64]:
    """Return the mean of all vectors, float64[d]. Raises ConfigError for a number that is not finite."""
    total, n_rows = np.zeros(1), 0
    for block in blocks:
        total = total + block.sum(axis=0, dtype=np.float64)
        if not np.isfinite(total).all():
            row = n_rows + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
            raise ConfigError(
                f"Vectors must be finite numbers to be post-processed, but vector {row:,} (from 0) is not. Remove its "
                "word, or leave out postprocess."
            )
        n_rows += len(block)
    return total / max(n_rows, 1)


def _covariance(blocks: Iterator[Vectors], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariance of all vectors, float64[d, d]."""
    total, n_rows = np.zeros((len(mean), len(mean))), 0
    for block in blocks:
        centred = block - mean
        total += centred.T @ centred
        n_rows += len(block)
    return total / max(n_rows, 1)


def _whitening(covariance: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Return c V S^(-p) Vᵀ. Axes without variance are left out, so that vectors have nothing in them.

    S is the square root of the covariance's eigenvalues here. A factor in S changes c, and not the result.
    """
    variances, axes = np.linalg.eigh(covariance)
    relative = variances / max(variances[-1], np.finfo(np.float64).tiny)
    has_variance = relative > SMALLEST_DEVIATION**2
    if not has_variance.any():  # a single word, or all vectors are equal
        return np.zeros_like(covariance)
    scales = np.zeros_like(relative)
    scales[has_variance] = relative[has_variance] ** (-strength / 2)
    scales *= np.sqrt(relative[has_variance].sum() / (relative * scales**2).sum())
    whitening: NDArray[np.float64] = (axes * scales) @ axes.T
    return (whitening + whitening.T) / 2


def chosen_postprocessing(
    choice: PostprocessChoice, whitening_strength: float | None, *, recorded: Postprocessing | None
) -> Postprocessing | None:
    """Return the post-processing that arguments choose; None for none.

    Args:
        choice: "recorded" for that of the record, None for none, or a kind.
        whitening_strength: The strength of "soft-whiten"; None for that of the record, or 0.25 if it has none.
        recorded: The post-processing of the record.

    Raises:
        ConfigError: An argument is invalid, or a strength is given without soft whitening.
    """
    of_record = recorded.kind if recorded is not None else None
    kind = of_record if choice == "recorded" else choice
    check_postprocess(kind, whitening_strength)
    if kind != "soft-whiten":
        return Postprocessing(kind) if kind is not None else None
    if whitening_strength is not None:
        return Postprocessing(kind, float(whitening_strength))
    return recorded if kind == of_record else Postprocessing(kind, WHITENING_STRENGTH)
