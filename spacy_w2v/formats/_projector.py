"""Writing vectors for TensorBoard's Embedding Projector: a table of numbers, and one of words."""

import re
from pathlib import Path

import numpy as np

from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._matrices import streamed_blocks
from spacy_w2v.formats.word2vec._text import decimal_rows
from spacy_w2v.model._word_vectors import WordVectors

METADATA_FILE = "metadata.tsv"

_SEPARATORS = re.compile(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a cell or a line in some reader of tables."""


def metadata_file(path: Path) -> Path:
    """Return the path of the words of a file of vectors. Raises StorageError if both have the same path."""
    metadata = path.with_name(METADATA_FILE)
    if path.name.lower() == METADATA_FILE:  # some file systems ignore case
        raise StorageError(
            f"The vectors file must have another name than the file of words, {METADATA_FILE}, was: {path.name}. Name "
            "it vectors.tsv."
        )
    return metadata


def write_projector(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write vectors as lines of numbers with tabs between them, and their words to `metadata.tsv` beside them.

    If counts are known, `metadata.tsv` has the columns "word" and "count" with a header. Otherwise it has a word in
    each line and no header, as the projector wants a single column. A tab or a line break in a word becomes a space.

    Args:
        vectors: The words and vectors.
        path: The file of vectors.
        settings: Which words to write.

    Raises:
        StorageError: `path` is the name of the file of words.
    """
    metadata = metadata_file(path)
    words = [_SEPARATORS.sub(" ", word) for word in vectors.words[: settings.max_vectors]]
    with metadata.open("w", encoding="utf-8", newline="\n") as file:
        if vectors.counts is None:
            file.writelines(f"{word}\n" for word in words)
        else:
            file.write("word\tcount\n")
            file.writelines(f"{word}\t{count}\n" for word, count in zip(words, vectors.counts.tolist(), strict=False))
    with path.open("w", encoding="ascii", newline="\n") as file:
        for block in streamed_blocks(vectors, n_words=len(words)):
            rows = decimal_rows(block.astype(np.float32, copy=False), separator="\t")
            file.writelines(f"{row}\n" for row in rows.to_pylist())
