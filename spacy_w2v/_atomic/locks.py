"""One writer at a time: files that one process can lock, and no other, until it ends in whatever way."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, unwritable
from spacy_w2v.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems say that have no locks, as some of networks: nothing is held there."""


def take_lock(path: Path) -> int | None:
    """Lock a file, which is made, and return its descriptor for `release_lock`; None if another process holds it.

    Raises OSError if the file cannot be made.
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
        os.close(descriptor)  # it was removed by the one that held it before, and another may be there now


def release_lock(path: Path, descriptor: int) -> None:
    """Remove a file that `take_lock` locked, and let others have it."""
    if sys.platform == "win32":  # an open file cannot be removed there: not this one, nor one that others have open
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
        return
    try:
        with suppress(OSError):
            if _is_at(descriptor, path):
                path.unlink()  # before it is released: who waits for this one looks whether it is still there
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
def only_writer(path: Path, *, shown: Path | None = None) -> Iterator[None]:
    """Hold a directory that `replaced_directory` writes again and again, so that no other process does.

    Ends with the process, however that ends. shown: the path that errors name, as of the output whose checkpoint the
    directory is; None for `path` itself. Raises StorageError if another process holds it, or it cannot be made.
    """
    lock = lock_of(path)
    with unwritable(shown or path):
        path.parent.mkdir(parents=True, exist_ok=True)
        check_movable([path])
        descriptor = take_lock(lock)
    if descriptor is None:
        raise under_way(shown or path)
    try:
        yield
    finally:
        release_lock(lock, descriptor)


def lock_of(path: Path) -> Path:
    """Return the file that `only_writer` locks to hold a directory."""
    return path.with_name(f".{path.name}.lock")


def under_way(path: Path) -> StorageError:
    """Return the error for an output that another process is writing."""
    return StorageError(
        f"Only one run at a time may write to {path}, but another one is under way. Wait until it has ended, or name "
        "another output."
    )
