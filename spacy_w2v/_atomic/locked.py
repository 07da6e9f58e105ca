"""Temporary directories that are locked while their process runs; other processes remove abandoned ones."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_w2v._atomic.locks import release_lock, take_lock
from spacy_w2v._system.signals import DelayedSignals

LOCK_SUFFIX = ".lock"
"""The suffix of the lock file. It is beside the directory, so that the directory can be renamed while it is locked."""


@contextmanager
def locked_directory(parent: Path, *, prefix: str) -> Iterator[Path]:
    """Yield a new, locked directory that only this user can access, and remove it when the block ends.

    To keep the directory, the block can rename it. The operating system releases the lock when the process ends, even
    by SIGKILL. The lock is valid across all containers of a machine.

    Args:
        parent: The directory to create it in.
        prefix: The prefix of its name.

    Raises:
        OSError: The directory cannot be created.
    """
    created: tuple[Path, Path, int] | None = None
    try:
        with DelayedSignals():  # otherwise Ctrl-C could leave a directory that nothing removes
            created = _create_locked(parent, prefix)
        yield created[0]
    finally:
        if created is not None:
            directory, lock, descriptor = created
            shutil.rmtree(directory, ignore_errors=True)
            release_lock(lock, descriptor)


def _create_locked(parent: Path, prefix: str) -> tuple[Path, Path, int]:
    """Return a new directory, its lock file, and the descriptor of the lock."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock_of(directory)
        descriptor = take_lock(lock)
        if descriptor is None:  # another process is removing it
            continue
        if directory.is_dir():
            return directory, lock, descriptor
        release_lock(lock, descriptor)  # another process removed it before it was locked


def remove_abandoned(parent: Path, *, prefix: str) -> None:
    """Remove the directories that `locked_directory` created in processes that were killed.

    Directories that cannot be removed are skipped. On file systems without locks nothing is removed, because the
    directories may be in use.

    Args:
        parent: The directory that contains them.
        prefix: The prefix of their names.
    """
    with suppress(OSError):
        names = {path.name.removesuffix(LOCK_SUFFIX) for path in parent.iterdir() if path.name.startswith(prefix)}
        for name in sorted(names):
            with suppress(OSError):
                _remove_if_abandoned(parent / name)


def _remove_if_abandoned(directory: Path) -> None:
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
