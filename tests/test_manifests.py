"""Manifests: every change is detected, and nothing else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_w2v._atomic import (
    check_files,
    describe_files,
    parse_json,
    parse_manifest,
    read_manifest,
    write_manifest,
)
from spacy_w2v._system.hashing import xxh3_of_file
from spacy_w2v.errors import StorageError

VALUES = {
    "format": "some format",
    "format_version": 3,
    "loss": 2.5,
    "none": None,
    "source": "Œuvres 東京",
    "nan": 1e-30,
}


@pytest.fixture
def described(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 20_000)  # several reads
    (tmp_path / "b.txt").write_text("b")
    write_manifest(tmp_path / "meta.json", VALUES | {"files": describe_files(tmp_path, ["a.bin", "b.txt"])})
    return tmp_path


def test_a_manifest_is_read_back(described):
    values = read_manifest(described / "meta.json", checked=True)
    check_files(described, values.pop("files"), needed=["a.bin", "b.txt"])
    assert values == VALUES


def test_checksums_are_those_of_xxhash(tmp_path):
    (tmp_path / "empty").touch()
    assert xxh3_of_file(tmp_path / "empty") == "99aa06d3014798d86001c324468d497f"  # XXH3_128bits of nothing, seed 0


def test_each_changed_byte_of_a_manifest_is_detected(described):
    content = (described / "meta.json").read_bytes()
    values = read_manifest(described / "meta.json")
    n_refused = 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with suppress(StorageError):
            assert parse_manifest(bytes(changed), name="meta.json", checked=True) == values  # white space only
            continue
        n_refused += 1
    assert n_refused > 0.8 * len(content)


@pytest.mark.parametrize("change", [b"", b"{}", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"a": 1}', b"1" * 5_000])
def test_invalid_manifests_are_refused(change):
    with pytest.raises(StorageError, match=r"^meta\.json must .* damaged"):
        parse_manifest(change, name="meta.json", checked=True)


@pytest.mark.parametrize(("name", "place"), [("a.bin", 0), ("a.bin", 4_000_000), ("b.txt", 0)])
def test_changed_files_are_detected(described, name, place):
    content = bytearray((described / name).read_bytes())
    content[place] ^= 128
    (described / name).write_bytes(content)
    with pytest.raises(StorageError, match=f"{name} must have the checksum"):
        check_files(described, read_manifest(described / "meta.json")["files"])


def test_missing_and_truncated_files_are_detected(described):
    files = read_manifest(described / "meta.json")["files"]
    (described / "b.txt").write_text("")
    with pytest.raises(StorageError, match=r"b\.txt must have 1 bytes, but has: 0"):
        check_files(described, files)
    (described / "b.txt").unlink()
    with pytest.raises(StorageError, match=r"b\.txt must have 1 bytes, but has: None"):
        check_files(described, files)
    with pytest.raises(StorageError, match=r"must name the file c\.npy"):
        check_files(described, files, needed=["c.npy"])


@pytest.mark.parametrize("files", [None, [], {"": 1}, {"../other": 1}, {"a/b": 1}, {"a.bin": True}, {"a.bin": {}}])
def test_wrong_descriptions_are_refused(described, files):
    with pytest.raises(StorageError, match="must"):
        check_files(described, files)


def test_sizes_alone_are_compared_as_before_checksums(described):
    check_files(described, {"b.txt": 1})
    with pytest.raises(StorageError, match="must have 2 bytes"):
        check_files(described, {"b.txt": 2})


def test_names_that_are_not_unicode(tmp_path):
    write_manifest(tmp_path / "meta.json", {"source": "caf\udce9.txt"})
    assert read_manifest(tmp_path / "meta.json", checked=True) == {"source": "caf\udce9.txt"}


@given(
    st.dictionaries(
        st.text(),
        st.recursive(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists),
        max_size=4,
    )
)
def test_any_values_survive(values):
    values.pop("checksum", None)
    from spacy_w2v._atomic.manifests import _own_checksum

    content = json.dumps({**values, "checksum": _own_checksum(values)}).encode()
    assert parse_manifest(content, name="x", checked=True) == values


def test_deep_json_is_refused():
    with pytest.raises(StorageError, match="must be JSON"):
        parse_json(b'{"a":' * 100_000, name="deep.json")
