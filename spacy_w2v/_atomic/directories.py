"""Directories that appear all at once: written beside or within their place, then moved."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, disk_full, move, sync, sync_all, unwritable
from spacy_w2v._atomic.exchange import WORKSHOP, Workshop
from spacy_w2v._atomic.locks import lock_of
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

OF_DISKS = {"lost+found", "System Volume Information", ".Trashes", ".fseventsd", ".Spotlight-V100"}
"""Entries that the root of an empty file system may have."""


def check_output(path: Path, *, overwrite: bool, made_by_us: str, ours: tuple[str, ...] = ()) -> None:
    """Raise StorageError if `path` cannot become a directory of results.

    An existing one, unless it is empty, is refused without `overwrite`; with it too, unless it holds the file
    `made_by_us`, so that no directory of something else is ever lost. Results that a process was moving there when it
    was killed are moved first. ours: how names of further entries begin that do not count.
    """
    settle(path)
    with unwritable(path):
        if not path.exists():
            return
        if not path.is_dir():
            raise StorageError(f"The output must be a directory, but {path} is a file. Name another.")
        names = {entry.name for entry in path.iterdir()} - {WORKSHOP, *OF_DISKS}
    if all(name.startswith(ours) for name in names):
        return
    if not overwrite:
        raise StorageError(
            f"The output directory must be new or empty, but {path} exists. Name another, or replace it by "
            f"{worded(python='overwrite=True', command_line='--overwrite')}."
        )
    if not (path / made_by_us).exists():
        raise StorageError(
            f"Only earlier results may be overwritten, but {path} has no {made_by_us} and so holds something else. "
            "Name another directory."
        )


@contextmanager
def staged_directory(path: Path, *, replaces: Collection[str] = ()) -> Iterator[Path]:
    """Give a directory to write to, which becomes `path`, or whose entries go there, when the block ends well.

    replaces: names of entries that leave `path` for it; everything else within `path` stays. If the process is killed
    while entries are moved, the next one for the same path moves the rest. No other process may write there at the same
    time. Raises StorageError if there is no room or no right to write, before the block where that can be known.
    """
    with unwritable(path):
        target = path.resolve()  # a link to another disk stays one
        target.parent.mkdir(parents=True, exist_ok=True)
        check_movable(target / name for name in replaces)
        within, beside = _workshops(path, target)
        now, other = (within, beside) if target.exists() else (beside, within)
    other.settle()
    with now.opened(replaces=replaces) as directory:
        yield directory


def settle(path: Path) -> None:
    """Bring to an end what a process that was killed has left of `staged_directory`: move it, or remove it.

    Nothing is done while another process is at it. Raises StorageError.
    """
    with unwritable(path):
        target = path.resolve()
    for workshop in _workshops(path, target):
        workshop.settle()


def _workshops(path: Path, target: Path) -> tuple[Workshop, Workshop]:
    return (
        Workshop(target / WORKSHOP, target, shown=path),
        Workshop(target.parent / f".{target.name}{WORKSHOP}", target, shown=path),  # the root has no name
    )


@contextmanager
def replaced_directory(path: Path) -> Iterator[Path]:
    """Give a directory to write to, which takes the place of `path`, again and again in a run.

    Whenever the process is killed, or the machine fails, `path` or else what `recover_directory` puts there is
    complete. Raises StorageError if there is no room or no right to write.
    """
    new, old, _ = _siblings(path)
    try:
        with unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            for rest in (new, old):
                shutil.rmtree(rest, ignore_errors=True)
            new.mkdir()
        with disk_full(path):
            yield new
        with unwritable(path):
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
    """Put back what `replaced_directory` was about to replace when it was interrupted."""
    _, old, _ = _siblings(path)
    with unwritable(path):
        if old.exists() and not path.exists():
            move(old, path)


def remove_directory(path: Path) -> None:
    """Remove a directory that `replaced_directory` wrote, and all that it may have left beside it.

    It is there as a whole or not at all, also if the process is killed.
    """
    new, old, gone = _siblings(path)
    for rest in (gone, old, new):
        shutil.rmtree(rest, ignore_errors=True)
    if path.exists():
        with unwritable(path):
            move(path, gone)
        shutil.rmtree(gone, ignore_errors=True)


def has_leftovers(path: Path) -> bool:
    """Return whether anything of `replaced_directory`, `remove_directory` or `only_writer` is left beside a directory.

    It may also be in use.
    """
    return any(rest.exists() for rest in (*_siblings(path), lock_of(path)))


def _siblings(path: Path) -> tuple[Path, Path, Path]:
    new, old, gone = (path.with_name(f".{path.name}-{kind}") for kind in ("new", "old", "gone"))
    return new, old, gone


def new_directory(parent: Path, *, prefix: str) -> Path:
    """Make a directory with a name of its own, which others may enter as far as the user's umask lets them."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    umask = os.umask(0)
    os.umask(umask)
    directory.chmod(0o777 & ~umask)  # mkdtemp's own is for one user only
    return directory
