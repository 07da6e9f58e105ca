"""Writing the text and binary formats of word2vec.c, which most programs read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._matrices import streamed_blocks
from spacy_w2v.formats._names import delimiter_of, names_without_spaces
from spacy_w2v.formats.word2vec._binary import encode_records
from spacy_w2v.formats.word2vec._text import encode_lines
from spacy_w2v.model._word_vectors import WordVectors

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def write_word2vec_text(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write word2vec's text format and, if counts are known, a file of counts with the suffix .vocab.

    Args:
        vectors: The words and vectors.
        path: The file.
        settings: Which words to write.

    Raises:
        ConfigError: A word cannot be written in this format.
        StorageError: `path` is the name of the file of counts.
    """
    _write(vectors, path, settings, encode_lines)


def write_word2vec_binary(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write word2vec's binary format and, if counts are known, a file of counts with the suffix .vocab.

    Args:
        vectors: The words and vectors.
        path: The file.
        settings: Which words to write.

    Raises:
        ConfigError: A word cannot be written in this format.
        StorageError: `path` is the name of the file of counts.
    """
    _write(vectors, path, settings, encode_records)


def counts_file(path: Path) -> Path:
    """Return the path of the word counts of a vectors file. Raises StorageError if both have the same path."""
    counts = path.with_suffix(".vocab")
    if path.suffix.lower() == counts.suffix:  # some file systems ignore case
        raise StorageError(
            f"The vectors file must have another name than the file of word counts, {counts.name}, was: {path.name}. "
            f"Name it {path.stem}.txt or {path.stem}.bin."
        )
    return counts


def has_same_counts(path: Path, vectors: WordVectors, settings: ExportSettings) -> bool:
    """Return whether a file has the same word counts that an export would write.

    Args:
        path: The file.
        vectors: The vectors to export.
        settings: The export settings.
    """
    names = _names(vectors, settings)
    return (
        vectors.counts is not None
        and path.is_file()
        and path.read_bytes() == b"".join(_count_lines(names, vectors.counts))
    )


def _names(vectors: WordVectors, settings: ExportSettings) -> list[str]:
    words = vectors.words[: settings.max_vectors]
    return names_without_spaces(words, settings.whitespace, delimiter=delimiter_of(vectors))


def _count_lines(names: list[str], counts: Counts) -> Iterator[bytes]:
    for name, count in zip(names, counts[: len(names)].tolist(), strict=True):
        yield f"{name} {count}\n".encode()


def _write(
    vectors: WordVectors, path: Path, settings: ExportSettings, encode: Callable[[list[str], Vectors], bytes]
) -> None:
    counts_path = counts_file(path)
    names = _names(vectors, settings)
    if vectors.counts is not None:
        with open_for_writing(counts_path) as file:
            file.writelines(_count_lines(names, vectors.counts))
    with open_for_writing(path) as file:
        file.write(f"{len(names)} {vectors.vector_size}\n".encode())
        start = 0
        for block in streamed_blocks(vectors, n_words=len(names)):
            file.write(encode(names[start : start + len(block)], block.astype(np.float32, copy=False)))
            start += len(block)


def open_for_writing(path: Path) -> IO[bytes]:
    """Open a file to write, which is compressed as its suffix says."""
    if path.suffix not in COMPRESSED:
        return path.open("wb")
    from gensim.utils import open as open_compressed

    file: IO[bytes] = open_compressed(str(path), "wb")
    return file
