"""Directories of work under way: nobody removes one in use, and what a killed process leaves is removed."""

import errno
import os
import subprocess
import sys
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
    """Return a process that holds a directory, and the directory."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, tmp_path / process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_directory_is_gone_after_the_block(tmp_path):
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        assert os.name == "nt" or directory.stat().st_mode & 0o777 == 0o700
        (directory / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_is_renamed_stays(tmp_path):
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        (directory / "file").write_text("x")
        directory.rename(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").read_text() == "x"


def test_a_directory_in_use_is_not_swept(tmp_path, holder):
    _, directory = holder
    with locked_directory(tmp_path, prefix="unfinished-") as own:
        remove_abandoned(tmp_path, prefix="unfinished-")
        assert own.is_dir()
    assert (directory / "half").read_text() == "half"


def test_what_a_killed_process_leaves_is_swept(tmp_path, holder):
    process, directory = holder
    process.kill()
    process.wait()
    assert directory.is_dir()
    (tmp_path / "other").mkdir()
    remove_abandoned(tmp_path, prefix="unfinished-")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_what_was_made_before_there_were_locks_is_swept(tmp_path):
    (tmp_path / "unfinished-abc").mkdir()
    (tmp_path / "unfinished-abc" / "tokens.arrow").write_text("half")
    (tmp_path / "unfinished-def.lock").touch()
    remove_abandoned(tmp_path, prefix="unfinished-")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_swept_where_there_are_no_locks(tmp_path, monkeypatch):
    def unsupported(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("spacy_w2v._atomic.locks._lock", unsupported)
    with locked_directory(tmp_path, prefix="unfinished-") as directory:
        remove_abandoned(tmp_path, prefix="unfinished-")
        assert directory.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_place_has_nothing_to_sweep(tmp_path):
    remove_abandoned(tmp_path / "none", prefix="unfinished-")
    assert list(tmp_path.iterdir()) == []


def test_sweeping_while_directories_are_made(tmp_path):
    """A directory between its making and its lock may be swept; then another is made."""
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
