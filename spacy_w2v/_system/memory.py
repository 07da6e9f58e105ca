"""The memory that is available to this process, and how to release it."""

import ctypes
import mmap
import os
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.cgroups import memory_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def available_memory() -> int | None:
    """Return the number of bytes that this process may use, or None if the system does not report it.

    This is the memory of the machine, or the limit of the container if that is lower. Memory that other processes use
    is not subtracted.
    """
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return int(min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), memory_limit()))


def release_free_memory() -> None:
    """Return free memory of this process to the operating system, if possible.

    Allocators keep free memory for later use. After encoding a corpus of 17 million words, those of Arrow and glibc
    keep 75 MB.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None  # glibc has it
    if trim is not None:
        trim(0)


def release_mapped(array: "NDArray[Any]") -> None:  # Any: arrays of any type
    """Free the memory of a read-only memory map. Its content is read again when it is needed.

    Other arrays do not change. That includes copy-on-write maps, whose changes are only in memory.
    """
    if getattr(array, "mode", None) != "r":  # an attribute of np.memmap
        return
    base: object = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(base, "madvise"):  # not on Windows
        base.madvise(mmap.MADV_DONTNEED)
