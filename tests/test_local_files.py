"""Names of files: existing paths are literal, and only regular files are read."""

import os
import socket
from pathlib import Path

import pytest
from helpers_cli import needs_proc
from helpers_corpus import read

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._local_files import find_files

ODD_NAMES = [
    "[x].txt",
    "corpus [2024].txt",
    "a*.txt",
    "a?.txt",
    "$HOME.txt",
    "a#b%20c.txt",
    "~user.txt",
    "größe 𝒳.txt",
    "C:\\data\\x.txt",
    "{a}.txt",
    "'a'.txt",
]
if os.name == "nt":  # which has no such names
    ODD_NAMES = [name for name in ODD_NAMES if not set(name) & set('<>:"\\|?*')]


def found(patterns, **options):
    """The files that patterns find, with the slashes of Unix."""
    return [Path(name).as_posix() for name in find_files(patterns, **options)]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("folder", [".", "[proj] $1"])
@pytest.mark.parametrize("is_absolute", [True, False])
def test_an_existing_path_is_literal(tmp_path, monkeypatch, name, folder, is_absolute):
    path = tmp_path / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("right\n")
    for other in ("x.txt", "aa.txt", "corpus 2.txt"):  # what a pattern would match
        (path.parent / other).write_text("wrong\n")
    monkeypatch.chdir(path.parent)
    source = make_dataset_v1(data_files=str(path) if is_absolute else name)
    before = source.fingerprint()
    assert read(source).texts == ["right"]
    path.write_text("changed\n")
    assert make_dataset_v1(data_files=str(path) if is_absolute else name).fingerprint() != before


def test_patterns_are_read_within_odd_folders(tmp_path, monkeypatch):
    folder = tmp_path / "[proj]"
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "b.txt").write_text("b\n")
    (folder / "data" / "a.txt").write_text("a\n")
    (folder / "data" / "deep" / "c.txt").write_text("c\n")
    monkeypatch.chdir(folder)
    assert found(["data/*.txt"]) == ["data/a.txt", "data/b.txt"]
    assert found(["data/**/*.txt"]) == ["data/a.txt", "data/b.txt", "data/deep/c.txt"]
    assert found(["*.txt"], folder="data") == ["data/a.txt", "data/b.txt"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a$$b.txt", "a$b.txt"),
        ("a$$$$b.txt", "a$b.txt"),
        ('"C:\\data\\x.txt"', "C:\\data\\x.txt"),
        ("'C:\\data\\x.txt'", "C:\\data\\x.txt"),
    ],
    ids=["dollar", "dollar twice", "double quotes", "single quotes"],
)
def test_escapes_of_configs_in_paths_are_reversed(tmp_path, monkeypatch, written, name):
    (tmp_path / name).write_text("right\n")
    monkeypatch.chdir(tmp_path)
    assert read(make_dataset_v1(data_files=written)).texts == ["right"]


def test_the_home_directory_is_found(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("right\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read(make_dataset_v1(data_files="~/a.txt")).texts == ["right"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "C:\new\text.txt",
            r"contains a control character, because a backslash in double quotes begins an escape sequence\. Use /",
        ),
        ('"C:\\x.txt"', r"The quotes are part of the name, because the value is not valid JSON\. Use / or \\\\"),
        ("no.txt", r"was: no\.txt\. There is no such file\."),
        ("no*.txt", r"was: no\*\.txt\. No file matches\."),
    ],
)
def test_the_error_for_a_missing_file_has_the_cause(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=message):
        make_dataset_v1(path="text", data_files=name).fingerprint()


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such files")
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        pytest.param("/proc/kmsg", "a virtual file of the system, which may have no end", marks=needs_proc),
        pytest.param("/proc/self/status", "a virtual file of the system", marks=needs_proc),
        ("link.txt", "a device"),
        ("fifo.txt", "a pipe"),
        ("socket.txt", "a socket"),
        ("folder.txt", "a folder"),
        ("*.txt", "a (pipe|device|socket)"),
    ],
)
@pytest.mark.parametrize("path", ["text", "json", "parquet"])
def test_only_regular_files_are_read(tmp_path, monkeypatch, file, kind, path):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo.txt")
    os.symlink("/dev/zero", "link.txt")
    os.mkdir("folder.txt")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket.txt")
        with pytest.raises(CorpusError, match=rf"(must be regular files, but \S+ is {kind}|is a folder)"):
            make_dataset_v1(path=path, data_files=file).fingerprint()


@pytest.mark.parametrize("name", ["", "'", '"'])
def test_empty_names_are_refused(name):
    with pytest.raises(CorpusError, match="data_files must be existing files, was: "):
        find_files([name])
