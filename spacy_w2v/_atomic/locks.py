"""File locks, which allow only one process to write. A lock is released when the process ends."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, reporting_unwritable
from spacy_w2v.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""Errors of file systems without locks, such as some network file systems. Nothing is locked there."""


def take_lock(path: Path) -> int | None:
    """Create a file and lock it.

    Returns:
        The file descriptor for `release_lock`, or None if another process has locked the file.

    Raises:
        OSError: The file cannot be created.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _is_at(descriptor, path):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in NO_LOCKS:
                return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            if isinstance(error, BlockingIOError) or (sys.platform == "win32" and isinstance(error, PermissionError)):
                return None
            raise
        os.close(descriptor)  # the previous owner has removed the file, and there may be a new one


def release_lock(path: Path, descriptor: int) -> None:
    """Remove a file that `take_lock` locked, and release the lock."""
    if sys.platform == "win32":  # Windows cannot remove a file that this or another process has open
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
        return
    try:
        with suppress(OSError):
            if _is_at(descriptor, path):
                path.unlink()  # before the release: other processes check that it still exists
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def exclusive_writer(path: Path, *, shown: Path | None = None) -> Iterator[None]:
    """Lock a directory that `replaced_directory` writes repeatedly, so that no other process writes to it.

    The lock is released when the process ends.

    Args:
        path: The directory.
        shown: The path to name in errors, such as the output that a checkpoint belongs to. If None, `path` is named.

    Raises:
        StorageError: Another process has locked it, or the lock cannot be created.
    """
    lock = lock_of(path)
    with reporting_unwritable(shown or path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_movable([path])
        descriptor = take_lock(lock)
    if descriptor is None:
        raise already_running(shown or path)
    try:
        yield
    finally:
        release_lock(lock, descriptor)


def lock_of(path: Path) -> Path:
    """Return the file that `exclusive_writer` locks for a directory."""
    return path.with_name(f".{path.name}.lock")


def already_running(path: Path) -> StorageError:
    """Return the error for an output that another process is writing."""
    return StorageError(
        f"Only one run at a time may write to {path}, but another one is in progress. Wait until it ends, or choose "
        "another output."
    )
