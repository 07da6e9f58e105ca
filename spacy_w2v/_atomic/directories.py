"""Directories that appear all at once: written beside their place, then renamed."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import disk_full, sync, unwritable
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
    with unwritable(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = new_directory(target.parent, prefix=f".{target.name}-")
    try:
        with disk_full(path):
            yield staged
        with unwritable(path):
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
        with unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)
            new.mkdir()
        with disk_full(path):
            yield new
        with unwritable(path):
            for written in (*new.iterdir(), new):
                sync(written)
            if path.exists():
                path.rename(old)
            new.rename(path)
            sync(path.parent)
            shutil.rmtree(old, ignore_errors=True)
    finally:
        recover_directory(path)
        shutil.rmtree(new, ignore_errors=True)


def recover_directory(path: Path) -> None:
    """Put back what `replaced_directory` was about to replace when it was interrupted."""
    _, old = _siblings(path)
    with unwritable(path):
        if old.exists() and not path.exists():
            old.rename(path)


def remove_directory(path: Path) -> None:
    """Remove a directory that `replaced_directory` wrote, and all that it may have left beside it."""
    for directory in (path, *_siblings(path)):
        shutil.rmtree(directory, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Raise StorageError if no directory can be made at `path`, whose parents are made."""
    with unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)).rmdir()


def _siblings(path: Path) -> tuple[Path, Path]:
    return path.with_name(f".{path.name}-new"), path.with_name(f".{path.name}-old")


def new_directory(parent: Path, *, prefix: str) -> Path:
    """Make a directory with a name of its own, which others may enter as far as the user's umask lets them."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    umask = os.umask(0)
    os.umask(umask)
    directory.chmod(0o777 & ~umask)  # mkdtemp's own is for one user only
    return directory


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
