"""How kernels are compiled, and a cache of compiled code that no edit, upgrade or damage leaves stale or wrong."""

import contextlib
import hashlib
import pickle
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}
"""Fast-math without "nnan" and "ninf": a diverged run must show its NaN."""


def compiled_files(package: Path) -> list[Path]:
    """Return the Python files of a package that compiled code depends on, in order.

    They are those below the folder "kernels" of the package or of a room, and what these import: the array bundles, and
    this module.
    """
    folders = (package / "kernels", *package.glob("*/kernels"))  # a walk of the whole package would take longer
    in_folders = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted([*in_folders, *(package / name for name in ("_arrays.py", "_jit.py"))])


def kernels_digest(package: Path) -> str:
    """Return a hash of the names and contents of a package's `compiled_files`."""
    digest = hashlib.sha256()
    for path in compiled_files(package):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


KERNELS_DIGEST = kernels_digest(Path(__file__).parent)


class CheckedFiles(IndexDataCacheFile):
    """numba's files of a function, an index and a data file for each signature, each after the SHA-256 of its content.

    numba unpickles and runs what the files hold, as it stands. Here what is damaged counts as not there, and a data
    file holds its key too, since an index that was written at the same time as another may name the wrong one.
    """

    def load(self, key: Any) -> Any:
        """Return the data of a key, or None."""
        name = self._load_index().get(key)
        found = self._read(self._data_path(name)) if name is not None else None
        return found[1] if found is not None and found[0] == key else None

    def save(self, key: Any, data: Any) -> None:
        """Keep the data of a key: the data first, since an index of what is not there is of no use."""
        known = self._load_index()
        free = (name for name in map(self._data_name, count(1)) if name not in known.values())
        name = known[key] if key in known else next(free)
        self._write(self._data_path(name), (key, data))
        self._save_index({**known, key: name})

    def _load_index(self) -> dict[Any, str]:
        found = self._read(self._index_path)
        known = found[1] if found is not None and found[0] == self._stamp() else {}
        return known if isinstance(known, dict) and all(isinstance(name, str) for name in known.values()) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._stamp(), overloads))

    def _stamp(self) -> tuple[Any, ...]:
        return self._version, self._source_stamp

    def _read(self, path: str) -> tuple[Any, Any] | None:
        with contextlib.suppress(Exception):  # unpickling may raise anything, as where a class has gone
            content = Path(path).read_bytes()
            if hashlib.sha256(content[32:]).digest() == content[:32]:
                first, second = pickle.loads(content[32:])
                return first, second
        return None

    def _write(self, path: str, content: tuple[Any, Any]) -> None:
        pickled = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(pickled).digest() + pickled)


class KernelCache(FunctionCache):
    """numba's cache on disk, keyed by the code of all kernels: numba alone watches the file of the cached function.

    What cannot be read is compiled, and what cannot be written is not kept: neither ends a run.
    """

    _has_warned = False

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = CheckedFiles(self._cache_path, self._impl.filename_base, files._source_stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None if it is not there, or cannot be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # of the disk, or of another version of what the file holds
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code of a signature, if that is possible."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # of the disk, as when it is full, or of pickle
            if not KernelCache._has_warned:
                KernelCache._has_warned = True
                warnings.warn(
                    f"Compiled kernels cannot be kept in {self._cache_path}, so each process compiles them again: "
                    f"{error}. To keep them elsewhere, set NUMBA_CACHE_DIR.",
                    stacklevel=2,
                )

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), KERNELS_DIGEST)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls: without the GIL, and kept on disk where the disk allows it."""
    return _cached(function, njit(nogil=True, error_model="numpy", fastmath=FASTMATH))


def exact_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function as `kernel` does, with the arithmetic of IEEE 754."""
    return _cached(function, njit(nogil=True, error_model="numpy"))


def _cached(function: Callable[..., Any], compiled: Callable[..., Any]) -> Any:
    dispatcher = compiled(function)
    if hasattr(dispatcher, "py_func"):  # else numba's JIT is off
        with contextlib.suppress(RuntimeError, OSError):  # no directory can be written: each process compiles again
            dispatcher._cache = KernelCache(function)
    return dispatcher


INNER_OPTIONS = {
    "error_model": "numpy",
    "fastmath": FASTMATH,
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}

inner = njit(**INNER_OPTIONS)
"""Compile a function that only kernels call: an entry from Python would cost more than a small function itself.

Inlined by LLVM: a function that is not inlined is compiled twice, by itself and within its kernel, where fast-math
may order sums and products in another way. The process that compiles a kernel would call the first copy, and those that
load it from the cache the second, and their bits would differ.
"""

inlined = njit(inline="always", error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""As `inner`, inlined before compilation: a call counts the references of all arrays that are passed."""
