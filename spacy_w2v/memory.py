"""The memory of the machine, and what this process takes of it."""

import ctypes
import os


def physical_memory() -> int | None:
    """Return the memory of this machine in bytes, or None where the system does not tell."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def release_free_memory() -> None:
    """Give memory that is free within this process back to the system, where that is possible.

    Allocators keep it for later: after a corpus of 17 million words has been encoded, Arrow's and glibc's keep 75 MB.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None  # glibc has it
    if trim is not None:
        trim(0)
