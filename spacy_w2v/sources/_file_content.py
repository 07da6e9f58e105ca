"""Identifies local files by their content, since sizes and times can stay the same when the content changes.

`cp -p`, `rsync -t` and `touch -r` keep the time of changed files, while copies to a scratch disk, backups and some
network disks change times or inodes of unchanged files. So all of the content counts, up to WHOLE_BYTES, which takes
some milliseconds. Of larger sources, evenly spaced blocks count, and the times.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._system.hashing import xxh3_of, xxh3_of_file
from spacy_w2v.errors import CorpusError

WHOLE_BYTES = 256 << 20
"""A source of up to this many bytes is read as a whole: in 0.1 s if it is in memory, where training needs it anyway."""

BLOCK_BYTES = 64 << 10
N_BLOCKS = 256
"""Blocks that are read of a larger source, at least two of each file: this takes some seconds on a spinning disk."""


class FileContent(NamedTuple):
    """The content of a file. The time is in nanoseconds, or 0 if the checksum is of all bytes."""

    path: str
    n_bytes: int
    checksum: str
    mtime_ns: int


def file_contents(paths: Sequence[str]) -> list[FileContent] | None:
    """Return the content of files, or None if one is a pipe or a device, which can be read only once.

    Raises:
        CorpusError: A file cannot be read.
    """
    try:
        found = [os.stat(path) for path in paths]
        if not all(stat.S_ISREG(status.st_mode) for status in found):
            return None
        is_small = sum(status.st_size for status in found) <= WHOLE_BYTES
        n_blocks = None if is_small else max(2, N_BLOCKS // len(found))
        return [_content(path, status, n_blocks) for path, status in zip(paths, found, strict=True)]
    except OSError as error:
        raise CorpusError(f"The files must be readable, but {error.filename} is not: {error.strerror}") from error


def _content(path: str, status: os.stat_result, n_blocks: int | None) -> FileContent:
    """Return the content of a file, identified by `n_blocks` of it, or by all of it if that is None."""
    size = status.st_size
    if n_blocks is None or size <= n_blocks * BLOCK_BYTES:
        return FileContent(path, size, xxh3_of_file(Path(path)), 0)
    return FileContent(path, size, xxh3_of(_blocks(path, size=size, n_blocks=n_blocks)), status.st_mtime_ns)


def _blocks(path: str, *, size: int, n_blocks: int) -> Iterator[bytes]:
    """Yield evenly spaced blocks of a file, among them the first and the last."""
    with open(path, "rb", buffering=0) as file:
        for i in range(n_blocks):
            file.seek((size - BLOCK_BYTES) * i // (n_blocks - 1))
            yield file.read(BLOCK_BYTES)
