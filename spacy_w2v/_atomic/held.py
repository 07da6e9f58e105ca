"""Directories of work under way: held by a lock while their process lives, and removed by others once it has ended."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_SUFFIX = ".lock"
"""The lock of a directory is a file beside it, so that the directory can be renamed while it is held."""


@contextmanager
def held_directory(parent: Path, *, prefix: str) -> Iterator[Path]:
    """Make a directory that only this user can enter, and hold it until the end of the block, when it is removed.

    The block may rename it to keep it. The system releases the lock however the process ends, also by SIGKILL, and
    knows it in all containers of a machine. On file systems without locks the directory is not held, and `sweep` leaves
    it alone. Raises OSError if it cannot be made.
    """
    directory, lock = _hold_new(parent, prefix)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        _release(lock)


def sweep(parent: Path, *, prefix: str) -> None:
    """Remove what `held_directory` left where the process was killed. What cannot be removed is left alone."""
    with suppress(OSError):
        names = {path.name.removesuffix(LOCK_SUFFIX) for path in parent.iterdir() if path.name.startswith(prefix)}
        for name in sorted(names):
            lock = _lock_of(parent / name)
            # Timeout, an OSError: it is in use. NotImplementedError and others: there are no locks, so it may be.
            with suppress(OSError, NotImplementedError):
                lock.acquire()
                shutil.rmtree(parent / name, ignore_errors=True)
                _release(lock)


def _hold_new(parent: Path, prefix: str) -> tuple[Path, FileLock]:
    while True:
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock_of(directory)
        try:
            lock.acquire()
        except Timeout:  # it is being swept
            continue
        except (OSError, NotImplementedError):  # there are no locks
            return directory, lock
        if directory.is_dir():
            return directory, lock
        _release(lock)  # it was swept before it was locked


def _lock_of(directory: Path) -> FileLock:
    return FileLock(directory.with_name(directory.name + LOCK_SUFFIX), timeout=0, mode=0o600, thread_local=False)


def _release(lock: FileLock) -> None:
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)  # before the release: who locks it then finds no directory
    with suppress(OSError):
        lock.release()
