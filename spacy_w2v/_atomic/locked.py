"""Directories for work in progress: locked while their process lives, and removed by others after it has ended."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_w2v._atomic.locks import release_lock, take_lock

LOCK_SUFFIX = ".lock"
"""The lock of a directory is a file beside it, so that the directory can be renamed while it is locked."""


@contextmanager
def locked_directory(parent: Path, *, prefix: str) -> Iterator[Path]:
    """Make a directory that only this user can enter, and lock it; it is removed after the block.

    The block may rename the directory to keep it. The system releases the lock however the process ends, even by
    SIGKILL, and in all containers of a machine.

    Raises:
        OSError: The directory cannot be made.
    """
    while True:
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock_of(directory)
        descriptor = take_lock(lock)
        if descriptor is None:  # another process is removing it
            continue
        if directory.is_dir():
            break
        release_lock(lock, descriptor)  # another process removed it before it was locked
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        release_lock(lock, descriptor)


def remove_abandoned(parent: Path, *, prefix: str) -> None:
    """Remove the directories of `locked_directory` whose process was killed.

    What cannot be removed is left alone. So is everything on file systems without locks, since it may be in use.

    Args:
        parent: The directory that they are in.
        prefix: The beginning of their names.
    """
    with suppress(OSError):
        names = {path.name.removesuffix(LOCK_SUFFIX) for path in parent.iterdir() if path.name.startswith(prefix)}
        for name in sorted(names):
            with suppress(OSError):
                _sweep_one(parent / name)


def _sweep_one(directory: Path) -> None:
    lock = _lock_of(directory)
    descriptor = take_lock(lock)
    if descriptor is None:
        return
    try:
        second = take_lock(lock)
        if second is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:  # the file system has no locks
            release_lock(lock, second)
    finally:
        release_lock(lock, descriptor)


def _lock_of(directory: Path) -> Path:
    return directory.with_name(directory.name + LOCK_SUFFIX)
