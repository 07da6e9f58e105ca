"""The content of a vectors file: decompressed, and checked for kinds of files that have no word vectors."""

import bz2
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from spacy_w2v.errors import StorageError

BLOCK_BYTES = 1 << 22
"""Size of the blocks that are read, and the maximum length of a line."""

PICKLE = b"\x80"
"""First byte of a pickle. No text in UTF-8 begins with it."""

_FOREIGN = {
    b"\x93NUMPY": "is a NumPy array (.npy), which has no words",
    b"\x89HDF": "is HDF5",
    b"PAR1": "is a Parquet file",
    b"ARROW1": "is an Arrow file",
    b"SQLite format 3": "is an SQLite database",
    b"version https://git-lfs": "is a Git LFS pointer. Fetch the file itself: git lfs pull",
    b"\x89PNG": "is an image",
    b"%PDF": "is a PDF file",
    b"Rar!": "is an archive (.rar). Unpack it",
    b"7z\xbc\xaf": "is an archive (.7z). Unpack it",
    b"\xff\xfe\0\0": "is encoded in UTF-32. Convert it: iconv -f UTF-32 -t UTF-8",
    b"\xff\xfe": "is encoded in UTF-16. Convert it: iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "is encoded in UTF-16. Convert it: iconv -f UTF-16 -t UTF-8",
}
_DAMAGE = (
    *(OSError, EOFError, ValueError, NotImplementedError, struct.error, zlib.error, lzma.LZMAError),
    zipfile.BadZipFile,
)
"""Errors of decompression."""
_TAR, _TAR_PLACE = b"ustar", 257
_PAGES = (b"<!doctype", b"<html", b"<?xml")


class Readable(AbstractContextManager[Any], Protocol):
    """A file or stream of bytes."""

    def read(self, n_bytes: int, /) -> bytes:
        """Return some of the next bytes, and none at the end."""


@dataclass
class Content:
    """A file that is read once, from beginning to end."""

    name: str
    """Name in errors."""
    stream: Readable
    n_bytes: int | None
    """Size of the file; None if it is compressed."""

    def read(self, n_bytes: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes, fewer only at the end of the file."""
        chunks = []
        while n_bytes and (chunk := self.stream.read(n_bytes)):
            chunks.append(chunk)
            n_bytes -= len(chunk)
        return b"".join(chunks)


@contextmanager
def open_content(path: Path) -> Iterator[Content]:
    """Open a file, and decompress it if necessary: gzip, bzip2, xz, Zstandard, or a .zip archive of one file.

    Args:
        path: The file.

    Raises:
        StorageError: The file cannot be opened or, while it is being read, it is damaged.
    """
    if not path.is_file():
        raise StorageError(f"Vectors must be in a regular file, but {path} is not.")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise StorageError(f"Vectors must be in a readable file, but {path} cannot be read: {error}") from None
        try:
            head = file.read(16)
            file.seek(0)
            if stream := _decompressed(file, head, name=str(path)):
                yield Content(str(path), stack.enter_context(stream), None)
            else:
                yield Content(str(path), file, path.stat().st_size)
        except StorageError:
            raise
        except _DAMAGE as error:
            raise StorageError(f"{path} must be readable to its end, but is damaged or truncated: {error}") from None


def check_kind(head: bytes, *, name: str) -> None:
    """Raise StorageError if the first bytes of a file show that it has no word vectors.

    Args:
        head: The first bytes.
        name: Name of the file.
    """
    what = next(
        (what for magic, what in _FOREIGN.items() if head.startswith(magic) and not _is_word(head, magic)), None
    )
    if head[_TAR_PLACE:].startswith(_TAR):
        what = "is an archive (.tar). Unpack it"
    elif head.lstrip().lower().startswith(_PAGES):
        what = "is an HTML or XML page, perhaps from a failed download"
    elif _compression(head) is not None:
        what = "is compressed twice. Unpack it"
    elif head.startswith(PICKLE):
        what = "is a pickle in a compressed file. Unpack it"
    if what is not None:
        raise StorageError(
            f"{name} must be in the text or binary format of word2vec, in that of GloVe or fastText (.vec), or saved "
            f"by gensim, but {what}."
        )


def _is_word(head: bytes, magic: bytes) -> bool:
    """Return whether the letters of a magic number are the first word of a text."""
    return magic.isascii() and head[len(magic) : len(magic) + 1] in (b" ", b"\t")


def _compression(head: bytes) -> str | None:
    magics = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
    magics |= {b"PK\3\4": "zip", b"PK\5\6": "zip"}
    return next((kind for magic, kind in magics.items() if head.startswith(magic) and not _is_word(head, magic)), None)


def _decompressed(file: IO[bytes], head: bytes, *, name: str) -> Readable | None:
    """Return the decompressed content of a file, or None if the file is not compressed."""
    kind = _compression(head)
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file)
    if kind == "bzip2":
        return bz2.BZ2File(file)
    if kind == "xz":
        return lzma.LZMAFile(file)
    if kind == "zstd":
        import pyarrow as pa

        stream: Readable = pa.CompressedInputStream(file, "zstd")
        return stream
    return _only_member(zipfile.ZipFile(file), name=name) if kind == "zip" else None


def _only_member(archive: zipfile.ZipFile, *, name: str) -> Readable:
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = ", ".join(member.filename for member in members[:5])
    if members and all(member.filename.endswith(".npy") for member in members):
        raise StorageError(f"{name} must have words, but is an archive of NumPy arrays (.npz): {names}.")
    if len(members) != 1:
        raise StorageError(
            f"A .zip archive must contain one file, but {name} has {len(members)}: {names}. Unpack it, and use the "
            "path of the vectors file."
        )
    if members[0].flag_bits & 1:
        raise StorageError(f"{name} must be readable without a password, but is an encrypted archive. Unpack it.")
    return archive.open(members[0])
