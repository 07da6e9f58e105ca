"""Disk operations: moving, flushing to the disk, free space, and errors that name the output."""

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
"""The fcntl command of macOS that also flushes the disk's own cache, which fsync does not."""

IN_USE = {5, 32}
"""Errors of Windows for a file that cannot be moved yet: access denied, and sharing violation."""

WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses between attempts to move a file that a virus scanner or indexer has open."""


@contextmanager
def reporting_unwritable(path: Path) -> Iterator[None]:
    """Raise StorageError in place of system errors, in steps that access only the output."""
    with reporting_full_disk(path):
        try:
            yield
        except OSError as error:
            if is_full(error):
                raise
            if (file := next((above for above in path.parents if os.path.isfile(above)), None)) is not None:
                raise StorageError(
                    f"The output must be in a directory, but {file} is a file. Choose another path."
                ) from error
            raise StorageError(f"The output must be writable, but {path} is not: {error.strerror}.") from error
        except RuntimeError as error:  # before Python 3.13, Path.resolve raises it for circular links
            raise StorageError(f"The output must be writable, but {path} is not: {error}.") from error


def without_links(path: Path) -> Path:
    """Return the path that a link leads to, or the path itself if it is not a link.

    Raises:
        OSError: Links lead in a circle. Path.resolve raises nothing for these since Python 3.13.
    """
    target = path.resolve()
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


@contextmanager
def reporting_full_disk(path: Path) -> Iterator[None]:
    """Raise StorageError in place of system errors that mean that the disk is full."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise StorageError(
            f"The disk must have space for {path}, but is full. Nothing was changed there. Free some space."
        ) from error


def is_full(error: OSError) -> bool:
    """Return whether an error means that the disk or the user's quota is full."""
    # np.save sets no errno if it cannot write everything: "24000 requested and 4064 written"
    short = error.errno is None and "requested and" in str(error)
    return short or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_movable(paths: Iterable[Path]) -> None:
    """Raise StorageError if a path is a mount point, which cannot be replaced."""
    for path in paths:
        if os.path.ismount(path):
            raise StorageError(
                f"The output must be replaceable, but {path} is a mount point. Choose a directory within it."
            )


def sync(path: Path) -> None:
    """Flush a file or directory to the disk."""
    if sys.platform == "win32":
        if path.is_dir():  # Windows cannot open directories
            return
        descriptor = os.open(path, os.O_RDWR)  # Windows flushes only files that are open for writing
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
    except OSError:  # for example on a network disk
        return False
    return True


def sync_all(directory: Path) -> None:
    """Flush a directory and everything in it to the disk."""
    for folder, _, names in os.walk(directory):
        for path in (*(Path(folder, name) for name in names), Path(folder)):
            if not path.is_symlink():
                sync(path)


def move(source: Path, target: Path) -> None:
    """Rename a file or directory. On Windows, try again while another program has it open.

    Raises:
        OSError: The file or directory cannot be renamed.
    """
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
    """Raise StorageError if the disk of a directory has too little free space.

    Args:
        directory: The directory.
        n_bytes: The number of bytes that are needed.
        shown: The path to name in the error.
    """
    free = shutil.disk_usage(directory).free
    if free < n_bytes:
        raise StorageError(
            f"The results need {n_bytes / 1e6:,.1f} MB, but the disk of {shown} has {free / 1e6:,.1f} MB free. "
            f"Free some space, or choose {worded(python='another directory', command_line='another --output')}."
        )
