"""Reading of gensim's files without running code in them.

gensim's files are pickles, and Python's pickle module runs any function that a pickle names. Here, the calls in a
pickle are only recorded. Arrays of numbers and objects of gensim's own classes are then created from the recorded
calls. All other names raise an error.
"""

import bz2
import gzip
import importlib
import pickle
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import StorageError
from spacy_w2v.formats.word2vec._contents import PICKLE

CHUNK_BYTES = 1 << 24

_PLAIN: dict[str, Callable[..., Any]] = {
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    "builtins.int": int,
    "builtins.long": int,
    "builtins.hash": hash,  # Word2Vec's hashfxn
    "collections.defaultdict": lambda *of: {},
    "collections.OrderedDict": lambda *of: {},
    "_codecs.encode": lambda text, encoding: text.encode("latin-1"),  # bytes, in older pickles
}
"""Harmless functions that are called, or harmless replacements."""

_SIDE_ARRAYS, _PARTS = "__numpys", "__recursive_saveloads"
_LISTS_OF_GENSIM = (_SIDE_ARRAYS, _PARTS, "__scipys", "__ignoreds")
_KINDS_OF_NUMBERS = "fiub"
_MODULES = tuple(f"gensim.models.{name}" for name in ("keyedvectors", "word2vec", "fasttext", "doc2vec"))
"""Modules whose classes are created."""


class _RecordedCall:
    """A call that a pickle contains: the name, the arguments, and the state of the object."""

    name = ""

    def __new__(cls, *arguments: Any, **more: Any) -> "_RecordedCall":
        call = super().__new__(cls)
        call.arguments = arguments
        call.state = {}
        return call

    def __init__(self, *arguments: Any, **more: Any):
        """Do nothing: pickles may call __new__ alone."""

    arguments: tuple[Any, ...]
    state: Any

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Ignore the items of a mapping of an unknown class."""

    def append(self, item: Any) -> None:
        """Ignore the items of a sequence of an unknown class."""


# The implementation in Python: the one in C allocates memory for any length that a damaged pickle states.
class _SafeUnpickler(pickle._Unpickler):
    append: Callable[[Any], None]
    read: Callable[[int], bytes]

    def load_bytearray8(self) -> None:
        """Read a bytearray without allocating its stated length first."""
        self.append(bytearray(self.read(int.from_bytes(self.read(8), "little"))))

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **pickle._Unpickler.dispatch,
        pickle.BYTEARRAY8[0]: load_bytearray8,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return the function or class for a name in the pickle. Raises StorageError for names of other packages."""
        module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
        if f"{module}.{name}" in _PLAIN:
            return _PLAIN[f"{module}.{name}"]
        if module.split(".")[0] not in ("numpy", "gensim"):
            raise StorageError(f"it names {module}.{name}, which is not part of gensim's vectors")
        return type(name, (_RecordedCall,), {"name": f"{module}.{name}"})


class _ChunkedFile:
    """A file that is read in chunks: a damaged pickle may ask for more bytes than the file has or memory can hold."""

    def __init__(self, file: BufferedIOBase):
        self.file = file
        self.readline = file.readline

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes, fewer only at the end of the file."""
        chunks = []
        while n_bytes > 0 and (chunk := self.file.read(min(n_bytes, CHUNK_BYTES))):
            chunks.append(chunk)
            n_bytes -= len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def is_pickle(path: Path) -> bool:
    """Return whether a regular file begins as a pickle, also if it is compressed as gensim does."""
    if not path.is_file():  # opening a pipe may block forever
        return False
    try:
        with _open(path) as file:
            return file.read(1) == PICKLE
    except (OSError, EOFError, zlib.error):
        return False


def load_gensim(path: Path) -> Any:  # Any: gensim has no types
    """Load a model or KeyedVectors that gensim saved, without running code in its files.

    Args:
        path: The main file. Large arrays are in files beside it.

    Raises:
        StorageError: The file was not saved by gensim, is damaged, or a file beside it is missing.
    """
    with _reporting_damage(path, "Word2Vec, FastText or KeyedVectors"):
        return _object_of_gensim(_recorded(path), str(path), compressed=path.suffix in (".gz", ".bz2"))


def recorded_state(path: Path, *, kinds: str) -> tuple[str, dict[str, Any]]:
    """Return the class of an object that gensim saved, and its attributes, without running code in its file.

    Functions are classes with the `__name__` of the function.

    Args:
        path: The file.
        kinds: The classes that the file may have, for errors.

    Raises:
        StorageError: The file was not saved by gensim, or is damaged.
    """
    with _reporting_damage(path, kinds):
        call = _recorded(path)
        if not isinstance(call, _RecordedCall) or not isinstance(call.state, dict):
            raise StorageError("it has no object of gensim")
        return call.name, call.state


def _recorded(path: Path) -> Any:
    """Return what a pickle has: plain data and recorded calls. Raises errors of many types."""
    with _open(path) as file:
        # as gensim decodes pickles of Python 2
        return _SafeUnpickler(_ChunkedFile(file), encoding="latin-1").load()


@contextmanager
def _reporting_damage(path: Path, kinds: str) -> Iterator[None]:
    """Raise StorageError in place of any error that a damaged pickle may raise."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename == str(path):
            raise StorageError(
                f"There must be a file that gensim saved at this path, but {path} does not exist. Check the path."
            ) from None
        raise StorageError(
            f"All files that gensim saved must exist, but {error.filename} is missing. Copy it as well: gensim stores "
            "large arrays in separate files (.npy)."
        ) from None
    except Exception as error:  # damaged pickles raise errors of many types
        reason = str(error) if isinstance(error, StorageError) else repr(error)
        raise StorageError(
            f"{path} must be a file saved by gensim, but cannot be loaded as {kinds}: {reason}. "
            "If you trust the file, load it with gensim and pass the object instead of the path."
        ) from None


def _open(path: Path) -> BufferedIOBase:
    """Open a file, and decompress it if gensim has compressed it."""
    with path.open("rb") as file:
        head = file.read(3)
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    return bz2.open(path) if head == b"BZh" else path.open("rb")


def _object_of_gensim(call: Any, place: str, *, compressed: bool) -> Any:
    """Create an object of one of gensim's classes.

    Args:
        call: The recorded call.
        place: Path of the main file; arrays in files beside it have names that begin with it.
        compressed: Whether these arrays are compressed.

    Raises:
        StorageError: The call is not one of gensim's.
    """
    if not isinstance(call, _RecordedCall) or not isinstance(call.state, dict):
        raise StorageError("it has no object of gensim")
    module, _, name = call.name.rpartition(".")
    kind = getattr(importlib.import_module(module), name, None) if module in _MODULES else None
    if not isinstance(kind, type) or kind.__module__ not in _MODULES:
        raise StorageError(f"it is of the class {call.name}, which is not a class of gensim's word vectors")
    made: Any = object.__new__(kind)
    parts = [_checked_name(attribute) for attribute in call.state.get(_PARTS, ())]
    for attribute, value in call.state.items():
        if callable(getattr(kind, attribute, None)) or attribute in _LISTS_OF_GENSIM:
            continue  # a value must not replace a method
        if attribute in parts:
            made.__dict__[attribute] = _object_of_gensim(value, f"{place}.{attribute}", compressed=compressed)
        elif (plain := _value(value)) is not _UNKNOWN:
            made.__dict__[attribute] = plain
    if call.state.get("__scipys"):
        raise StorageError("it has sparse matrices, unlike gensim's word vectors")
    for attribute in map(_checked_name, call.state.get(_SIDE_ARRAYS, ())):
        loaded = np.load(f"{place}.{attribute}.{'npz' if compressed else 'npy'}", allow_pickle=False)
        made.__dict__[attribute] = loaded["val"] if compressed else loaded
    for attribute in map(_checked_name, call.state.get("__ignoreds", ())):
        made.__dict__[attribute] = None
    if hasattr(kind, "_load_specials"):
        made._load_specials(place, None, compressed, None)  # gensim converts objects of older versions
    return made


def _checked_name(attribute: Any) -> str:
    if not isinstance(attribute, str) or not attribute.isidentifier():
        raise StorageError(f"it has the invalid file name {attribute!r}")
    return attribute


_UNKNOWN = object()
"""Replaces objects that are neither plain data, nor arrays, nor of gensim's classes."""


def _value(value: Any) -> Any:
    """Return a value in which recorded calls are replaced by arrays and objects, or _UNKNOWN."""
    if isinstance(value, dict) and any(isinstance(item, _RecordedCall) for item in value.values()):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, type):
        return _UNKNOWN
    if not isinstance(value, _RecordedCall):
        return value
    name = value.name.rpartition(".")[2]
    if value.name.rpartition(".")[0] in _MODULES:
        return _object_of_gensim(value, "", compressed=False)
    if name == "scalar":
        return np.frombuffer(value.arguments[1], _dtype(value.arguments[0]))[0]
    if name == "_reconstruct":
        shape, dtype, fortran, content = value.state[-4:]
        return _array(content, dtype, shape, "F" if fortran else "C")
    if name == "_frombuffer":
        return _array(*value.arguments)
    # the random generator of a Word2Vec, which is never used here
    return np.random.default_rng(0) if value.name.startswith("numpy.random") else _UNKNOWN


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    if dtype.arguments[0] == "O8":
        objects: NDArray[np.object_] = np.empty(len(content), np.object_)
        for place, item in enumerate(content):
            objects[place] = _value(item)
        return objects.reshape(shape)
    return np.frombuffer(content, _dtype(dtype)).reshape(shape, order="F" if order == "F" else "C").copy()


def _dtype(call: Any) -> np.dtype[Any]:
    """Return the data type of a recorded call. Its state has the byte order."""
    dtype = np.dtype(str(call.arguments[0]))
    if dtype.kind not in _KINDS_OF_NUMBERS:
        raise StorageError(f"it has an array of the type {dtype}")
    return dtype.newbyteorder(call.state[1]) if call.state else dtype
