"""A strict reader of arrays in .npy files (format version 1.0, as written by np.save).

It accepts only the expected type and shape. NumPy's own reader evaluates the header as Python, trusts its shape, and
may raise any exception.
"""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import StorageError

Array: TypeAlias = NDArray[Any]
"""Any: each file has its own dtype."""

Shape: TypeAlias = tuple[int, ...]

BLOCK_BYTES = 1 << 20
"""Size of the blocks in which a file is read, or one row if that is larger."""

_FLOATS: dict[str, type[np.floating[Any]]] = {"<f4": np.float32, "<f2": np.float16}

_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER_BYTES = 512
_HEADER = re.compile(
    rb"\{'descr': '([^']{1,16})', 'fortran_order': False, 'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)


def read_array(path: Path, dtype: type[np.generic], shape: Shape, *, mmap: bool = False) -> Array:
    """Return the array in a file.

    Args:
        path: The file.
        dtype: The type that the array must have.
        shape: The shape that it must have.
        mmap: Map the array into memory, read-only, instead of reading it.

    Raises:
        StorageError: The file is missing, or holds anything else. The text names the file.
    """
    offset = _check_file(path, dtype, shape)
    if mmap and _size(shape):  # an empty array cannot be mapped
        return np.memmap(path, dtype, mode="r", offset=offset, shape=shape)
    try:
        array: Array = np.fromfile(path, dtype, count=_size(shape), offset=offset).reshape(shape)
    except (OSError, ValueError) as error:  # ValueError: the file has been truncated in the meantime
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    return array


def read_matrix(path: Path) -> Array:
    """Return a matrix of numbers of another program, mapped into memory, read-only.

    Raises:
        StorageError: The file is missing, or is no matrix of float32 or float16 with rows and columns.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_MAX_HEADER_BYTES)
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    descr, shape, _ = _parse_header(start, str(path))
    dtype = _FLOATS.get(descr)
    if dtype is None or len(shape) != 2 or not _size(shape):
        raise StorageError(
            f"{path} must be a matrix of float32 or float16, was: {descr} of the shape {shape}. It is damaged, or "
            "another kind of file."
        )
    return read_array(path, dtype, shape, mmap=True)


def read_blocks(path: Path, dtype: type[np.generic], shape: Shape) -> Iterator[tuple[int, Array]]:
    """Yield the rows of an array in a file in blocks, each with the index of its first row.

    The blocks are read into one buffer, so each is valid only until the next.

    Args:
        path: The file.
        dtype: The type that the array must have.
        shape: The shape that it must have.

    Raises:
        StorageError: The file is missing, or holds anything else. The text names the file.
    """
    offset = _check_file(path, dtype, shape)
    row_bytes = _size(shape[1:]) * np.dtype(dtype).itemsize
    n_rows = max(1, BLOCK_BYTES // max(1, row_bytes))
    buffer = bytearray(min(n_rows, shape[0]) * row_bytes)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            for first in range(0, shape[0], n_rows):
                part = memoryview(buffer)[: min(n_rows, shape[0] - first) * row_bytes]
                if file.readinto(part) != len(part):
                    raise StorageError(
                        f"{path} must have {len(part)} bytes from row {first} on, but is shorter. It is damaged."
                    )
                yield first, np.frombuffer(part, dtype).reshape(-1, *shape[1:])
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None


def check_numbers(path: Path, shape: Shape, *, positive: bool) -> None:
    """Raise StorageError unless a file holds a float32 array of this shape with finite numbers.

    Args:
        path: The file.
        shape: The shape.
        positive: Whether the numbers must also be greater than 0.
    """
    check_blocks(read_blocks(path, np.float32, shape), path=path, positive=positive)


def check_blocks(blocks: Iterable[tuple[int, Array]], *, path: Path, positive: bool, name: str | None = None) -> None:
    """Raise StorageError unless all numbers of an array are finite.

    Args:
        blocks: The rows of the array in blocks, each with the index of its first row.
        path: The file that has the array, for errors.
        positive: Whether the numbers must also be greater than 0.
        name: The name of the array in a file with several ones.
    """
    for first, rows in blocks:
        finite = np.isfinite(rows)
        if not finite.all():
            row = f"row {first + int(np.argwhere(~finite)[0][0])}" + (f" of '{name}'" if name else "")
            raise StorageError(f"{path} must have finite numbers, but {row} has NaN or infinity. It is damaged.")
        if positive and rows.min(initial=1.0) <= 0:
            place = f" in '{name}'" if name else ""
            raise StorageError(f"{path} must have positive numbers{place}, was: {rows.min()}. It is damaged.")


def parse_array(content: bytes, dtype: type[np.generic], shape: Shape | None, *, name: str) -> Array:
    """Return the array in the content of a file, as a copy.

    Args:
        content: The content of the file.
        dtype: The type that the array must have.
        shape: The shape that it must have; None for one dimension of any size.
        name: The name of the file, for errors.

    Raises:
        StorageError: The content is anything else.
    """
    if shape is None:
        shape = _parse_header(content[:_MAX_HEADER_BYTES], name)[1]
        shape = shape if len(shape) == 1 else (0,)
    offset = _offset(content[:_MAX_HEADER_BYTES], len(content), dtype, shape, name=name)
    return np.frombuffer(content, dtype, offset=offset).reshape(shape).copy()


def _size(shape: Shape) -> int:
    """Return the number of elements of an array."""
    return int(math.prod(shape))


def _check_file(path: Path, dtype: type[np.generic], shape: Shape) -> int:
    """Return the offset of the numbers in a file. Raises StorageError unless the file holds this array."""
    try:
        with path.open("rb") as file:
            start, size = file.read(_MAX_HEADER_BYTES), file.seek(0, 2)
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    return _offset(start, size, dtype, shape, name=str(path))


def _offset(start: bytes, size: int, dtype: type[np.generic], shape: Shape, *, name: str) -> int:
    """Return the offset of the numbers in a file.

    Args:
        start: The first bytes of the file.
        size: Its size in bytes.
        dtype: The type that the array must have.
        shape: The shape that it must have.
        name: The name of the file, for errors.

    Raises:
        StorageError: The file does not hold this array.
    """
    descr, actual, offset = _parse_header(start, name)
    expected = np.dtype(dtype)
    if descr != expected.str or actual != shape:
        raise StorageError(
            f"{name} must have the shape {shape} and the type {expected.str}, was: {actual} and {descr}. It is damaged."
        )
    if size != offset + _size(shape) * expected.itemsize:
        raise StorageError(
            f"{name} must have {offset + _size(shape) * expected.itemsize} bytes, but has: {size}. It is damaged."
        )
    return offset


def _parse_header(start: bytes, name: str) -> tuple[str, Shape, int]:
    """Return the type of an array, its shape, and the offset of its numbers. Raises StorageError."""
    length = int.from_bytes(start[8:10], "little")
    found = _HEADER.fullmatch(start[10 : 10 + length]) if start.startswith(_MAGIC) else None
    if found is None:
        raise StorageError(f"{name} must be an array in NumPy's format, but is not. It is damaged.")
    shape = tuple(int(number) for number in found[2].replace(b" ", b"").split(b",") if number)
    return found[1].decode("latin-1"), shape, 10 + length
