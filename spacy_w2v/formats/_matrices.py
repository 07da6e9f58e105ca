"""Matrices of vectors on their way to a file, some rows at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._mean_matrix import MeanMatrix
from spacy_w2v.model._word_vectors import WordVectors, row_slices

Rows = NDArray[np.floating[Any]]


def passing_blocks(vectors: WordVectors, *, n_words: int | None = None) -> Iterator[Rows]:
    """Yield `WordVectors.blocks` that are each used once: where files are mapped, they leave memory again."""
    matrix = vectors.matrix
    stored = matrix.parts if isinstance(matrix, MeanMatrix) else (matrix,)
    for block in vectors.blocks(n_words=n_words):
        yield block
        for part in stored:
            release_mapped(part)


def passing_rows(matrix: Vectors) -> Iterator[Vectors]:
    """Yield a matrix in blocks of rows that are each used once, as `passing_blocks` does."""
    for some in row_slices(*matrix.shape):
        yield matrix[some]
        release_mapped(matrix)


def of_type(block: Rows, dtype: str) -> Rows:
    """Return rows with numbers of another type. Raises ConfigError for numbers that become infinite, as float16."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(block, dtype)
    if converted.dtype.itemsize < block.dtype.itemsize and not np.isfinite(converted).all():
        raise ConfigError(
            f"{converted.dtype.name} holds numbers up to {np.finfo(converted.dtype).max:,.0f}, but the vectors have: "
            f'{np.abs(block).max():,.0f}. Set dtype to "float32".'
        )
    return converted


def matrix_of(vectors: WordVectors, *, n_words: int | None, dtype: str) -> Rows:
    """Return a copy of the vectors of the first n_words, or of all, with numbers as `of_type` gives them."""
    n_words = len(vectors) if n_words is None else min(n_words, len(vectors))
    matrix = np.empty((n_words, vectors.vector_size), dtype)
    start = 0
    for block in passing_blocks(vectors, n_words=n_words):
        matrix[start : start + len(block)] = of_type(block, dtype)
        start += len(block)
    return matrix


def write_matrix(path: Path, blocks: Iterable[Rows], *, shape: tuple[int, int], dtype: str) -> None:
    """Write rows as np.save writes a matrix, to the byte, with numbers as `of_type` gives them.

    shape: of the matrix; rows that the blocks lack are zero.
    """
    descr = np.dtype(dtype).newbyteorder("<").str
    n_rows = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        for block in blocks:
            file.write(of_type(block, descr).data)
            n_rows += len(block)
        file.write(np.zeros((shape[0] - n_rows, shape[1]), descr).data)
