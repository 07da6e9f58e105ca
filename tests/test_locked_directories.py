"""Locked directories: those in use are never removed, and those of killed processes are removed."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

from spacy_w2v._atomic import locked_directory, remove_abandoned

HOLDER = """
import sys, time
from pathlib import Path
from spacy_w2v._atomic import locked_directory
with locked_directory(Path(sys.argv[1]), prefix="unfinished-") as directory:
    (directory / "half").write_text("half")
    print(directory, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Return a process that has locked a directory, and the directory."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, tmp_path / process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_directory_is_removed_after_the_block(tmp_path):
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        assert os.name == "nt" or directory.stat().st_mode & 0o777 == 0o700
        (directory / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_renamed_directory_is_kept(tmp_path):
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        (directory / "file").write_text("x")
        directory.rename(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").read_text() == "x"


def test_a_directory_in_use_is_not_removed(tmp_path, holder):
    _, directory = holder
    with locked_directory(tmp_path, prefix="unfinished-") as own:
        remove_abandoned(tmp_path, prefix="unfinished-")
        assert own.is_dir()
    assert (directory / "half").read_text() == "half"


def test_a_directory_of_a_killed_process_is_removed(tmp_path, holder):
    process, directory = holder
    process.kill()
    process.wait()
    assert directory.is_dir()
    (tmp_path / "other").mkdir()
    remove_abandoned(tmp_path, prefix="unfinished-")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_directory_without_a_lock_is_removed(tmp_path):
    (tmp_path / "unfinished-abc").mkdir()
    (tmp_path / "unfinished-abc" / "tokens.arrow").write_text("half")
    (tmp_path / "unfinished-def.lock").touch()
    remove_abandoned(tmp_path, prefix="unfinished-")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_removed_on_file_systems_without_locks(tmp_path, monkeypatch):
    def unsupported(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("spacy_w2v._atomic.locks._lock", unsupported)
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        remove_abandoned(tmp_path, prefix="unfinished-")
        assert directory.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_parent_is_no_error(tmp_path):
    remove_abandoned(tmp_path / "none", prefix="unfinished-")
    assert list(tmp_path.iterdir()) == []


def test_directories_can_be_created_during_removal(tmp_path):
    """A directory may be removed before it is locked. Then another one is created."""
    ended, failures = threading.Event(), []

    def sweep_always():
        while not ended.is_set():
            remove_abandoned(tmp_path, prefix="unfinished-")

    def make():
        for number in range(150):
            with locked_directory(tmp_path, prefix="unfinished-") as directory:
                try:
                    (directory / "file").write_text(str(number))
                    assert (directory / "file").read_text() == str(number)
                except (OSError, AssertionError) as error:
                    failures.append(error)

    sweepers = [threading.Thread(target=sweep_always) for _ in range(2)]
    makers = [threading.Thread(target=make) for _ in range(3)]
    for thread in (*sweepers, *makers):
        thread.start()
    for thread in makers:
        thread.join()
    ended.set()
    for thread in sweepers:
        thread.join()
    assert failures == []
    remove_abandoned(tmp_path, prefix="unfinished-")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_the_directory_is_created_leaves_nothing(tmp_path, monkeypatch):
    mkdtemp = tempfile.mkdtemp

    def interrupted(**arguments):
        directory = mkdtemp(**arguments)
        signal.raise_signal(signal.SIGINT)
        return directory

    monkeypatch.setattr(tempfile, "mkdtemp", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt), locked_directory(tmp_path, prefix="unfinished-"):
            pytest.fail("the block must not begin")
    finally:
        signal.signal(signal.SIGINT, before)
    assert list(tmp_path.iterdir()) == []
