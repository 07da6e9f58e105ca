"""Hashes: SHA-256 of what decides a result, to recognise it, and XXH3 of what files hold, to find damage.

Both are part of what is on disk: a cache or a checkpoint is found again, and a manifest is valid, only as long as these
functions return what they returned before.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

BYTES_AT_A_TIME = 1 << 20
"""Bytes of a file that are read at a time: it is read, not mapped, so that it does not count as memory."""


def sha256_of(parts: "Iterable[Buffer]") -> str:
    """Return the SHA-256 of the bytes of contiguous buffers, one after the other, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return sha256_of([text.encode()])


def sha256_of_values(*values: object) -> str:
    """Return the SHA-256 of the representation of some values, as a tuple, as 64 hexadecimal digits."""
    return sha256_of_text(repr(values))


def xxh3_of(parts: "Iterable[Buffer]") -> str:
    """Return the XXH3 checksum (128 bits) of buffers, one after the other, as 32 hexadecimal digits."""
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
    """Yield the content of a file in parts, each valid until the next one."""
    buffer = memoryview(bytearray(BYTES_AT_A_TIME))
    with path.open("rb", buffering=0) as file:
        while n_read := file.readinto(buffer):
            yield buffer[:n_read]
