"""Parts of local files: groups of files, row groups of Parquet, record batches of Arrow, and lines of text."""

import os
from collections.abc import Iterator

import pyarrow as pa

from spacy_w2v._system.hashing import sha256_of_values
from spacy_w2v.sources._file_content import file_contents
from spacy_w2v.sources._local_files import compression_of
from spacy_w2v.sources._parts import SourcePart, Stretch, groups_of, stretches_of
from spacy_w2v.sources._shards import Shards
from spacy_w2v.sources._source import TextBatch, coalesce
from spacy_w2v.sources._table_files import open_arrow, open_parquet
from spacy_w2v.sources._text_files import can_be_cut

COMPRESSION = 3
"""The size of English text, as a multiple of its size in files that are compressed, as Parquet files are too."""

BLOCKS_OF_FILE = 4
"""The number of blocks by which a large file is identified. It does not depend on the other files of the source."""


class FilesPart:
    """Some of the files of a source, or a stretch of one of them."""

    def __init__(self, shards: Shards):
        """Initialize a source.

        Args:
            shards: The files and how they are read.
        """
        self.shards = shards

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        files, stretch = self.shards.files, self.shards.stretch
        if stretch is not None:
            return f"{files[0]} ({stretch.first:,} to {stretch.end:,})"
        return files[0] if len(files) == 1 else f"{files[0]} to {files[-1]}"

    def fingerprint(self) -> str | None:
        """Return a hash of the content of the files and of how they are read, or None for a pipe."""
        shards = self.shards
        content = file_contents(shards.files, n_blocks=BLOCKS_OF_FILE)
        if content is None:
            return None
        stretch = tuple(shards.stretch) if shards.stretch is not None else None
        reading = (shards.format, tuple(shards.fields), shards.encoding, shards.encoding_errors)
        return f"files:{sha256_of_values(content, stretch, reading)}"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents.

        Raises:
            CorpusError: The files cannot be read.
        """
        return coalesce(self.shards.batches())


def file_parts(shards: Shards, part_bytes: int) -> list[SourcePart]:
    """Return the parts of files. Consecutive small files form a part, and large files are cut if possible.

    A compressed file is one part, as are JSON, CSV and .spacy files, because their records cannot be found without
    reading the file from its start.

    Args:
        shards: The files and how they are read.
        part_bytes: The size of a part.

    Raises:
        CorpusError: A file cannot be read.
    """
    pieces: list[tuple[str, Stretch | None, int]] = []
    for file in filter(os.path.getsize, shards.files):
        n_bytes = _text_bytes(file, shards.format)
        stretches = _stretches(shards, file, n_bytes=n_bytes, part_bytes=part_bytes)
        if len(stretches) == 1:
            pieces.append((file, None, n_bytes))
        else:  # a stretch is a part of its own
            pieces += [(file, stretch, max(part_bytes, 1)) for stretch in stretches]
    parts = []
    for first, end in groups_of((n_bytes for _, _, n_bytes in pieces), part_bytes) if pieces else ():
        files = [file for file, _, _ in pieces[first:end]]
        part = FilesPart(shards.of(files, pieces[first][1]))
        parts.append(SourcePart(part, sum(n_bytes for _, _, n_bytes in pieces[first:end])))
    return parts


def _text_bytes(file: str, format: str) -> int:
    """Return the size of the texts of a file, estimated from its size."""
    is_compressed = format == "parquet" or compression_of(file) is not None
    return os.path.getsize(file) * (COMPRESSION if is_compressed else 1)


def _stretches(shards: Shards, file: str, *, n_bytes: int, part_bytes: int) -> list[Stretch]:
    """Return the stretches of a file: one if it is small or cannot be cut."""
    whole = [Stretch(0, 1)]
    if n_bytes <= part_bytes or compression_of(file) is not None:
        return whole
    if shards.format == "text":
        if not can_be_cut(shards.encoding):
            return whole
        starts = range(0, n_bytes, part_bytes)
        return [Stretch(start, min(start + part_bytes, n_bytes)) for start in starts]
    if shards.format in ("parquet", "arrow"):
        return stretches_of(_n_items(file, shards.format), n_bytes=n_bytes, part_bytes=part_bytes)
    return whole


def _n_items(file: str, format: str) -> int:
    """Return the number of row groups or record batches of a file; 1 if it cannot be cut.

    Raises:
        CorpusError: The file is damaged.
    """
    with pa.OSFile(file) as stream:
        return (open_parquet if format == "parquet" else open_arrow)(stream, name=file).n_items
