"""What may go wrong with a disk, as errors that name the output; waiting until something is on it; and moving."""

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

if sys.platform != "win32":
    import fcntl

FULL_SYNC: int | None = None if sys.platform == "win32" else getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS, fsync leaves data in the cache of the disk, which this does not."""

IN_USE = {5, 32}
"""Windows' errors for what cannot be moved now: access denied, and a sharing violation."""

WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Between attempts to move what a virus scanner or an indexer holds for a moment."""


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """For the steps that only touch the place of the output: whatever fails there is about the place."""
    with disk_full(path):
        try:
            yield
        except OSError as error:
            if is_full(error):
                raise
            raise StorageError(f"The output must be writable, but {path} is not: {error.strerror}.") from error
        except RuntimeError as error:  # before Python 3.13, Path.resolve raises it for links that go round in circles
            raise StorageError(f"The output must be writable, but {path} is not: {error}.") from error


@contextmanager
def disk_full(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise StorageError(f"The disk must have room for {path}, but is full. Nothing was changed there.") from error


def is_full(error: OSError) -> bool:
    # np.save gives no errno where writing stops short: "24000 requested and 4064 written"
    short = error.errno is None and "requested and" in str(error)
    return short or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_movable(paths: Iterable[Path]) -> None:
    """Raise StorageError if something else is mounted at one of these places, so that nothing can be moved there."""
    for path in paths:
        if os.path.ismount(path):
            raise StorageError(
                f"The output must be a place where files can be replaced, but {path} is a mount point. "
                "Name a directory within it."
            )


def sync(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    if sys.platform == "win32":
        if path.is_dir():  # directories cannot be opened there
            return
        descriptor = os.open(path, os.O_RDWR)  # what is open for reading only cannot be flushed there
    else:
        descriptor = os.open(path, os.O_RDONLY)
    try:
        if not _sync_fully(descriptor):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_fully(descriptor: int) -> bool:
    if sys.platform == "win32" or FULL_SYNC is None:
        return False
    try:
        fcntl.fcntl(descriptor, FULL_SYNC)
    except OSError:  # not a disk of this machine
        return False
    return True


def sync_all(directory: Path) -> None:
    """Wait until a directory and all that is below it are on the disk."""
    for folder, _, names in os.walk(directory):
        for path in (*(Path(folder, name) for name in names), Path(folder)):
            if not path.is_symlink():
                sync(path)


def move(source: Path, target: Path) -> None:
    """Rename a file or directory, with patience where another program of Windows holds it. Raises OSError."""
    for wait_s in (*WAITS_S, None):
        try:
            source.rename(target)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in IN_USE or wait_s is None:
                raise
            time.sleep(wait_s)
        else:
            return


def check_free_space(directory: Path, n_bytes: int, *, shown: Path) -> None:
    """Raise StorageError if the disk of a directory has less room than needed. shown: the path that errors name."""
    free = shutil.disk_usage(directory).free
    if free < n_bytes:
        raise StorageError(
            f"The results need {n_bytes / 1e6:,.1f} MB, but the disk of {shown} has {free / 1e6:,.1f} MB free. "
            f"Make room, or name {worded(python='another directory', command_line='another --output')}."
        )
