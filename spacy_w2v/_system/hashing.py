"""Hashes: SHA-256 for fingerprints, and XXH3 for checksums of files.

Both are stored in files. Never change what these functions return: caches and checkpoints would not be found again, and
manifests would become invalid.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

BYTES_AT_A_TIME = 1 << 20
"""Bytes that are read at a time. A memory map would count as memory of the process."""


def sha256_of(parts: "Iterable[Buffer]") -> str:
    """Return the SHA-256 of the concatenated bytes of contiguous buffers, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return sha256_of([text.encode()])


def sha256_of_values(*values: object) -> str:
    """Return the SHA-256 of the representation of a tuple of values, as 64 hexadecimal digits."""
    return sha256_of_text(repr(values))


def xxh3_of(parts: "Iterable[Buffer]") -> str:
    """Return the XXH3 checksum (128 bits) of concatenated buffers, as 32 hexadecimal digits."""
    from xxhash import xxh3_128

    digest = xxh3_128()
    for part in parts:
        digest.update(part)
    return str(digest.hexdigest())


def xxh3_of_file(path: Path) -> str:
    """Return the XXH3 checksum (128 bits) of a file's content, as 32 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    return xxh3_of(_content(path))


def _content(path: Path) -> "Iterable[memoryview]":
    """Yield the content of a file in parts. Each part is valid until the next one is read."""
    buffer = memoryview(bytearray(BYTES_AT_A_TIME))
    with path.open("rb", buffering=0) as file:
        while n_read := file.readinto(buffer):
            yield buffer[:n_read]
