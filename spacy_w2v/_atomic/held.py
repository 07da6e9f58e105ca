"""Directories of work under way: held by a lock while their process lives, and removed by others once it has ended."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_w2v._atomic.locks import release_lock, take_lock

LOCK_SUFFIX = ".lock"
"""The lock of a directory is a file beside it, so that the directory can be renamed while it is held."""


@contextmanager
def held_directory(parent: Path, *, prefix: str) -> Iterator[Path]:
    """Make a directory that only this user can enter, and hold it until the end of the block, when it is removed.

    The block may rename it to keep it. The system releases the lock however the process ends, also by SIGKILL, and
    knows it in all containers of a machine. Raises OSError if it cannot be made.
    """
    while True:
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock_of(directory)
        descriptor = take_lock(lock)
        if descriptor is None:  # it is being swept
            continue
        if directory.is_dir():
            break
        release_lock(lock, descriptor)  # it was swept before it was locked
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        release_lock(lock, descriptor)


def sweep(parent: Path, *, prefix: str) -> None:
    """Remove what `held_directory` left where the process was killed. What cannot be removed is left alone.

    So is everything on file systems without locks, since it may be in use.
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
        else:  # there are no locks
            release_lock(lock, second)
    finally:
        release_lock(lock, descriptor)


def _lock_of(directory: Path) -> Path:
    return directory.with_name(directory.name + LOCK_SUFFIX)
