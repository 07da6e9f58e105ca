"""Directories that appear as a whole: they are written beside or within their place, and then moved."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, move, reporting_full_disk, reporting_unwritable, sync, sync_all
from spacy_w2v._atomic.exchange import STAGING_NAME, StagingArea
from spacy_w2v._atomic.locks import lock_of
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

OF_DISKS = {"lost+found", "System Volume Information", ".Trashes", ".fseventsd", ".Spotlight-V100"}
"""Entries that may be in the root of an empty file system."""


def check_output(path: Path, *, overwrite: bool, marker_file: str, allowed_prefixes: tuple[str, ...] = ()) -> None:
    """Check that `path` can become a directory of results.

    If a process was killed while it moved results there, they are moved first.

    Args:
        path: The directory, which may exist if it is empty.
        overwrite: Whether it may have results that are replaced.
        marker_file: A file that all results have. A directory without it is never overwritten.
        allowed_prefixes: Beginnings of names of entries that may be there in any case.

    Raises:
        StorageError: The path cannot become a directory of results.
    """
    finish_interrupted(path)
    with reporting_unwritable(path):
        if not path.exists():
            return
        if not path.is_dir():
            raise StorageError(f"The output must be a directory, but {path} is a file. Name another one.")
        names = {entry.name for entry in path.iterdir()} - {STAGING_NAME, *OF_DISKS}
    if all(name.startswith(allowed_prefixes) for name in names):
        return
    if not overwrite:
        raise StorageError(
            f"The output directory must be new or empty, but {path} exists. Name another one, or replace it with "
            f"{worded(python='overwrite=True', command_line='--overwrite')}."
        )
    if not (path / marker_file).exists():
        raise StorageError(
            f"Only earlier results may be overwritten, but {path} has no {marker_file}, so it is something else. "
            "Name another directory."
        )


@contextmanager
def staged_directory(path: Path, *, replaces: Collection[str] = ()) -> Iterator[Path]:
    """Yield a directory to write to, which becomes `path`, or whose entries are moved there, after the block.

    If the block raises an error, nothing is moved. If the process is killed while entries are moved, the next process
    for the same path moves the rest.

    Args:
        path: The directory of the results.
        replaces: Names of entries that are removed from `path`. All others stay.

    Raises:
        StorageError: There is no space or no permission to write, or another process is writing there. It is raised
            before the block if possible.
    """
    with reporting_unwritable(path):
        target = path.resolve()  # a link to another disk stays a link
        target.parent.mkdir(parents=True, exist_ok=True)
        check_movable(target / name for name in replaces)
        within, beside = _staging_areas(path, target)
        now, other = (within, beside) if target.exists() else (beside, within)
    other.finish_interrupted()
    with now.opened(replaces=replaces) as directory:
        yield directory


def finish_interrupted(path: Path) -> None:
    """Finish what a killed process has left of `staged_directory`: move its results, or remove them if incomplete.

    Nothing is done while another process is writing there.

    Raises:
        StorageError: The results cannot be moved.
    """
    with reporting_unwritable(path):
        target = path.resolve()
    for area in _staging_areas(path, target):
        area.finish_interrupted()


def _staging_areas(path: Path, target: Path) -> tuple[StagingArea, StagingArea]:
    beside = target.parent / f".{target.name}{STAGING_NAME}"  # the root directory has no name
    return StagingArea(target / STAGING_NAME, target, shown=path), StagingArea(beside, target, shown=path)


@contextmanager
def replaced_directory(path: Path) -> Iterator[Path]:
    """Yield a directory to write to, which replaces `path`; for directories that a run writes repeatedly.

    Whenever the process is killed, or the machine fails, `path` is complete, or `recover_directory` makes it so.

    Raises:
        StorageError: There is no space or no permission to write.
    """
    new, old, _ = _siblings(path)
    try:
        with reporting_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)
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
    """Restore what `replaced_directory` was about to replace when it was interrupted."""
    _, old, _ = _siblings(path)
    with reporting_unwritable(path):
        if old.exists() and not path.exists():
            move(old, path)


def remove_directory(path: Path) -> None:
    """Remove a directory that `replaced_directory` wrote, with all that it may have left beside it.

    Even if the process is killed, the directory is either complete or gone.
    """
    new, old, gone = _siblings(path)
    for rest in (gone, old, new):
        shutil.rmtree(rest, ignore_errors=True)
    if path.exists():
        with reporting_unwritable(path):
            move(path, gone)
        shutil.rmtree(gone, ignore_errors=True)


def has_leftovers(path: Path) -> bool:
    """Return whether files of `replaced_directory`, `remove_directory` or `exclusive_writer` are beside a directory.

    They may also be in use.
    """
    return any(rest.exists() for rest in (*_siblings(path), lock_of(path)))


def _siblings(path: Path) -> tuple[Path, Path, Path]:
    new, old, gone = (path.with_name(f".{path.name}-{kind}") for kind in ("new", "old", "gone"))
    return new, old, gone


def new_directory(parent: Path, *, prefix: str) -> Path:
    """Make a directory with a unique name and the permissions of the user's umask."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    umask = os.umask(0)
    os.umask(umask)
    directory.chmod(0o777 & ~umask)  # those of mkdtemp are for one user only
    return directory
