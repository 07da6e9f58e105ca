"""One writer at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spacy_w2v._atomic.directories import check_writable
from spacy_w2v._atomic.disk import unwritable
from spacy_w2v.errors import StorageError


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold a directory that `replaced_directory` writes again and again, so that no other process does.

    Ends with the process, however that ends. Raises StorageError if another process holds it, or it cannot be made.
    """
    check_writable(path)  # a file that may not be made looks like one that is held
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    with unwritable(path):
        try:
            lock.acquire()
        except Timeout:
            raise StorageError(
                f"Only one run at a time may write to {path}, but another one is under way. Wait until it has ended, "
                "or name another output."
            ) from None
    try:
        yield
    finally:
        if os.name == "posix":  # elsewhere, an open file cannot be removed
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
