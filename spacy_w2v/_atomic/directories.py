"""Atomic writing of directories: they are written beside or within the output, and then moved to it."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import (
    check_movable,
    move,
    reporting_full_disk,
    reporting_unwritable,
    sync,
    sync_all,
    without_links,
)
from spacy_w2v._atomic.exchange import STAGING_NAME, StagingArea
from spacy_w2v._atomic.locks import lock_of
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

OF_DISKS = {"lost+found", "System Volume Information", ".Trashes", ".fseventsd", ".Spotlight-V100"}
"""Entries that may be in the root of an empty file system."""


def check_output(
    path: Path, *, overwrite: bool | None, marker_file: str, allowed_prefixes: tuple[str, ...] = ()
) -> None:
    """Check that results can be written to a directory.

    If a process was killed while it moved results there, this function first moves the rest.

    Args:
        path: The directory. It may be new or empty.
        overwrite: Whether the directory may contain earlier results, which will be replaced. None if the caller has no
            option for that, so that no error names one.
        marker_file: The name of a file that all results have. A directory without it is never overwritten.
        allowed_prefixes: Prefixes of the names of entries that the directory may contain in any case.

    Raises:
        StorageError: Results cannot be written to the directory.
    """
    finish_interrupted(path)
    with reporting_unwritable(path):
        if not path.exists():
            return
        if not path.is_dir():
            raise StorageError(f"The output must be a directory, but {path} is a file. Choose another path.")
        names = {entry.name for entry in path.iterdir()} - {STAGING_NAME, *OF_DISKS}
    if all(name.startswith(allowed_prefixes) for name in names):
        return
    if not overwrite:
        replaces = f"replace it with {worded(python='overwrite=True', command_line='--overwrite')}"
        raise StorageError(
            f"The output directory must be new or empty, but {path} exists. Choose another one, or "
            f"{'delete it first' if overwrite is None else replaces}."
        )
    if not (path / marker_file).exists():
        raise StorageError(
            f"Only earlier results may be overwritten, but {path} has no {marker_file}, so it contains something else. "
            "Choose another directory."
        )


@contextmanager
def staged_directory(path: Path, *, replaces: Collection[str] = ()) -> Iterator[Path]:
    """Yield a new directory for results, and move its entries to `path` when the block ends.

    If the block raises an error, nothing is moved. If the process is killed while it moves entries, the next process
    that writes to the same path moves the rest.

    Args:
        path: The directory of the results.
        replaces: The names of entries to remove from `path`. Other entries are kept.

    Yields:
        The directory to write to.

    Raises:
        StorageError: The disk is full, `path` is not writable, or another process is writing there. The error is raised
            before the block if possible.
    """
    with reporting_unwritable(path):
        target = without_links(path)  # a link to another disk is kept
        target.parent.mkdir(parents=True, exist_ok=True)
        check_movable(target / name for name in replaces)
        within, beside = _staging_areas(path, target)
        current, other = (within, beside) if target.exists() else (beside, within)
    other.finish_interrupted()
    with current.opened(replaces=replaces) as directory:
        yield directory


def finish_interrupted(path: Path) -> None:
    """Finish a `staged_directory` of a killed process: move its results, or remove them if they are incomplete.

    The function does nothing while another process is writing there.

    Raises:
        StorageError: The results cannot be moved.
    """
    with reporting_unwritable(path):
        target = without_links(path)
    for area in _staging_areas(path, target):
        area.finish_interrupted()


def _staging_areas(path: Path, target: Path) -> tuple[StagingArea, StagingArea]:
    beside = target.parent / f".{target.name}{STAGING_NAME}"  # the root directory has no name
    return StagingArea(target / STAGING_NAME, target, shown=path), StagingArea(beside, target, shown=path)


@contextmanager
def replaced_directory(path: Path) -> Iterator[Path]:
    """Yield a new directory, which replaces `path` when the block ends. For directories that are written repeatedly.

    If the process is killed or the machine fails, `path` is complete, or `recover_directory` restores it.

    Raises:
        StorageError: The disk is full, or `path` is not writable.
    """
    new, old, _ = _siblings(path)
    try:
        with reporting_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)
            new.mkdir()
        with reporting_full_disk(path):
            yield new
        with reporting_unwritable(path):
            sync_all(new)
            if path.exists():
                move(path, old)
            move(new, path)
            sync(path.parent)
            shutil.rmtree(old, ignore_errors=True)
    finally:
        recover_directory(path)
        shutil.rmtree(new, ignore_errors=True)


def recover_directory(path: Path) -> None:
    """Restore a directory that an interrupted `replaced_directory` had moved away."""
    _, old, _ = _siblings(path)
    with reporting_unwritable(path):
        if old.exists() and not path.exists():
            move(old, path)


def remove_directory(path: Path) -> None:
    """Remove a directory that `replaced_directory` wrote, and any leftovers beside it.

    Even if the process is killed, the directory is either complete or removed.
    """
    new, old, removed = _siblings(path)
    for leftover in (removed, old, new):
        shutil.rmtree(leftover, ignore_errors=True)
    if path.exists():
        with reporting_unwritable(path):
            move(path, removed)
        shutil.rmtree(removed, ignore_errors=True)


def has_leftovers(path: Path) -> bool:
    """Return whether temporary files of `replaced_directory`, `remove_directory` or `exclusive_writer` exist.

    Another process may be using them.
    """
    return any(leftover.exists() for leftover in (*_siblings(path), lock_of(path)))


def _siblings(path: Path) -> tuple[Path, Path, Path]:
    new, old, removed = (path.with_name(f".{path.name}-{suffix}") for suffix in ("new", "old", "gone"))
    return new, old, removed


def new_directory(parent: Path, *, prefix: str) -> Path:
    """Make a directory with a unique name and the permissions of the user's umask."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    umask = os.umask(0)
    os.umask(umask)
    directory.chmod(0o777 & ~umask)  # mkdtemp gives permissions to one user only
    return directory
