"""What gensim saves, read without running anything of it.

gensim's files are pickles, which can run code of whoever made them when Python's pickle loads them. Here, names in a
pickle stand for nothing but names: what it would call is only noted, and then arrays of numbers and objects of
gensim's own classes are made of the notes. All other names end the reading.
"""

import bz2
import gzip
import importlib
import pickle
import zlib
from collections.abc import Callable
from io import BufferedIOBase
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.errors import StorageError
from spacy_w2v.formats.word2vec._contents import PICKLE

READ_AT_A_TIME = 1 << 24

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
"""Names that stand for what they are, or for what does no harm in its place."""

_SIDE_ARRAYS, _PARTS = "__numpys", "__recursive_saveloads"
_LISTS_OF_GENSIM = (_SIDE_ARRAYS, _PARTS, "__scipys", "__ignoreds")
_KINDS_OF_NUMBERS = "fiub"
_MODULES = tuple(f"gensim.models.{name}" for name in ("keyedvectors", "word2vec", "fasttext", "doc2vec"))
"""Whose classes are made."""


class _Note:
    """What a pickle would make: the name it calls, with what, and the state it gives."""

    name = ""

    def __new__(cls, *arguments: Any, **more: Any) -> "_Note":
        note = super().__new__(cls)
        note.arguments = arguments
        note.state = {}
        return note

    def __init__(self, *arguments: Any, **more: Any):
        """All is in __new__, which pickles call alone."""

    arguments: tuple[Any, ...]
    state: Any

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Leave out the items of a mapping of an unknown class."""

    def append(self, item: Any) -> None:
        """Leave out the items of a sequence of an unknown class."""


# Python's own, not C's: that takes memory for as many things as a damaged pickle says that it has.
class _Reader(pickle._Unpickler):
    append: Callable[[Any], None]
    read: Callable[[int], bytes]

    def load_bytearray8(self) -> None:
        """Read bytes; Python's own makes room for all that are said to come."""
        self.append(bytearray(self.read(int.from_bytes(self.read(8), "little"))))

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **pickle._Unpickler.dispatch,
        pickle.BYTEARRAY8[0]: load_bytearray8,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name of a pickle stands for."""
        module = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)
        if f"{module}.{name}" in _PLAIN:
            return _PLAIN[f"{module}.{name}"]
        if module.split(".")[0] not in ("numpy", "gensim"):
            raise StorageError(f"it names {module}.{name}, which does not belong to gensim's vectors")
        return type(name, (_Note,), {"name": f"{module}.{name}"})


class _Bounded:
    """A file that reads in pieces: a damaged pickle may ask for more bytes than there are, or fit into memory."""

    def __init__(self, file: BufferedIOBase):
        self.file = file
        self.readline = file.readline

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes: fewer only at the end."""
        pieces = []
        while n_bytes > 0 and (piece := self.file.read(min(n_bytes, READ_AT_A_TIME))):
            pieces.append(piece)
            n_bytes -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def is_pickle(path: Path) -> bool:
    """Return whether a regular file, or what is compressed in it as gensim does, begins as a pickle."""
    if not path.is_file():  # to open another may wait for ever
        return False
    try:
        with _open(path) as file:
            return file.read(1) == PICKLE
    except (OSError, EOFError, zlib.error):
        return False


def load_gensim(path: Path) -> Any:  # Any: gensim has no types
    """Return the model or KeyedVectors that gensim saved in a file, and in others beside it.

    Nothing of the file is run. Raises StorageError for anything else.
    """
    try:
        with _open(path) as file:
            saved = _Reader(_Bounded(file), encoding="latin-1").load()  # as gensim decodes those of Python 2
        return _object_of_gensim(saved, str(path), compressed=path.suffix in (".gz", ".bz2"))
    except FileNotFoundError as error:
        raise StorageError(
            f"What gensim saved must be there with all its files, but {error.filename} is missing. Copy it too: large "
            "arrays have files of their own (.npy)."
        ) from None
    except Exception as error:  # whatever a damaged pickle makes Python and gensim raise
        reason = str(error) if isinstance(error, StorageError) else repr(error)
        raise StorageError(
            f"{path} must be what gensim saved, but cannot be loaded as a Word2Vec, FastText or KeyedVectors: {reason}."
            " If you trust it, load it with gensim, and give the object in place of the path."
        ) from None


def _open(path: Path) -> BufferedIOBase:
    """Open a file, decompressed if it is compressed as gensim does."""
    with path.open("rb") as file:
        head = file.read(3)
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    return bz2.open(path) if head == b"BZh" else path.open("rb")


def _object_of_gensim(note: Any, place: str, *, compressed: bool) -> Any:
    """Return an object of gensim's own class with what a note says of it, and what lies beside it in files."""
    if not isinstance(note, _Note) or not isinstance(note.state, dict):
        raise StorageError("it holds no object of gensim")
    module, _, name = note.name.rpartition(".")
    kind = getattr(importlib.import_module(module), name, None) if module in _MODULES else None
    if not isinstance(kind, type) or kind.__module__ not in _MODULES:
        raise StorageError(f"it is of the class {note.name}, which gensim's word vectors are not")
    made: Any = object.__new__(kind)
    parts = [_checked_name(attribute) for attribute in note.state.get(_PARTS, ())]
    for attribute, value in note.state.items():
        if callable(getattr(kind, attribute, None)) or attribute in _LISTS_OF_GENSIM:
            continue  # no value may take the place of a function
        if attribute in parts:
            made.__dict__[attribute] = _object_of_gensim(value, f"{place}.{attribute}", compressed=compressed)
        elif (plain := _value(value)) is not _UNKNOWN:
            made.__dict__[attribute] = plain
    if note.state.get("__scipys"):
        raise StorageError("it has sparse matrices, which gensim's word vectors have not")
    for attribute in map(_checked_name, note.state.get(_SIDE_ARRAYS, ())):
        loaded = np.load(f"{place}.{attribute}.{'npz' if compressed else 'npy'}", allow_pickle=False)
        made.__dict__[attribute] = loaded["val"] if compressed else loaded
    for attribute in map(_checked_name, note.state.get("__ignoreds", ())):
        made.__dict__[attribute] = None
    if hasattr(kind, "_load_specials"):
        made._load_specials(place, None, compressed, None)  # gensim brings what older versions saved up to date
    return made


def _checked_name(attribute: Any) -> str:
    if not isinstance(attribute, str) or not attribute.isidentifier():
        raise StorageError(f"it names a file by {attribute!r}")
    return attribute


_UNKNOWN = object()
"""In place of what is neither plain data, nor an array, nor of gensim."""


def _value(value: Any) -> Any:
    """Return a value with arrays and objects in place of notes; _UNKNOWN for others."""
    if isinstance(value, dict) and any(isinstance(item, _Note) for item in value.values()):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, type):
        return _UNKNOWN
    if not isinstance(value, _Note):
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
    # the generator of a Word2Vec, which nothing here draws from
    return np.random.default_rng(0) if value.name.startswith("numpy.random") else _UNKNOWN


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    if dtype.arguments[0] == "O8":
        objects: NDArray[np.object_] = np.empty(len(content), np.object_)
        for place, item in enumerate(content):
            objects[place] = _value(item)
        return objects.reshape(shape)
    return np.frombuffer(content, _dtype(dtype)).reshape(shape, order="F" if order == "F" else "C").copy()


def _dtype(note: Any) -> np.dtype[Any]:
    """Return the type that a note describes: its code, and the order of bytes in its state."""
    dtype = np.dtype(str(note.arguments[0]))
    if dtype.kind not in _KINDS_OF_NUMBERS:
        raise StorageError(f"it has an array of the type {dtype}")
    return dtype.newbyteorder(note.state[1]) if note.state else dtype
