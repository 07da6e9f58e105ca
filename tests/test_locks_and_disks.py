"""Locks with several processes, and disks: flushing, moving, mount points."""

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from helpers_cli import files_below, needs_links

from spacy_w2v._atomic import (
    check_output,
    disk,
    exchange,
    exclusive_writer,
    staged_directory,
    staged_file,
    staged_siblings,
)
from spacy_w2v._atomic.locks import release_lock, take_lock
from spacy_w2v.errors import StorageError
from spacy_w2v.training._results import checkpoint_of

# locks

RIVAL = """
import os, sys
from pathlib import Path
from spacy_w2v._atomic.locks import release_lock, take_lock
lock, sign = Path(sys.argv[1]), sys.argv[2]
n_held = n_tried = 0
while n_held < 300:
    n_tried += 1
    descriptor = take_lock(lock)
    if descriptor is None:
        continue
    os.close(os.open(sign, os.O_CREAT | os.O_EXCL))  # fails if another one is between this line and the next one
    os.unlink(sign)
    n_held += 1
    release_lock(lock, descriptor)
"""


def test_only_one_process_has_a_lock(tmp_path):
    command = [sys.executable, "-c", RIVAL, str(tmp_path / "lock"), str(tmp_path / "sign")]
    rivals = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for rival in rivals:
        _, said = rival.communicate(timeout=120)
        assert (rival.returncode, said) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_removed_lock_is_not_taken(tmp_path, monkeypatch):
    """A process has opened the lock of another, which removes it, while a third process creates a new one."""
    from spacy_w2v._atomic import locks

    path = tmp_path / "lock"
    original = locks._lock
    third = []

    def lock(descriptor):
        monkeypatch.setattr(locks, "_lock", original)
        path.unlink()
        third.append(take_lock(path))
        original(descriptor)

    monkeypatch.setattr(locks, "_lock", lock)
    assert take_lock(path) is None
    release_lock(path, third[0])
    assert list(tmp_path.iterdir()) == []


def test_file_systems_without_locks_can_be_written(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("spacy_w2v._atomic.locks._lock", refuse)
    with exclusive_writer(tmp_path / "run"), staged_directory(tmp_path / "out") as directory:
        (directory / "file").write_text("new")
    assert files_below(tmp_path) == {"out": None, "out/file": b"new"}


@pytest.mark.parametrize("staged", [staged_directory, staged_siblings, exclusive_writer])
def test_an_output_has_one_writer(tmp_path, staged):
    with staged(tmp_path / "out"):
        with (
            pytest.raises(
                StorageError, match=r"Only one run at a time may write to .*out, but another one is in progress"
            ),
            staged(tmp_path / "out"),
        ):
            raise AssertionError
        check_output(tmp_path / "out", overwrite=False, marker_file="log")  # does not change the results in progress
    with staged(tmp_path / "out"):
        pass


# flushing


def test_results_are_on_the_disk_before_they_are_moved(tmp_path, monkeypatch):
    done = []
    original_sync, original_move = disk.sync, disk.move
    for module in (disk, exchange):
        monkeypatch.setattr(module, "sync", lambda path: (done.append(("sync", path.name)), original_sync(path)))
    monkeypatch.setattr(exchange, "move", lambda a, b: (done.append(("move", b.name)), original_move(a, b)))
    with staged_directory(tmp_path / "out") as directory:
        (directory / "model").mkdir()
        (directory / "model/vectors").write_text("new")
    assert done == [
        *(("sync", name) for name in ("vectors", "model", "new", "draft.json", ".out.spacy-w2v")),
        ("move", "out"),
        ("sync", tmp_path.name),
        ("sync", ".out.spacy-w2v"),
    ] or sorted(done[:3]) == [("sync", "model"), ("sync", "new"), ("sync", "vectors")]
    assert done.index(("move", "out")) > max(done.index(("sync", name)) for name in ("vectors", "model", "new"))
    assert done.index(("sync", tmp_path.name)) > done.index(("move", "out"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fcntl")
def test_macos_flushes_the_cache_of_the_disk(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    asked, synced = [], []
    monkeypatch.setattr(disk, "FULL_SYNC", 51)
    monkeypatch.setattr(disk.fcntl, "fcntl", lambda descriptor, command: asked.append(command))
    monkeypatch.setattr(os, "fsync", synced.append)
    disk.sync(tmp_path / "file")
    assert (asked, synced) == ([51], [])

    def refuse(descriptor, command):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(disk.fcntl, "fcntl", refuse)
    disk.sync(tmp_path / "file")
    assert len(synced) == 1


# moving


def windows_error(number):
    error = PermissionError(errno.EACCES, "Access is denied")
    error.winerror = number
    return error


@pytest.fixture
def renames(monkeypatch):
    """The errors of the next renames, one each. None means that the rename succeeds."""
    errors = []
    original = disk.Path.rename

    def rename(self, target):
        if errors and (error := errors.pop(0)) is not None:
            raise error
        return original(self, target)

    monkeypatch.setattr(disk.Path, "rename", rename)
    monkeypatch.setattr(disk, "WAITS_S", (0.0, 0.0, 0.0))
    return errors


def test_moving_waits_for_other_programs(tmp_path, renames):
    renames += [windows_error(32), windows_error(5)]
    with staged_directory(tmp_path / "out") as directory:
        (directory / "file").write_text("new")
    assert files_below(tmp_path) == {"out": None, "out/file": b"new"}


@pytest.mark.parametrize("n_before", [0, 1, 2, 3])
def test_results_that_cannot_be_moved_are_kept(tmp_path, renames, n_before):
    (tmp_path / "out").mkdir()
    for name in ("a", "b", "notes"):
        (tmp_path / "out" / name).write_text("old")
    before = files_below(tmp_path)

    def write():
        with staged_directory(tmp_path / "out", replaces={"a", "b"}) as directory:
            for name in ("a", "b"):
                (directory / name).write_text("new")
            renames.extend([None] * n_before + [windows_error(32)] * 4)

    with pytest.raises(StorageError, match=r"complete, but cannot be moved to .*out.* are kept in (.*new). The next"):
        write()
    kept = files_below(tmp_path)
    assert {name: text for name, text in kept.items() if ".spacy-w2v" not in name} == before
    assert kept["out/.spacy-w2v/new/a"] == kept["out/.spacy-w2v/new/b"] == b"new"
    check_output(tmp_path / "out", overwrite=True, marker_file="a")
    assert files_below(tmp_path) == {"out": None, "out/a": b"new", "out/b": b"new", "out/notes": b"old"}


def test_a_damaged_journal_is_reported(tmp_path):
    staging_area = tmp_path / "out/.spacy-w2v"
    (staging_area / "new").mkdir(parents=True)
    for content in ("[", "[]", '{"enter": 1}', json.dumps({"enter": ["../x"], "leave": []})):
        (staging_area / "journal.json").write_text(content)
        with pytest.raises(StorageError, match=r"must list the files to move to .*out, but is damaged"):
            check_output(tmp_path / "out", overwrite=True, marker_file="log")
        assert (staging_area / "new").exists()


# outputs


@contextmanager
def mounted(place):
    """Mount an empty file system, if that is allowed."""
    place.mkdir(exist_ok=True)
    if (
        not shutil.which("mount")
        or subprocess.run(["mount", "-t", "tmpfs", "none", place], capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_mount_point_can_be_the_output(tmp_path):
    with mounted(tmp_path / "out") as out:
        (out / "lost+found").mkdir()
        check_output(out, overwrite=False, marker_file="log")
        for content in ("1", "2"):
            with staged_directory(out, replaces={"log"}) as directory:
                (directory / "log").write_text(content)
            assert files_below(out) == {"lost+found": None, "log": content.encode()}
            check_output(out, overwrite=True, marker_file="log")
        assert files_below(tmp_path) == {"out": None, "out/lost+found": None, "out/log": b"2"}


def test_a_mount_point_that_would_be_replaced_is_refused_first(tmp_path):
    with mounted(tmp_path / "place") as place:
        for staged in (staged_directory(tmp_path, replaces={"place"}), exclusive_writer(place)):
            with pytest.raises(StorageError, match=r"must be replaceable, but .*place is a mount point"), staged:
                raise AssertionError


def test_a_file_that_is_a_mount_point_is_refused_first(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    with pytest.raises(StorageError, match="is a mount point"), staged_file(tmp_path / "file"):
        raise AssertionError


def test_a_directory_in_a_read_only_directory_can_be_the_output(tmp_path):
    with mounted(tmp_path / "fixed") as fixed:
        (fixed / "out").mkdir()
        with mounted(fixed / "out") as out:
            subprocess.run(["mount", "-o", "remount,ro", fixed], check=True)
            check_output(out, overwrite=False, marker_file="log")
            with staged_directory(out, replaces={"log"}) as directory:
                (directory / "log").write_text("new")
            assert files_below(out) == {"log": b"new"}


@needs_links
def test_circular_links_are_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises(StorageError, match=r"writable, but .*out is not"), staged_directory(tmp_path / "out"):
        raise AssertionError


@needs_links
def test_a_checkpoint_beside_circular_links_is_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises(StorageError, match=r"writable, but .*out is not"):
        checkpoint_of(tmp_path / "out")


def test_locking_a_directory_creates_only_the_lock(tmp_path, monkeypatch):
    """A process that is killed would never remove any other file."""
    made, mkdir = [], os.mkdir

    def recorded(path, *arguments, **settings):
        mkdir(path, *arguments, **settings)
        made.append(path)

    monkeypatch.setattr(os, "mkdir", recorded)
    with exclusive_writer(tmp_path / "run"):
        assert [path.name for path in tmp_path.iterdir()] == [".run.lock"]
    assert not any(tmp_path.iterdir())
    assert made == []
