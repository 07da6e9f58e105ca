"""The decorators that compile kernels with numba, and the on-disk cache of compiled kernels.

The cache notices edits of any kernel, upgrades of numba and damaged files: it then compiles again.
"""

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
"""LLVM's fast-math flags without "nnan" and "ninf", so that NaN and infinity stay visible when a run diverges."""


def compiled_files(package: Path) -> list[Path]:
    """Return the Python files of a package that compiled code depends on, sorted by path.

    These are the files in the folder "kernels" of the package or of a subpackage, and the two modules that they
    import: `_arrays.py` and `_jit.py`.
    """
    folders = (package / "kernels", *package.glob("*/kernels"))  # faster than a walk through the whole package
    in_folders = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted([*in_folders, *(package / name for name in ("_arrays.py", "_jit.py"))])


def kernels_digest(package: Path) -> str:
    """Return the SHA-256 of the names and contents of a package's `compiled_files`, as a hexadecimal string."""
    digest = hashlib.sha256()
    for path in compiled_files(package):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


KERNELS_DIGEST = kernels_digest(Path(__file__).parent)


class CheckedFiles(IndexDataCacheFile):
    """The cache files of one function: an index, and a data file for each signature.

    numba unpickles and runs the content of these files without a check. Here each file begins with the SHA-256 of its
    content, and a damaged file counts as missing. A data file also holds its key, because two processes that write an
    index at the same time may leave one that names the wrong data file.
    """

    def load(self, key: Any) -> Any:
        """Return the compiled code of a key, or None if it is missing or damaged."""
        name = self._load_index().get(key)
        found = self._read(self._data_path(name)) if name is not None else None
        return found[1] if found is not None and found[0] == key else None

    def save(self, key: Any, data: Any) -> None:
        """Write the compiled code of a key. The data file comes first, so that the index never names a missing file."""
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
        with contextlib.suppress(Exception):  # unpickling may raise anything, for example if a class was removed
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
    """numba's on-disk cache, with the source of all kernels as part of the key.

    numba alone only watches the file of the cached function, not the files that it imports. A file that cannot be read
    is compiled again, and code that cannot be written is not cached. Neither ends a run.
    """

    _has_warned = False

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = CheckedFiles(self._cache_path, self._impl.filename_base, files._source_stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None if it is missing or unusable."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # an error of the disk, or code that another version of numba wrote
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled code of a signature; warn once per process if that fails."""
        try:
            super().save_overload(sig, data)
        except Exception as error:  # for example a full disk, or an object that cannot be pickled
            if not KernelCache._has_warned:
                KernelCache._has_warned = True
                warnings.warn(
                    f"Compiled kernels cannot be cached in {self._cache_path}: {error}. Each process will compile "
                    "them again. To cache them elsewhere, set NUMBA_CACHE_DIR.",
                    stacklevel=2,
                )

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), KERNELS_DIGEST)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls. It releases the GIL, uses `FASTMATH`, and is cached on disk if possible."""
    return _cached(function, njit(nogil=True, error_model="numpy", fastmath=FASTMATH))


def exact_kernel(function: Callable[..., Any]) -> Any:
    """Compile a function as `kernel` does, but with strict IEEE 754 arithmetic."""
    return _cached(function, njit(nogil=True, error_model="numpy"))


def _cached(function: Callable[..., Any], compiled: Callable[..., Any]) -> Any:
    dispatcher = compiled(function)
    if hasattr(dispatcher, "py_func"):  # otherwise numba's JIT is disabled
        with contextlib.suppress(RuntimeError, OSError):  # no writable directory: each process compiles again
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
"""Compile a function that only kernels call. It has no entry point for Python, and LLVM inlines it.

Inlining keeps results identical. A function that is not inlined is compiled twice: alone and as part of its kernel,
where fast-math may order sums and products differently. The process that compiles a kernel would then call the first
copy, a process that loads the kernel from the cache the second, and their results would differ in the last bits.
"""

inlined = njit(inline="always", error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Like `inner`, but inlined before compilation, which avoids reference counting of the arrays passed in a call."""
