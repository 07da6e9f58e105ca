"""Results are written to a workshop, a hidden directory on the disk of their place, and then moved to it.

A workshop lies within the target where that exists, so that it may be a mount point, empty or not, or stand in a
directory that cannot be written; else it lies beside the target. Within it are

lock: held by the process at work, and removed by it.
new: what is being written.
journal.json: there once all of `new` is on the disk: names of entries that enter the target, and of others that leave.
old: what `new` replaces in the target.

With the journal, the results count as complete. Whatever moment the process is killed at, the next one for the same
target moves what is left to be moved; without a journal, it removes the workshop.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._atomic.disk import disk_full, move, sync, sync_all, unwritable
from spacy_w2v._atomic.locks import release_lock, take_lock, under_way
from spacy_w2v._atomic.manifests import parse_json
from spacy_w2v._system.signals import HeldSignals
from spacy_w2v.errors import StorageError

WORKSHOP = ".spacy-w2v"
MAX_JOURNAL_BYTES = 1 << 20


class Journal(NamedTuple):
    """What an exchange changes in its target, by names."""

    enter: list[str]
    leave: list[str]


class Workshop:
    """Where the results for one target are made."""

    def __init__(self, directory: Path, target: Path, *, shown: Path):
        """directory: of the workshop. target: where the results go. shown: as the user named that, for errors."""
        self.directory = directory
        self.target = target
        self.shown = shown
        self.new, self.old = directory / "new", directory / "old"
        self.journal = directory / "journal.json"
        self._draft = directory / "draft.json"
        self._lock = directory / "lock"

    @contextmanager
    def opened(self, *, replaces: Collection[str]) -> Iterator[Path]:
        """Give a directory to write to, whose entries are moved to the target when the block ends without an error.

        replaces: names of entries that leave the target for it. Raises StorageError.
        """
        with unwritable(self.shown):
            descriptor = self._hold()
        if descriptor is None:
            raise under_way(self.shown)
        try:
            self._finish()  # what a process that was killed has left
            with unwritable(self.shown):
                self.new.mkdir()
            with disk_full(self.shown):
                yield self.new
            with HeldSignals():
                with unwritable(self.shown):
                    self._write_journal(replaces)
                self._finish()
        finally:
            self._leave(descriptor)

    def settle(self) -> None:
        """Bring to an end what a process that was killed has left, if no other is at it. Raises StorageError."""
        with unwritable(self.shown):
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
        """Remove what is not complete, and let others in."""
        if not self.journal.exists():
            self._remove(self.new, self.old, self._draft)
        release_lock(self._lock, descriptor)
        with suppress(OSError):  # it keeps results that could not be moved, or another process has come
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
            if any(name in ("", ".", "..", WORKSHOP) or "/" in name or os.sep in name for name in names):
                raise ValueError("names of other places")
        except (ValueError, TypeError, StorageError) as error:
            raise StorageError(
                f"{self.journal} must name what is to be moved to {self.shown}, but is damaged: {error}. "
                f"Take what you need from {self.new} and {self.old}, and remove {self.directory}."
            ) from None
        return journal

    def _finish(self) -> None:
        """Move what is complete to its place, if it is; remove everything else."""
        if self.journal.exists():
            journal = self._read_journal()
            with HeldSignals():
                try:
                    self._exchange(journal)
                except OSError as error:
                    raise StorageError(
                        f"The results are complete, but cannot be moved to {self.shown}: {error.strerror}. They are "
                        f"kept in {self.new}, and the next command that writes to {self.shown} tries again. Close "
                        "programs that use the files there."
                    ) from error
                with unwritable(self.shown):
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
        """Give the moves that are left to be made."""
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
    """Return a path, or another one beside it where that is taken."""
    number = 0
    free = path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
