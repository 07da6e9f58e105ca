"""Identifies local files by their content. Sizes and times are not enough.

`cp -p`, `rsync -t` and `touch -r` keep the time of files with new content. Copies, backups and some network disks
change the times or inodes of unchanged files. So a source of up to WHOLE_BYTES is identified by all of its content,
which takes some milliseconds. A larger source is identified by evenly spaced blocks, sizes and times.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._system.hashing import xxh3_of, xxh3_of_file
from spacy_w2v.errors import CorpusError

WHOLE_BYTES = 256 << 20
"""The maximum size of a source that is read completely, in bytes. Reading takes 0.1 s if it is in the page cache."""

BLOCK_BYTES = 64 << 10
N_BLOCKS = 256
"""The number of blocks of a larger source, at least two per file. Reading takes some seconds on a spinning disk."""


class FileContent(NamedTuple):
    """The identity of a file's content."""

    path: str
    n_bytes: int
    checksum: str
    """XXH3 of all bytes, or of the blocks of a large source."""
    mtime_ns: int
    """The time of the last change in nanoseconds, or 0 if the checksum is of all bytes."""


def file_contents(paths: Sequence[str], *, n_blocks: int | None = None) -> list[FileContent] | None:
    """Return the identity of each file's content, or None if a file is a pipe or device, which can be read only once.

    Args:
        paths: The files.
        n_blocks: The number of blocks by which each file is identified that is larger. If None, files of up to
            WHOLE_BYTES together are read completely, and larger ones share N_BLOCKS blocks.

    Raises:
        CorpusError: A file cannot be read.
    """
    try:
        found = [os.stat(path) for path in paths]
        if not all(stat.S_ISREG(status.st_mode) for status in found):
            return None
        if n_blocks is None and sum(status.st_size for status in found) > WHOLE_BYTES:
            n_blocks = max(2, N_BLOCKS // len(found))
        return [_content(path, status, n_blocks) for path, status in zip(paths, found, strict=True)]
    except OSError as error:
        raise CorpusError(f"The files must be readable, but {error.filename} is not: {error.strerror}") from error


def _content(path: str, status: os.stat_result, n_blocks: int | None) -> FileContent:
    """Return the identity of a file's content.

    Args:
        path: The file.
        status: Its status, from os.stat.
        n_blocks: The number of blocks to read. If None, the whole file is read.
    """
    size = status.st_size
    if n_blocks is None or size <= n_blocks * BLOCK_BYTES:
        return FileContent(path, size, xxh3_of_file(Path(path)), 0)
    return FileContent(path, size, xxh3_of(_blocks(path, size=size, n_blocks=n_blocks)), status.st_mtime_ns)


def _blocks(path: str, *, size: int, n_blocks: int) -> Iterator[bytes]:
    """Yield evenly spaced blocks of a file, including the first and the last.

    Args:
        path: The file.
        size: Its size in bytes.
        n_blocks: The number of blocks, at least 2.
    """
    with open(path, "rb", buffering=0) as file:
        for i in range(n_blocks):
            file.seek((size - BLOCK_BYTES) * i // (n_blocks - 1))
            yield file.read(BLOCK_BYTES)
