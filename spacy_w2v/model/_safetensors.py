"""Arrays in a .safetensors file (https://huggingface.co/docs/safetensors): written by its package, read as memory maps.

A file has the length of its header (little-endian uint64), the header as JSON, and the numbers of all arrays without
gaps. Reading it runs no code. `safetensors.safe_open` checks that the header is consistent with the file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spacy_w2v.errors import StorageError
from spacy_w2v.model._arrays import Array, Shape, check_blocks
from spacy_w2v.model._row_slices import row_slices

DTYPES: dict[str, type[np.generic]] = {
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
    "I32": np.int32,
    "I64": np.int64,
    "U32": np.uint32,
}
"""NumPy's types by their names in the header. Arrays of other types, such as bfloat16, are not read."""

METADATA_KEY = "spacy-w2v"
"""The one entry of the metadata. Of several, the package writes the order at random, and so the bytes of the file."""


class Tensors(NamedTuple):
    """The content of a file."""

    arrays: dict[str, Array]
    """The arrays by name, read-only memory maps."""
    metadata: str
    """What was written with them; empty if another program wrote the file."""


def write_tensors(path: Path, arrays: Mapping[str, Array], *, metadata: str = "") -> None:
    """Write arrays to a file. Equal arrays give equal bytes.

    Args:
        path: The file.
        arrays: The arrays by name.
        metadata: A text to store with them; empty for none.

    Raises:
        OSError: The file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    rows = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    path.touch()
    mode = path.stat().st_mode  # that of other new files: save_file replaces the file by one that its owner only reads
    try:
        save_file(rows, str(path), metadata={METADATA_KEY: metadata} if metadata else None)
        path.chmod(mode)
    except SafetensorError as error:
        raise OSError(f"{path} must be writable, but is not: {error}") from None


def read_tensors(path: Path) -> Tensors:
    """Map the arrays of a file into memory. Arrays of types that NumPy lacks are left out.

    Raises:
        StorageError: The file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as opened:  # checks sizes, offsets and the JSON
            names, metadata = list(opened.keys()), opened.metadata() or {}
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
    except (OSError, SafetensorError) as error:
        raise StorageError(f"{path} must be a file of safetensors, but is not readable as one: {error}") from None
    arrays = {
        name: _mapped(path, DTYPES[header[name]["dtype"]], tuple(header[name]["shape"]), 8 + length + start)
        for name in names
        if header[name]["dtype"] in DTYPES
        for start, _ in [header[name]["data_offsets"]]
    }
    return Tensors(arrays, metadata.get(METADATA_KEY, ""))


def _mapped(path: Path, dtype: type[np.generic], shape: Shape, offset: int) -> Array:
    if 0 in shape:  # an empty array cannot be mapped
        return np.empty(shape, dtype)
    little_endian = np.dtype(dtype).newbyteorder("<")
    return np.memmap(path, little_endian, mode="r", offset=offset, shape=shape)


def checked_tensor(tensors: Tensors, name: str, *, path: Path, shape: Shape, positive: bool = False) -> Array:
    """Return an array of finite float32 numbers.

    Args:
        tensors: The content of the file.
        name: The name of the array.
        path: The file, for errors.
        shape: The shape that the array must have.
        positive: Whether the numbers must also be greater than 0.

    Raises:
        StorageError: The array is missing, or is anything else.
    """
    array = tensors.arrays.get(name)
    if array is None or array.dtype != np.float32 or array.shape != shape:
        found = "nothing" if array is None else f"{array.shape} and {array.dtype}"
        raise StorageError(
            f"{path} must have '{name}' of the shape {shape} and the type float32, was: {found}. It is damaged."
        )
    width = array.size // len(array) if len(array) else 1
    blocks = ((some.start, array[some]) for some in row_slices(len(array), max(1, width)))
    check_blocks(blocks, path=path, positive=positive, name=name)
    return array
