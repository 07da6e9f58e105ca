"""Matrices of vectors on their way to a file, some rows at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.config._export import VectorKind
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._trained import FLOATS_AT_A_TIME, TrainedModel


def passing_blocks(model: TrainedModel, kind: VectorKind, *, n_rows: int | None = None) -> Iterator[Vectors]:
    """Yield `TrainedModel.vector_blocks` that are each used once: where files are mapped, they leave memory again."""
    for block in model.vector_blocks(kind, n_rows=n_rows):
        yield block
        for matrix in (model.input_vectors, model.output_vectors):
            release_mapped(matrix)


def passing_rows(matrix: Vectors) -> Iterator[Vectors]:
    """Yield a matrix in blocks of rows that are each used once, as `passing_blocks` does."""
    n_at_a_time = max(1, FLOATS_AT_A_TIME // matrix.shape[1])
    for start in range(0, len(matrix), n_at_a_time):
        yield matrix[start : start + n_at_a_time]
        release_mapped(matrix)


def of_type(block: Vectors, dtype: str) -> NDArray[np.floating[Any]]:
    """Return rows with numbers of another type. Raises ConfigError for numbers that become infinite, as float16."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(block, dtype)
    if converted.dtype.itemsize < block.dtype.itemsize and not np.isfinite(converted).all():
        raise ConfigError(
            f"{converted.dtype.name} holds numbers up to {np.finfo(converted.dtype).max:,.0f}, but the vectors have: "
            f'{np.abs(block).max():,.0f}. Set dtype to "float32".'
        )
    return converted


def matrix_of(model: TrainedModel, kind: VectorKind, *, n_rows: int | None, dtype: str) -> Vectors:
    """Return a copy of the first n_rows of a model's vectors, or of all, with numbers as `of_type` gives them."""
    matrix = np.empty((len(model.vocabulary.first(n_rows)), model.vector_size), dtype)
    start = 0
    for block in passing_blocks(model, kind, n_rows=n_rows):
        matrix[start : start + len(block)] = of_type(block, dtype)
        start += len(block)
    return matrix


def write_matrix(path: Path, blocks: Iterable[Vectors], *, shape: tuple[int, int], dtype: str) -> None:
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
