"""Staging areas: results are written to a hidden directory on the disk of their target, and then moved to the target.

If the target exists, the staging area is within it. So the target may be a mount point, or in a read-only directory.
Otherwise the staging area is beside the target. It contains:

lock: A file that the writing process has locked, and that it removes at the end.
new: The new results.
journal.json: The names of the entries to add to the target and to remove from it. It is written when all of `new` is
    on the disk.
old: The entries of the target that `new` replaces.

If there is a journal, the results are complete. When a process is killed, the next process for the same target moves
the rest. If there is no journal, it removes the staging area.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._atomic.disk import move, reporting_full_disk, reporting_unwritable, sync, sync_all
from spacy_w2v._atomic.locks import already_running, release_lock, take_lock
from spacy_w2v._atomic.manifests import parse_json
from spacy_w2v._system.signals import DelayedSignals
from spacy_w2v.errors import StorageError

STAGING_NAME = ".spacy-w2v"
MAX_JOURNAL_BYTES = 1 << 20


class Journal(NamedTuple):
    """The names of the entries that are added to a target and removed from it."""

    enter: list[str]
    leave: list[str]


class StagingArea:
    """The hidden directory in which the results for one target are written."""

    def __init__(self, directory: Path, target: Path, *, shown: Path):
        """Set the paths of a staging area.

        Args:
            directory: The directory of the staging area.
            target: The directory to which the results are moved.
            shown: The target as the user named it, for errors.
        """
        self.directory = directory
        self.target = target
        self.shown = shown
        self.new, self.old = directory / "new", directory / "old"
        self.journal = directory / "journal.json"
        self._draft = directory / "draft.json"
        self._lock = directory / "lock"

    @contextmanager
    def opened(self, *, replaces: Collection[str]) -> Iterator[Path]:
        """Yield a directory to write to, and move its entries to the target if the block ends without an error.

        Args:
            replaces: The names of entries to remove from the target.

        Raises:
            StorageError: The results cannot be written or moved.
        """
        with reporting_unwritable(self.shown):
            descriptor = self._acquire()
        if descriptor is None:
            raise already_running(self.shown)
        try:
            self._finish()  # the work of a killed process
            with reporting_unwritable(self.shown):
                self.new.mkdir()
            with reporting_full_disk(self.shown):
                yield self.new
            with DelayedSignals():
                with reporting_unwritable(self.shown):
                    self._write_journal(replaces)
                self._finish()
        finally:
            self._release(descriptor)

    def finish_interrupted(self) -> None:
        """Finish the work of a killed process, unless another process is writing.

        Raises:
            StorageError: The results cannot be moved.
        """
        with reporting_unwritable(self.shown):
            if not self.directory.is_dir():
                return
            descriptor = self._acquire()
        if descriptor is None:
            return
        try:
            self._finish()
        finally:
            self._release(descriptor)

    def _acquire(self) -> int | None:
        """Create the directory and lock it; return the descriptor of the lock, or None if another process has it."""
        while True:
            self.directory.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):  # the process that had the lock has just removed the directory
                return take_lock(self._lock)

    def _release(self, descriptor: int) -> None:
        """Remove incomplete results, and release the lock."""
        if not self.journal.exists():
            self._remove(self.new, self.old, self._draft)
        release_lock(self._lock, descriptor)
        with suppress(OSError):  # it contains results that could not be moved, or another process uses it
            self.directory.rmdir()

    def _write_journal(self, replaces: Collection[str]) -> None:
        sync_all(self.new)
        enter = sorted(path.name for path in self.new.iterdir())
        self._draft.write_text(json.dumps(Journal(enter, sorted({*replaces} - {*enter}))._asdict()), encoding="utf-8")
        sync(self._draft)
        self._draft.replace(self.journal)
        sync(self.directory)

    def _read_journal(self) -> Journal:
        try:
            values = parse_json(self.journal.read_bytes()[:MAX_JOURNAL_BYTES], name=str(self.journal))
            journal = Journal(**values)
            names = [*journal.enter, *journal.leave]
            if any(name in ("", ".", "..", STAGING_NAME) or "/" in name or os.sep in name for name in names):
                raise ValueError("it contains paths outside the target")
        except (ValueError, TypeError, StorageError) as error:
            raise StorageError(
                f"{self.journal} must list the files to move to {self.shown}, but is damaged: {error}. "
                f"Copy the files you need from {self.new} and {self.old}, and remove {self.directory}."
            ) from None
        return journal

    def _finish(self) -> None:
        """Move complete results to the target, and remove everything else."""
        if self.journal.exists():
            journal = self._read_journal()
            with DelayedSignals():
                try:
                    self._exchange(journal)
                except OSError as error:
                    raise StorageError(
                        f"The results are complete, but cannot be moved to {self.shown}: {error.strerror}. They are "
                        f"kept in {self.new}. The next command that writes to {self.shown} tries again. Close programs "
                        "that use the files there."
                    ) from error
                with reporting_unwritable(self.shown):
                    self.journal.unlink()
                    sync(self.directory)
        self._remove(self.new, self.old, self._draft)

    def _exchange(self, journal: Journal) -> None:
        """Move entries to the target. If that fails, move the entries of this call back.

        Raises:
            OSError: An entry cannot be moved.
        """
        if self.new.exists():
            if self.target.exists():
                self.old.mkdir(exist_ok=True)
                moved: list[tuple[Path, Path]] = []
                try:
                    for source, destination in self._moves(journal):
                        move(source, destination)
                        moved.append((source, destination))
                except OSError:
                    for source, destination in reversed(moved):
                        with suppress(OSError):
                            move(destination, source)
                    raise
                sync(self.target)
            else:
                move(self.new, self.target)
                sync(self.target.parent)

    def _moves(self, journal: Journal) -> Iterator[tuple[Path, Path]]:
        """Yield the source and destination of each move that remains to be done."""
        for name in journal.enter:
            if os.path.lexists(self.new / name):
                if os.path.lexists(self.target / name):
                    yield self.target / name, _free_name(self.old / name)
                yield self.new / name, self.target / name
        for name in journal.leave:
            if os.path.lexists(self.target / name) and not os.path.lexists(self.old / name):
                yield self.target / name, self.old / name

    def _remove(self, *paths: Path) -> None:
        for path in paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def _free_name(path: Path) -> Path:
    """Return a path, or the path with a number added if it exists."""
    number = 0
    free = path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
