"""Arrays in .npy files (format version 1.0, as np.save writes it): exactly those that are expected, or an error.

NumPy's own reader evaluates the header as Python, believes its shape, and raises whatever comes of that.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import StorageError

Array: TypeAlias = NDArray[Any]
"""Any: each file has its own type of numbers."""

Shape: TypeAlias = tuple[int, ...]

BYTES_AT_A_TIME = 1 << 20
"""Of a file that is read in blocks, or one row if that is larger."""

_MAGIC = b"\x93NUMPY\x01\x00"
_LONGEST_HEADER = 512
_HEADER = re.compile(
    rb"\{'descr': '([^']{1,16})', 'fortran_order': False, 'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)


def read_array(path: Path, dtype: type[np.generic], shape: Shape, *, mmap: bool = False) -> Array:
    """Return the array in a file, whose type and shape are known; with mmap it stays on disk, read-only.

    Raises StorageError, which names the file, if it is missing or holds anything else.
    """
    offset = _check_file(path, dtype, shape)
    if mmap and _size(shape):  # nothing cannot be mapped
        return np.memmap(path, dtype, mode="r", offset=offset, shape=shape)
    try:
        array: Array = np.fromfile(path, dtype, count=_size(shape), offset=offset).reshape(shape)
    except (OSError, ValueError) as error:  # ValueError: it has become shorter meanwhile
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    return array


def read_blocks(path: Path, dtype: type[np.generic], shape: Shape) -> Iterator[tuple[int, Array]]:
    """Yield the rows of an array in a file, some at a time, and before them the number of the first.

    They are read, not mapped, to a buffer that they share. Raises StorageError as `read_array` does.
    """
    offset = _check_file(path, dtype, shape)
    row_bytes = _size(shape[1:]) * np.dtype(dtype).itemsize
    n_rows = max(1, BYTES_AT_A_TIME // max(1, row_bytes))
    buffer = bytearray(min(n_rows, shape[0]) * row_bytes)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            for first in range(0, shape[0], n_rows):
                part = memoryview(buffer)[: min(n_rows, shape[0] - first) * row_bytes]
                if file.readinto(part) != len(part):
                    raise StorageError(f"{path} must have {len(part)} bytes from row {first} on, but has less.")
                yield first, np.frombuffer(part, dtype).reshape(-1, *shape[1:])
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None


def check_finite(path: Path, shape: Shape) -> None:
    """Raise StorageError if a file holds no array of float32 of this shape, or infinite numbers or NaN."""
    for first, rows in read_blocks(path, np.float32, shape):
        finite = np.isfinite(rows)
        if not finite.all():
            row = first + int(np.argwhere(~finite)[0][0])
            raise StorageError(f"{path} must have finite numbers, but row {row} has others. It is damaged.")


def parse_array(content: bytes, dtype: type[np.generic], shape: Shape | None, *, name: str) -> Array:
    """Return the array in the content of a file, as a copy. name: of the file, in errors.

    shape: None for one dimension of any size. Raises StorageError for anything but such an array.
    """
    if shape is None:
        shape = _parse_header(content[:_LONGEST_HEADER], name)[1]
        shape = shape if len(shape) == 1 else (0,)
    offset = _offset(content[:_LONGEST_HEADER], len(content), dtype, shape, name=name)
    return np.frombuffer(content, dtype, offset=offset).reshape(shape).copy()


def _size(shape: Shape) -> int:
    """Return how many numbers an array has."""
    return int(math.prod(shape))


def _check_file(path: Path, dtype: type[np.generic], shape: Shape) -> int:
    """Return where the numbers in a file begin. Raises StorageError."""
    try:
        with path.open("rb") as file:
            start, size = file.read(_LONGEST_HEADER), file.seek(0, 2)
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    return _offset(start, size, dtype, shape, name=str(path))


def _offset(start: bytes, size: int, dtype: type[np.generic], shape: Shape, *, name: str) -> int:
    """Return where the numbers begin in a file of `size` bytes that starts like this. Raises StorageError."""
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
    """Return the type of an array, its shape, and where its numbers begin. Raises StorageError."""
    length = int.from_bytes(start[8:10], "little")
    found = _HEADER.fullmatch(start[10 : 10 + length]) if start.startswith(_MAGIC) else None
    if found is None:
        raise StorageError(f"{name} must be an array in NumPy's format, but is not. It is damaged.")
    shape = tuple(int(number) for number in found[2].replace(b" ", b"").split(b",") if number)
    return found[1].decode("latin-1"), shape, 10 + length
