"""Sources are identified by the content of their files, not by times and inodes."""

import os
import shutil

import pytest

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources import _file_content as file_content
from spacy_w2v.sources._file_content import file_contents
from spacy_w2v.sources._huggingface import make_dataset_v1

TEXT = b"one two three\n" * 1000


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes(TEXT)
    return path


def fingerprint(path):
    return make_dataset_v1(data_files=str(path)).fingerprint()


def in_place(path):
    with path.open("r+b") as file:
        file.seek(7000)
        file.write(b"X")


def by_rename(path):
    other = path.with_name("new")
    other.write_bytes(TEXT.replace(b"two", b"TWO"))
    shutil.copystat(path, other)
    other.rename(path)


@pytest.mark.parametrize("change", [in_place, by_rename])
def test_new_content_with_the_same_size_and_time_is_detected(text, change):
    """`touch -r`, `cp -p` and `rsync -t` have this effect."""
    before, status = fingerprint(text), text.stat()
    change(text)
    os.utime(text, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (text.stat().st_size, text.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert fingerprint(text) != before


def test_times_and_inodes_do_not_change_the_source(text):
    """Scratch disks and some network disks have this effect."""
    before, status = fingerprint(text), text.stat()
    text.rename(text.with_name("old"))
    text.write_bytes(TEXT)
    os.utime(text, (1, 1))
    text.chmod(0o600)
    assert text.stat().st_ino != status.st_ino
    assert fingerprint(text) == before


@pytest.fixture
def few_bytes(monkeypatch):
    monkeypatch.setattr(file_content, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(file_content, "BLOCK_BYTES", 10)
    monkeypatch.setattr(file_content, "N_BLOCKS", 20)


def test_large_sources_are_identified_by_blocks_and_times(tmp_path, few_bytes):
    paths = [tmp_path / name for name in ("large", "small")]
    paths[0].write_bytes(bytes(5000))
    paths[1].write_bytes(bytes(100))
    names = [str(path) for path in paths]
    large, small = file_contents(names)
    assert (large.mtime_ns, small.mtime_ns) == (paths[0].stat().st_mtime_ns, 0)
    noticed = []
    for place in range(5000):
        with paths[0].open("r+b") as file:
            file.seek(place)
            file.write(b"X")
            file.flush()
            os.utime(paths[0], ns=(large.mtime_ns, large.mtime_ns))
            noticed.append(file_contents(names)[0] != large)
            file.seek(place)
            file.write(b"\0")
        os.utime(paths[0], ns=(large.mtime_ns, large.mtime_ns))
    assert sum(noticed) == 10 * 10
    assert all(noticed[:10])
    assert all(noticed[-10:])
    os.utime(paths[0], (1, 1))
    assert file_contents(names)[0] != large
    os.utime(paths[1], (1, 1))
    assert file_contents(names)[1] == small


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_has_no_fingerprint(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert file_contents([str(tmp_path / "pipe")]) is None


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(CorpusError, match=r"must be readable, but .*none\.txt is not: No such file"):
        file_contents([str(tmp_path / "none.txt")])
