"""Atomic writing: results appear completely or not at all."""

import os
from pathlib import Path

import pytest
from helpers_cli import files_below, needs_links, needs_modes, needs_proc

from spacy_w2v._atomic import (
    check_free_space,
    check_output,
    recover_directory,
    remove_directory,
    replaced_directory,
    staged_directory,
    staged_file,
    staged_siblings,
)
from spacy_w2v.errors import StorageError


class SomeError(Exception):
    """Any error of a writer."""


def test_a_directory_appears_when_it_is_complete(tmp_path):
    with staged_directory(tmp_path / "a/b") as staged:
        (staged / "file").write_text("new")
        assert not (tmp_path / "a/b").exists()
    assert files_below(tmp_path) == {"a": None, "a/b": None, "a/b/file": b"new"}


def test_a_directory_replaces_another(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("old")
    with staged_directory(tmp_path / "out", replaces={"old"}) as staged:
        (staged / "file").write_text("new")
        assert (tmp_path / "out/old").read_text() == "old"
    assert files_below(tmp_path) == {"out": None, "out/file": b"new"}


def test_other_files_are_kept(tmp_path):
    (tmp_path / "out/model-best").mkdir(parents=True)
    (tmp_path / "out/model-best/meta.json").write_text("of spaCy")
    for name in ("log", "spacy", "notes"):
        (tmp_path / "out" / name).write_text("old")
    with staged_directory(tmp_path / "out", replaces={"log", "spacy"}) as staged:
        (staged / "log").write_text("new")
    expected = {"out/model-best": None, "out/model-best/meta.json": b"of spaCy", "out/log": b"new", "out/notes": b"old"}
    assert files_below(tmp_path) == {"out": None, **expected}


@pytest.mark.parametrize("error", [SomeError, KeyboardInterrupt])
@pytest.mark.parametrize("staged", [staged_directory, staged_file, staged_siblings])
def test_an_error_changes_nothing(tmp_path, staged, error):
    if staged is staged_directory:
        (tmp_path / "out").mkdir()
        (tmp_path / "out/old").write_text("old")
    else:
        (tmp_path / "out").write_text("old")
    before = files_below(tmp_path)
    with pytest.raises(error), staged(tmp_path / "out") as place:  # noqa: PT012  # the block is what is tested
        target = place if staged is staged_file else place / "out"
        target.write_text("half")
        raise error
    assert files_below(tmp_path) == before


def test_a_file_replaces_another(tmp_path):
    (tmp_path / "out").write_text("old")
    with staged_file(tmp_path / "out") as staged:
        staged.write_text("new")
        assert (tmp_path / "out").read_text() == "old"
    assert files_below(tmp_path) == {"out": b"new"}


def test_siblings_appear_together(tmp_path):
    (tmp_path / "other").write_text("stays")
    with staged_siblings(tmp_path / "vectors.kv") as staged:
        (staged / "vectors.kv").write_text("1")
        (staged / "vectors.kv.npy").write_text("2")
        assert set(files_below(tmp_path)) >= {"other"}
        assert not (tmp_path / "vectors.kv").exists()
    assert files_below(tmp_path) == {"other": b"stays", "vectors.kv": b"1", "vectors.kv.npy": b"2"}


@needs_modes
def test_other_users_can_read_a_directory(tmp_path):
    with staged_directory(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@needs_links
def test_a_link_to_another_disk_is_kept(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with staged_directory(tmp_path / "out") as staged:
        (staged / "file").write_text("new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk/file").read_text() == "new"


@pytest.mark.parametrize("staged", [staged_directory, staged_file])
@pytest.mark.parametrize(
    "place",
    ["file/out", pytest.param("/proc/out", marks=needs_proc), "n" * 300],
    ids=["below-a-file", "no-right", "name"],
)
def test_unwritable_places(tmp_path, staged, place):
    (tmp_path / "file").write_text("")
    message = "The output must be (in a directory, but .* is a file|writable, but .* is not)"
    with pytest.raises(StorageError, match=message), staged(tmp_path / place):
        pass


def test_a_file_does_not_replace_a_directory(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="out is"), staged_file(tmp_path / "out") as staged:
        staged.write_text("new")
    assert files_below(tmp_path) == {"out": None}


def test_a_full_disk_is_reported(tmp_path):
    full = OSError(28, os.strerror(28))
    with (
        pytest.raises(StorageError, match=r"must have space for .*out, but is full"),
        staged_directory(tmp_path / "out"),
    ):
        raise full
    assert files_below(tmp_path) == {}


def test_free_space(tmp_path):
    check_free_space(tmp_path, 1, shown=tmp_path / "out")
    with pytest.raises(StorageError, match=r"need 1,000,000,000,000\.0 MB, but the disk of .*out has [\d,.]+ MB free"):
        check_free_space(tmp_path, 10**18, shown=tmp_path / "out")


@pytest.mark.parametrize(
    ("files", "overwrite", "message"),
    [
        (None, False, None),
        ([], False, None),
        (["log"], False, "must be new or empty"),
        (["log"], True, None),
        (["thesis"], False, "must be new or empty"),
        (["thesis"], True, "has no log, so it contains something else"),
        ("file", True, "must be a directory, but .* is a file"),
    ],
)
def test_only_results_may_be_overwritten(tmp_path, files, overwrite, message):
    if files == "file":
        (tmp_path / "out").write_text("")
    elif files is not None:
        (tmp_path / "out").mkdir()
        for name in files:
            (tmp_path / "out" / name).write_text("")
    if message is None:
        check_output(tmp_path / "out", overwrite=overwrite, marker_file="log")
    else:
        with pytest.raises(StorageError, match=message):
            check_output(tmp_path / "out", overwrite=overwrite, marker_file="log")


def write_number(path, number):
    with replaced_directory(path) as directory:
        (directory / "number").write_text(str(number))


def test_a_directory_is_replaced_repeatedly(tmp_path):
    path = tmp_path / "made" / "run"
    for number in range(3):
        write_number(path, number)
        assert files_below(tmp_path) == {"made": None, "made/run": None, "made/run/number": str(number).encode()}
    remove_directory(path)
    assert files_below(tmp_path) == {"made": None}


@pytest.mark.parametrize("error", [SomeError, KeyboardInterrupt])
def test_the_directory_is_kept_if_its_replacement_is_incomplete(tmp_path, error):
    write_number(tmp_path / "run", 1)
    before = files_below(tmp_path)

    def fail():
        with replaced_directory(tmp_path / "run") as directory:
            (directory / "number").write_text("2")
            raise error

    with pytest.raises(error):
        fail()
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("n_renames", [0, 1, 2])
def test_a_directory_exists_whenever_its_replacement_is_killed(tmp_path, monkeypatch, n_renames):
    """After `n_renames` renames nothing else runs, not even cleaning up, as after kill -9."""
    path = tmp_path / "run"
    write_number(path, 1)
    renames = [n_renames]
    original = Path.rename

    def rename(self, target):
        if not renames[0]:
            raise SomeError
        renames[0] -= 1
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        patch.setattr("spacy_w2v._atomic.directories.shutil.rmtree", lambda *arguments, **settings: None)
        patch.setattr("spacy_w2v._atomic.directories.recover_directory", lambda path: None)
        if n_renames < 2:
            with pytest.raises(SomeError):
                write_number(path, 2)
        else:
            write_number(path, 2)
    recover_directory(path)
    assert (path / "number").read_text() == ("2" if n_renames == 2 else "1")
    write_number(path, 3)
    assert files_below(tmp_path) == {"run": None, "run/number": b"3"}
