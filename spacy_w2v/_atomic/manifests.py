"""Manifests: JSON files with the format, its version, and the size and checksum of each file in the same directory.

A manifest is an object with "format", "format_version", "files" and further entries. The entry of each file in "files"
has its size in "bytes" and its "xxh3_128" checksum. "checksum" is the checksum of the manifest itself. It is computed
from the other entries as JSON without white space, in ASCII, with sorted keys. xxHash (https://xxhash.com) detects
damage by disks and transfers, at the speed of memory. It does not protect against forgery.
"""

import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from spacy_w2v._system.hashing import xxh3_of, xxh3_of_file
from spacy_w2v.errors import StorageError

CHECKSUM = "xxh3_128"

MAX_MANIFEST_BYTES = 256 << 20
"""The largest manifest that is read. The manifest of a corpus of 250 billion tokens has some 20 MB."""


def describe_files(directory: Path, names: Iterable[str]) -> dict[str, dict[str, int | str]]:
    """Return the entry "files" of a manifest.

    Args:
        directory: The directory of the files.
        names: The names of the files.

    Raises:
        OSError: A file cannot be read.
    """
    return {
        name: {"bytes": (directory / name).stat().st_size, CHECKSUM: xxh3_of_file(directory / name)} for name in names
    }


def describe_content(content: bytes) -> dict[str, int | str]:
    """Return the entry of a manifest for a file with this content."""
    return {"bytes": len(content), CHECKSUM: xxh3_of([content])}


def check_files(directory: Path, files: object, *, needed: Collection[str] = ()) -> None:
    """Check that the files of a directory match its manifest.

    Args:
        directory: The directory.
        files: The entry "files" of its manifest. In formats without checksums, the value of a file is its size, and
            only the size is compared.
        needed: Names that must be in `files`.

    Raises:
        StorageError: A file is missing or damaged, or the manifest is damaged.
    """
    if not isinstance(files, dict) or not all(isinstance(name, str) and _is_plain(name) for name in files):
        raise StorageError(f"The manifest of {directory} must name its files, but is damaged.")
    for name in needed:
        if name not in files:
            raise StorageError(f"The manifest of {directory} must name the file {name}, but is damaged.")
    for name, expected in files.items():
        path = directory / name
        has_checksum = isinstance(expected, dict)
        size, checksum = (expected.get("bytes"), expected.get(CHECKSUM)) if has_checksum else (expected, None)
        # Messages show values of a manifest only if they have the right type.
        if type(size) is not int or (has_checksum and not re.fullmatch("[0-9a-f]{32}", str(checksum))):
            raise StorageError(
                f"The manifest of {directory} must have the size and checksum of {name}, but is damaged."
            )
        try:
            actual = path.stat().st_size if path.is_file() else None
            if actual != size:
                raise StorageError(f"{path} must have {size} bytes, but has: {actual}. It is damaged.")
            if has_checksum and xxh3_of_file(path) != checksum:
                raise StorageError(
                    f"{path} must have the checksum {checksum}, but its content has changed. It is damaged."
                )
        except OSError as error:
            raise StorageError(f"{path} must be readable, but is not: {error}") from None


def write_manifest(path: Path, values: dict[str, Any]) -> None:  # Any: JSON values
    """Write a manifest with its own checksum.

    Raises:
        OSError: The file cannot be written.
    """
    path.write_bytes(manifest_content(values))


def manifest_content(values: dict[str, Any]) -> bytes:  # Any: JSON values
    """Return the bytes of a manifest file, with the manifest's own checksum."""
    content = {**values, "checksum": _own_checksum(values)}
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # a file name that is not valid Unicode has lone surrogates
        text = json.dumps(content, indent=2).encode("ascii")
    return text + b"\n"


def parse_manifest(content: bytes, *, name: str, checked: bool = False) -> dict[str, Any]:  # Any: JSON values
    """Return the entries of a manifest without its checksum, after verifying the checksum.

    Args:
        content: The content of the file.
        name: The name of the file, for errors.
        checked: Whether the checksum is required. Otherwise it is verified only if present.

    Raises:
        StorageError: The content is not a JSON object, or is damaged.
    """
    values = parse_json(content, name=name)
    if not isinstance(values, dict):
        raise StorageError(f"{name} must be a JSON object, but is another value. It is damaged.")
    checksum = values.pop("checksum", None)
    try:
        changed = (checksum is not None or checked) and checksum != _own_checksum(values)
    except RecursionError:
        changed = True
    if changed:
        raise StorageError(f"{name} must match its own checksum, but has been changed. It is damaged.")
    return values


def read_manifest(path: Path, *, checked: bool = False) -> dict[str, Any]:  # Any: JSON values
    """Return the entries of a manifest file, as `parse_manifest` does.

    Raises:
        StorageError: The file is missing or damaged.
    """
    return parse_manifest(read_bounded(path), name=str(path), checked=checked)


def read_bounded(path: Path, *, max_bytes: int | None = None) -> bytes:
    """Return the content of a small file.

    Args:
        path: The file.
        max_bytes: The maximum size. If None, the maximum size of a manifest.

    Raises:
        StorageError: The file cannot be read, or is larger.
    """
    max_bytes = MAX_MANIFEST_BYTES if max_bytes is None else max_bytes
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise StorageError(f"{path} must be readable, but is not: {error}") from None
    if len(content) > max_bytes:
        raise StorageError(
            f"{path} must have at most {max_bytes:,} bytes, but is larger. It is damaged, or another kind of file."
        )
    return content


def parse_json(content: bytes, *, name: str) -> Any:  # Any: JSON values
    """Return the value of a JSON text in UTF-8.

    Args:
        content: The text.
        name: The name of the file, for errors.

    Raises:
        StorageError: The text is not valid JSON.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # ValueError also means that it is not UTF-8
        raise StorageError(f"{name} must be JSON, but is damaged: {error}") from None


def _is_plain(name: str) -> bool:
    """Return whether a name has no directory and only printable characters."""
    return name not in ("", ".", "..") and len(name) < 256 and name.isprintable() and not {*name} & {*"/\\"}


def _own_checksum(values: dict[str, Any]) -> str:  # Any: JSON values
    return xxh3_of([json.dumps(values, sort_keys=True, separators=(",", ":")).encode("ascii")])
