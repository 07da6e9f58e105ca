"""How kernels are compiled, and a cache of compiled code that no edit or upgrade of this folder leaves stale."""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}
"""Fast-math without "nnan" and "ninf": a diverged run must show its NaN."""


def folder_digest(folder: Path) -> str:
    """Return a hash of all Python files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


FOLDER_DIGEST = folder_digest(Path(__file__).parent)


class FolderCache(FunctionCache):
    """numba's cache on disk, keyed by the whole folder: numba alone watches just the file of the cached function."""

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), FOLDER_DIGEST)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls: without the GIL, and kept on disk where the disk allows it."""
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=FASTMATH)(function)
    if hasattr(dispatcher, "py_func"):  # else numba's JIT is off
        with contextlib.suppress(RuntimeError):  # no directory can be written: each process compiles anew
            dispatcher._cache = FolderCache(function)
    return dispatcher


inner = njit(error_model="numpy", fastmath=FASTMATH, forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compile a function that only kernels call: an entry from Python would cost more than a small function itself.

Inlined by LLVM: a function that stays a function is compiled twice, by itself and within its kernel, where fast-math
may order sums and products in another way. The process that compiles a kernel would call the first copy, and those that
load it from the cache the second, and their bits would differ.
"""

inlined = njit(inline="always", error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""As `inner`, inlined before compilation: a call counts the references of all arrays that are handed over."""
