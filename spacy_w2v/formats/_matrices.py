"""Matrices of vectors, written to files in blocks of rows to save memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._postprocessed_matrix import stored_arrays
from spacy_w2v.model._row_slices import row_slices
from spacy_w2v.model._word_vectors import WordVectors

Rows = NDArray[np.floating[Any]]


def streamed_blocks(vectors: WordVectors, *, n_words: int | None = None) -> Iterator[Rows]:
    """Yield blocks of vectors that are each used once. Memory-mapped pages are released after each block.

    Args:
        vectors: The vectors.
        n_words: How many words, from the first; None for all.
    """
    stored = stored_arrays(vectors.matrix)
    for block in vectors.blocks(n_words=n_words):
        yield block
        for part in stored:
            release_mapped(part)


def streamed_rows(matrix: Vectors) -> Iterator[Vectors]:
    """Yield blocks of rows of a matrix, as `streamed_blocks` does."""
    for some in row_slices(*matrix.shape):
        yield matrix[some]
        release_mapped(matrix)


def as_dtype(block: Rows, dtype: str) -> Rows:
    """Convert rows to another data type. Raises ConfigError if numbers become infinite, as large ones do in float16."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(block, dtype)
    if converted.dtype.itemsize < block.dtype.itemsize and not np.isfinite(converted).all():
        raise ConfigError(
            f"Numbers must be at most {np.finfo(converted.dtype).max:,.0f} for {converted.dtype.name}, but the vectors "
            f'have: {np.abs(block).max():,.0f}. Set dtype to "float32".'
        )
    return converted


def copy_matrix(vectors: WordVectors, *, n_words: int | None, dtype: str) -> Rows:
    """Return a copy of vectors.

    Args:
        vectors: The vectors.
        n_words: How many words, from the first; None for all.
        dtype: Data type of the copy, as for `as_dtype`.
    """
    n_words = len(vectors) if n_words is None else min(n_words, len(vectors))
    matrix = np.empty((n_words, vectors.vector_size), dtype)
    start = 0
    for block in streamed_blocks(vectors, n_words=n_words):
        matrix[start : start + len(block)] = as_dtype(block, dtype)
        start += len(block)
    return matrix


def write_matrix(path: Path, blocks: Iterable[Rows], *, shape: tuple[int, int], dtype: str) -> None:
    """Write a matrix in blocks of rows. The file is identical to that of `np.save`.

    Args:
        path: The file.
        blocks: The rows.
        shape: Shape of the matrix. Rows after the last block are zero.
        dtype: Data type of the file, as for `as_dtype`.
    """
    descr = np.dtype(dtype).newbyteorder("<").str
    n_rows = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        for block in blocks:
            file.write(as_dtype(block, descr).data)
            n_rows += len(block)
        file.write(np.zeros((shape[0] - n_rows, shape[1]), descr).data)
