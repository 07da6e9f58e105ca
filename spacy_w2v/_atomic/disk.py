"""What may go wrong with a disk, as errors that name the output; and waiting until something is on it."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v.errors import StorageError


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


def sync(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    if os.name != "posix":  # elsewhere, directories cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_free_space(directory: Path, n_bytes: int) -> None:
    """Raise StorageError if the disk of a directory has less room than needed."""
    free = shutil.disk_usage(directory).free
    if free < n_bytes:
        raise StorageError(
            f"The results need {n_bytes / 1e6:,.0f} MB, but the disk of {directory} has {free / 1e6:,.0f} MB free. "
            "Make room, or name another --output."
        )
