"""Whether local files hold what they held before: told by their content, since sizes and times can stay the same.

Times and inodes tell too little and too much: `cp -p`, `rsync -t` and `touch -r` keep the time of other content, while
copies to a scratch disk, backups and some network disks change times or inodes of the same content. So all of the
content counts, up to WHOLE_BYTES; that takes some milliseconds. Of more, evenly spaced blocks count, and the time.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy_w2v._system.hashing import xxh3_of, xxh3_of_file
from spacy_w2v.errors import CorpusError

WHOLE_BYTES = 256 << 20
"""Up to so many bytes of a source are read in whole: in 0.1 s where they are in memory, as when training reads them."""

BLOCK_BYTES = 64 << 10
N_BLOCKS = 256
"""Blocks of a larger source that are read, at least two of each file: some seconds on a spinning disk."""


class FileContent(NamedTuple):
    """What tells a file from others. Times are nanoseconds, and 0 where the checksum is of all bytes."""

    path: str
    n_bytes: int
    checksum: str
    mtime_ns: int


def contents(paths: Sequence[str]) -> list[FileContent] | None:
    """Return what files hold, or None if one is a pipe or a device, which can be read only once.

    Raises CorpusError for files that cannot be read.
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
    """Return the content of a file, by `n_blocks` of it; None for all."""
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
