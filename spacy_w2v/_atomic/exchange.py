"""Results are written to a workshop, a hidden directory on the disk of their target, and then moved to the target.

If the target exists, the workshop is within it, so the target may be a mount point, or in a directory that cannot be
written. Otherwise it is beside the target. A workshop has

lock: a file that is locked by the process that works there, which also removes it.
new: what is being written.
journal.json: written when all of `new` is on the disk. It has the names of entries that enter or leave the target.
old: what `new` replaces in the target.

With a journal, the results are complete. If the process is killed, at whatever moment, the next one for the same target
moves the rest. Without a journal, it removes the workshop.
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
    """The names of entries that enter and leave a target."""

    enter: list[str]
    leave: list[str]


class StagingArea:
    """The hidden directory in which the results for one target are made."""

    def __init__(self, directory: Path, target: Path, *, shown: Path):
        """Name the files of a workshop.

        Args:
            directory: The directory of the workshop.
            target: Where the results are moved.
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
        """Yield a directory to write to, whose entries are moved to the target if the block ends without an error.

        Args:
            replaces: Names of entries that are removed from the target.

        Raises:
            StorageError: The results cannot be written or moved.
        """
        with reporting_unwritable(self.shown):
            descriptor = self._hold()
        if descriptor is None:
            raise already_running(self.shown)
        try:
            self._finish()  # what a killed process has left
            with reporting_unwritable(self.shown):
                self.new.mkdir()
            with reporting_full_disk(self.shown):
                yield self.new
            with DelayedSignals():
                with reporting_unwritable(self.shown):
                    self._write_journal(replaces)
                self._finish()
        finally:
            self._leave(descriptor)

    def finish_interrupted(self) -> None:
        """Finish what a killed process has left, unless another one is working there. Raises StorageError."""
        with reporting_unwritable(self.shown):
            if not self.directory.is_dir():
                return
            descriptor = self._hold()
        if descriptor is None:
            return
        try:
            self._finish()
        finally:
            self._leave(descriptor)

    def _hold(self) -> int | None:
        while True:
            self.directory.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):  # removed meanwhile by the process that held it
                return take_lock(self._lock)

    def _leave(self, descriptor: int) -> None:
        """Remove what is incomplete, and release the lock."""
        if not self.journal.exists():
            self._remove(self.new, self.old, self._draft)
        release_lock(self._lock, descriptor)
        with suppress(OSError):  # it has results that could not be moved, or another process uses it
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
                raise ValueError("it names other places")
        except (ValueError, TypeError, StorageError) as error:
            raise StorageError(
                f"{self.journal} must name what is moved to {self.shown}, but is damaged: {error}. "
                f"Take what you need from {self.new} and {self.old}, and remove {self.directory}."
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
                        f"kept in {self.new}, and the next command that writes to {self.shown} tries again. Close "
                        "programs that use the files there."
                    ) from error
                with reporting_unwritable(self.shown):
                    self.journal.unlink()
                    sync(self.directory)
        self._remove(self.new, self.old, self._draft)

    def _exchange(self, journal: Journal) -> None:
        """Move entries; if that fails, move back those of this call. Raises OSError."""
        if self.new.exists():
            if self.target.exists():
                self.old.mkdir(exist_ok=True)
                moved: list[tuple[Path, Path]] = []
                try:
                    for source, place in self._moves(journal):
                        move(source, place)
                        moved.append((source, place))
                except OSError:
                    for source, place in reversed(moved):
                        with suppress(OSError):
                            move(place, source)
                    raise
                sync(self.target)
            else:
                move(self.new, self.target)
                sync(self.target.parent)

    def _moves(self, journal: Journal) -> Iterator[tuple[Path, Path]]:
        """Yield the moves that are not made yet."""
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
    """Return a path, or a similar one beside it if it exists."""
    number = 0
    free = path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
