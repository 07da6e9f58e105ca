"""The memory that this process may use, and what it takes of it."""

import ctypes
import mmap
import os
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.cgroups import memory_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def available_memory() -> int | None:
    """Return how many bytes this process may use: those of the machine, or of its container if these are fewer.

    Memory that others use now is not subtracted. None where the system does not say how much there is.
    """
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return int(min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), memory_limit()))


def release_free_memory() -> None:
    """Return free memory of this process to the system, if possible.

    Allocators keep it for later use: after encoding a corpus of 17 million words, those of Arrow and glibc keep 75 MB.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None  # glibc has it
    if trim is not None:
        trim(0)


def release_mapped(array: "NDArray[Any]") -> None:  # Any: of any type
    """Free the memory of an array that is a file mapped for reading; what is needed is read again.

    All other arrays are left alone, also maps whose changes are in memory only.
    """
    if getattr(array, "mode", None) != "r":  # of np.memmap
        return
    base: object = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(base, "madvise"):  # Windows has none
        base.madvise(mmap.MADV_DONTNEED)
