"""Results appear all at once: written to a directory beside their place, then renamed."""

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spacy_w2v.errors import StorageError


def check_output(path: Path, *, overwrite: bool, made_by_us: str) -> None:
    """Raise StorageError if `path` cannot become a directory of results.

    An existing one, unless it is empty, is refused without `overwrite`; with it too, unless it holds the file
    `made_by_us`, so that no directory of something else is ever lost.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise StorageError(f"The output must be a directory, but {path} is a file. Name another.")
    if not any(path.iterdir()):
        return
    if not overwrite:
        raise StorageError(
            f"The output directory must be new or empty, but {path} exists. Name another, or replace it by --overwrite."
        )
    if not (path / made_by_us).exists():
        raise StorageError(
            f"Only earlier results may be overwritten, but {path} has no {made_by_us} and so holds something else. "
            "Name another directory."
        )


@contextmanager
def staged_directory(path: Path, *, replaces: Collection[str] | None = None) -> Iterator[Path]:
    """Give a directory to write to, which takes the place of `path` when the block ends without an error.

    What stood at `path` goes only then. replaces: names of what goes, everything else within `path` stays; None for
    all. Raises StorageError if there is no room or no right to write.
    """
    target = path.resolve()  # a link to another disk stays one
    with _unwritable(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = new_directory(target.parent, prefix=f".{target.name}-")
    try:
        with _disk_full(path):
            yield staged
        with _unwritable(path):
            _replace(staged, target, replaces)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


@contextmanager
def replaced_directory(path: Path) -> Iterator[Path]:
    """Give a directory to write to, which takes the place of `path`, again and again in a run.

    Whenever the process is killed, or the machine fails, `path` or else what `recover_directory` puts there is
    complete. Raises StorageError if there is no room or no right to write.
    """
    new, old = _siblings(path)
    try:
        with _unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)
            new.mkdir()
        with _disk_full(path):
            yield new
        with _unwritable(path):
            for written in (*new.iterdir(), new):
                _sync(written)
            if path.exists():
                path.rename(old)
            new.rename(path)
            _sync(path.parent)
            shutil.rmtree(old, ignore_errors=True)
    finally:
        recover_directory(path)
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold a directory that `replaced_directory` writes again and again, so that no other process does.

    Ends with the process, however that ends. Raises StorageError if another process holds it, or it cannot be made.
    """
    check_writable(path)  # a file that may not be made looks like one that is held
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    with _unwritable(path):
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


def recover_directory(path: Path) -> None:
    """Put back what `replaced_directory` was about to replace when it was interrupted."""
    _, old = _siblings(path)
    with _unwritable(path):
        if old.exists() and not path.exists():
            old.rename(path)


def remove_directory(path: Path) -> None:
    """Remove a directory that `replaced_directory` wrote, and all that it may have left beside it."""
    for directory in (path, *_siblings(path)):
        shutil.rmtree(directory, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Raise StorageError if no directory can be made at `path`, whose parents are made."""
    with _unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)).rmdir()


def _siblings(path: Path) -> tuple[Path, Path]:
    return path.with_name(f".{path.name}-new"), path.with_name(f".{path.name}-old")


def _sync(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    if os.name != "posix":  # elsewhere, directories cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_directory(parent: Path, *, prefix: str) -> Path:
    """Make a directory with a name of its own, which others may enter as far as the user's umask lets them."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    umask = os.umask(0)
    os.umask(umask)
    directory.chmod(0o777 & ~umask)  # mkdtemp's own is for one user only
    return directory


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Give a file name to write to, which takes the place of `path` when the block ends without an error."""
    with staged_siblings(path) as directory:
        yield directory / path.name


@contextmanager
def staged_siblings(path: Path) -> Iterator[Path]:
    """Give a directory; all files that are written to it move beside `path` when the block ends without an error."""
    with _unwritable(path):
        if path.is_dir():
            raise StorageError(f"The output must be a file, but {path} is a directory. Name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        with _disk_full(path):
            yield staged
        with _unwritable(path):
            for file in sorted(staged.iterdir()):
                file.replace(path.parent / file.name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_free_space(directory: Path, n_bytes: int) -> None:
    """Raise StorageError if the disk of a directory has less room than needed."""
    free = shutil.disk_usage(directory).free
    if free < n_bytes:
        raise StorageError(
            f"The results need {n_bytes / 1e6:,.0f} MB, but the disk of {directory} has {free / 1e6:,.0f} MB free. "
            "Make room, or name another --output."
        )


def _replace(staged: Path, path: Path, replaces: Collection[str] | None) -> None:
    if not path.exists():
        staged.rename(path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent)) / path.name
    path.rename(old)
    try:
        staged.rename(path)
    except OSError:
        old.rename(path)
        old.parent.rmdir()
        raise
    if replaces is not None:
        for entry in old.iterdir():
            if entry.name not in replaces:
                entry.rename(path / entry.name)
    shutil.rmtree(old.parent, ignore_errors=True)


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    """For the steps that only touch the place of the output: whatever fails there is about the place."""
    with _disk_full(path):
        try:
            yield
        except OSError as error:
            if _is_full(error):
                raise
            raise StorageError(f"The output must be writable, but {path} is not: {error.strerror}.") from error


@contextmanager
def _disk_full(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not _is_full(error):
            raise
        raise StorageError(f"The disk must have room for {path}, but is full. Nothing was changed there.") from error


def _is_full(error: OSError) -> bool:
    # np.save gives no errno where writing stops short: "24000 requested and 4064 written"
    short = error.errno is None and "requested and" in str(error)
    return short or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
