"""Local files: finds files by paths and patterns, and reads them decompressed and as UTF-8."""

import codecs
import glob
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, NamedTuple, cast

from spacy_w2v.errors import CorpusError

BLOCK_BYTES = 2 << 20
"""The number of bytes that are read at a time."""

UTF8_BOM = codecs.BOM_UTF8
UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

FILE_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def find_files(names: Sequence[str], *, folder: str = "", setting: str = "data_files") -> list[str]:
    """Return the files for a list of paths and patterns.

    If a path exists, it is used literally, even if it contains characters of patterns. Otherwise it is tried without
    the quotes around it, with "$" in place of "$$" (which configs need), and with the home directory in place of "~".
    If none of these paths exists, it is used as a pattern. Patterns do not match names that begin with "_", such as
    Spark's _SUCCESS.

    Args:
        names: Paths, or patterns with * ? [ ]. The pattern ** matches any number of folders.
        folder: The folder for relative paths.
        setting: The setting with the names, for errors.

    Raises:
        CorpusError: A file does not exist, or is not a regular file.
    """
    found: list[str] = []
    for name in names:
        spellings = [os.path.join(folder, spelling) for spelling in _spellings(name)]
        literal = next((spelling for spelling in spellings if os.path.lexists(spelling)), None)
        files = [literal] if literal is not None else _matches(spellings)
        if not files:
            raise CorpusError(f"{setting} must be existing files, was: {name}. {_why_missing(name)}")
        found += files
    for file in found:
        _check_regular(file, setting)
    return found


def is_local(name: str) -> bool:
    """Return whether a name is a local path or pattern rather than a URL."""
    return "://" not in name or os.path.exists(name)


def _spellings(name: str) -> list[str]:
    bare = name[1:-1] if len(name) > 2 and name[0] == name[-1] and name[0] in "\"'" else name
    spellings = [name, bare]
    while "$$" in spellings[-1]:  # writing a config doubles each "$"
        spellings.append(spellings[-1].replace("$$", "$"))
    return list(dict.fromkeys([*spellings, *map(os.path.expanduser, spellings)]))


def _matches(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if glob.has_magic(pattern):
            marks = os.path.basename(pattern).startswith("_")
            files = sorted(
                file
                for file in glob.glob(pattern, recursive=True)
                if not os.path.isdir(file) and (marks or not os.path.basename(file).startswith("_"))
            )
            if files:
                return files
    return []


def _why_missing(name: str) -> str:
    if any(mark in name for mark in "\t\n\r\b\f\v\a"):
        return (
            "It contains a control character, because a backslash in double quotes begins an escape sequence. "
            "Use / or \\\\ in place of \\."
        )
    if name.startswith(('"', "'")):
        return "The quotes are part of the name, because the value is not valid JSON. Use / or \\\\ in place of \\."
    return "No file matches." if glob.has_magic(name) else "There is no such file."


def _check_regular(file: str, setting: str) -> None:
    """Raise CorpusError if a file of a setting is not a regular file, or may be endless."""
    try:
        mode = os.stat(file).st_mode
    except OSError as error:
        raise CorpusError(f"{setting} must be readable, but {file} is not: {error.strerror}.") from None
    kind = next((kind for is_kind, kind in FILE_KINDS.items() if is_kind(mode)), None)
    if kind is None and os.path.realpath(file).startswith(("/proc/", "/sys/")):
        kind = "a virtual file of the system, which may have no end"
    if kind is not None:
        raise CorpusError(
            f"{setting} must be regular files, but {file} is {kind}. "
            "Copy its content to a file, or read standard input with spacy_w2v.StandardInput.v1."
        )


class OpenFile(NamedTuple):
    """An open file, or an open member of an archive."""

    name: str
    stream: IO[bytes]
    """The decompressed content."""
    position: Callable[[], int]
    """Returns the number of bytes that have been read from the file on disk."""


def open_files(file: str) -> Iterator[OpenFile]:
    """Open a file, or each member of a .zip archive.

    Raises:
        CorpusError: A package for decompression is missing.
    """
    compression = compression_of(file)
    if compression == "zip":
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as stream:
                        yield OpenFile(f"{file}/{member.filename}", stream, lambda at=member.header_offset: at)  # type: ignore[misc]
        return
    with open(file, "rb") as raw, _decompressed(raw, file, compression) as stream:
        yield OpenFile(file, stream, raw.tell)


@contextmanager
def _decompressed(raw: IO[bytes], name: str, compression: str | None) -> Iterator[IO[bytes]]:
    """Yield the decompressed content of an open file.

    Args:
        raw: The file.
        name: Its name, for errors.
        compression: Its compression, from `compression_of`.

    Raises:
        CorpusError: A package for decompression is missing.
    """
    from fsspec.compression import compr

    if compression is None:
        yield raw
        return
    check_compression(name, compression)
    with compr[compression](raw, mode="rb") as stream:
        yield stream


def compression_of(file: str) -> str | None:
    """Return the compression that fsspec infers from the name of a file, or None."""
    from fsspec.utils import infer_compression

    return cast("str | None", infer_compression(file.lower()))


def check_compression(file: str, compression: str | None) -> None:
    """Raise CorpusError if the package for decompressing a file is missing."""
    if compression == "zstd" and find_spec("zstandard") is None:
        raise CorpusError(f'Reading {file} needs zstandard. Install it with: pip install "spacy-w2v[zstd]"')
    if compression in ("lz4", "snappy") and find_spec(compression) is None:
        raise CorpusError(f"Reading {file} needs the package {compression}. Install it with: pip install {compression}")


def read_blocks(
    stream: IO[bytes], *, name: str, encoding: str = "utf-8", encoding_errors: str = "strict"
) -> Iterator[bytes]:
    """Yield the content of a stream as blocks of UTF-8, without a byte order mark.

    With "utf-8" and "strict", this function does not check the bytes. They are checked when strings are created.

    Args:
        stream: The file.
        name: The name of the file, for errors.
        encoding: The encoding of the text.
        encoding_errors: "strict", "replace" or "ignore", for bytes that are invalid in the encoding.

    Raises:
        CorpusError: Bytes are invalid in the encoding.
    """
    plain = codecs.lookup(encoding).name == "utf-8" and encoding_errors == "strict"
    decoder = None if plain else codecs.getincrementaldecoder(encoding)(encoding_errors)
    n_read = 0
    while True:
        block = stream.read(BLOCK_BYTES)
        if n_read == 0:
            check_byte_order_mark(block, name=name, encoding=encoding)
        if decoder is not None:
            at_end = not block
            try:
                text = decoder.decode(block, final=at_end)
            except UnicodeDecodeError as error:
                raise CorpusError(
                    f"Text must be valid {encoding}, but {name} is not, in the bytes {n_read} to "
                    f"{n_read + len(block)}: {error.reason}. Correct the file, name its encoding, or set "
                    'encoding_errors = "replace".'
                ) from None
            content = text.encode("utf-8", "replace")
        else:
            at_end, content = not block, block
        if n_read == 0:
            content = content.removeprefix(UTF8_BOM)
        n_read += len(block)
        if content:
            yield content
        if at_end:
            return


def check_byte_order_mark(start: bytes, *, name: str, encoding: str) -> None:
    """Raise CorpusError if a file begins with the byte order mark of UTF-16 or UTF-32, but is read as UTF-8.

    Args:
        start: The first bytes of the file.
        name: The name of the file, for the message.
        encoding: The encoding in which the file is read.
    """
    if start.startswith(UTF16_BOMS) and codecs.lookup(encoding).name == "utf-8":
        width = 32 if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) else 16
        raise CorpusError(
            f"Text must be valid {encoding}, but {name} begins with the byte order mark of UTF-{width}. "
            f'Set encoding = "utf-{width}".'
        )
