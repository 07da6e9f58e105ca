"""Reading of fastText's .bin files: words, counts, and the rows of words and of n-grams.

A file must have exactly the layout that fastText writes, up to its last byte, and its sizes must fit each other.
Otherwise, a damaged file or one of another program could be read as wrong vectors.
"""

from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v.config._subwords import MAX_BUCKETS, NO_NGRAMS, SubwordSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.fasttext._layout import (
    BEGINNING,
    DICTIONARY,
    ENTRY,
    HYPER_PARAMETERS,
    HYPER_PARAMETERS_OF_FLORET,
    LARGEST_SUBNORMAL,
    MAGIC,
    OF_WORDS,
    QUANTIZED,
    SHAPE,
    VERSION,
    HyperParameters,
)
from spacy_w2v.formats.fasttext._stream import ByteStream
from spacy_w2v.formats.word2vec._contents import BLOCK_BYTES, open_content
from spacy_w2v.formats.word2vec._reading import MAX_DIMENSIONS
from spacy_w2v.subwords._table import SubwordTable

MODE_OF_FASTTEXT = 1
"""The number that floret writes for the mode fasttext."""


class FastTextFile(NamedTuple):
    """The content of a .bin file."""

    words: list[str]
    """The words (n), which are distinct."""
    counts: Counts
    """The count of each word in the corpus."""
    vectors: Vectors
    """Their composed vectors, n × d."""
    subwords: SubwordTable | None
    """The rows of words and buckets, without buckets whose row is zero; None if words were not divided."""


def is_fasttext(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is one of fastText."""
    return head.startswith(MAGIC.to_bytes(4, "little"))


def read_fasttext(path: Path) -> FastTextFile:
    """Read a .bin file of fastText, which may be compressed. Output vectors and labels are left out.

    Args:
        path: The file.

    Raises:
        StorageError: The file is damaged, of another version, quantized, or has a table of floret.
    """
    with open_content(path) as content:
        stream = ByteStream(content)
        hyper_parameters = _read_hyper_parameters(stream)
        words, counts = _read_words(stream)
        rows, buckets = _read_input(stream, hyper_parameters, n_words=len(words))
        _check_output(stream, hyper_parameters)
    if not hyper_parameters.divides_words:
        return FastTextFile(words, counts, rows, None)
    settings = SubwordSettings(
        mode="fasttext",
        min_n=max(1, hyper_parameters.minn),  # fastText has no n-grams of 0 characters
        max_n=min(NO_NGRAMS, hyper_parameters.maxn),
        buckets=hyper_parameters.bucket,
    )
    table = SubwordTable(settings, buckets, rows, len(words))
    return FastTextFile(words, counts, table.vectors_of_words(words), table)


def _read_hyper_parameters(stream: ByteStream) -> HyperParameters:
    _, version = stream.numbers(BEGINNING, what="a version")
    if version != VERSION:
        raise StorageError(f"{stream.name} must be of version {VERSION} of fastText's format, was: {version}.")
    if 0 < abs(stream.peek(HYPER_PARAMETERS)[-1]) < LARGEST_SUBNORMAL:
        found = stream.numbers(HYPER_PARAMETERS_OF_FLORET, what="its hyper-parameters")
        if found[11] != MODE_OF_FASTTEXT:
            raise StorageError(
                f"{stream.name} must be a model of fastText, but is one of floret. Use its table instead: "
                "model.save_floret_vectors(path), which writes a .floret file."
            )
        found = (*found[:11], *found[13:])
    else:
        found = stream.numbers(HYPER_PARAMETERS, what="its hyper-parameters")
    parameters = HyperParameters(*cast("Any", found))  # Any: struct knows no types
    if not (1 <= parameters.dim <= MAX_DIMENSIONS and 0 <= parameters.bucket <= MAX_BUCKETS):
        raise StorageError(
            f"{stream.name} must have from 1 to {MAX_DIMENSIONS:,} dimensions and up to {MAX_BUCKETS:,} buckets, was: "
            f"{parameters.dim:,} and {parameters.bucket:,}. It is damaged, or not of fastText."
        )
    if parameters.divides_words and max(1, parameters.minn) > NO_NGRAMS:
        raise StorageError(f"n-grams of {stream.name} must have up to {NO_NGRAMS} characters, was: {parameters.minn}.")
    return parameters


def _read_words(stream: ByteStream) -> tuple[list[str], Counts]:
    """Return the words and their counts. Labels of a classifier, which come after them, are passed."""
    n_entries, n_words, n_labels, _, n_pruned = cast(
        "tuple[int, ...]", stream.numbers(DICTIONARY, what="the number of its words")
    )
    least = n_entries * (ENTRY.size + 1)
    too_many = stream.n_left is not None and stream.n_left < least
    if n_words < 1 or n_labels < 0 or n_words + n_labels != n_entries or too_many or n_pruned < -1:
        raise StorageError(
            f"{stream.name} must have as many words as it says ({n_words:,} words and {n_labels:,} labels, together "
            f"{n_entries:,}), but does not. It is truncated or damaged."
        )
    if n_pruned >= 0:
        raise StorageError(f"{stream.name} must have all its n-grams, but is quantized (.ftz). Use the .bin file.")
    words: dict[str, None] = {}
    counts: list[int] = []
    for number in range(1, n_entries + 1):
        what = f"Word {number:,}"
        word = stream.word(what=what)
        count, kind = cast("tuple[int, int]", stream.numbers(ENTRY, what=f"the count of word {number:,}"))
        if number > n_words:
            continue
        text = _decoded(word, where=f"{what} of {stream.name}")
        if text in words or kind != OF_WORDS or count < 0:
            raise StorageError(
                f"{what} of {stream.name} must be a new word with a count, but is {text!r} with the count {count}. The "
                "file is damaged."
            )
        words[text] = None
        counts.append(count)
    return list(words), np.array(counts, np.int64)


def _decoded(word: bytes, *, where: str) -> str:
    """Return a word. Bytes that are not UTF-8, as some published files have, become escapes, as in gensim."""
    if not word:
        raise StorageError(f"{where} must be a word, but is empty. The file is damaged.")
    return word.decode("utf-8", "backslashreplace")


def _read_input(stream: ByteStream, parameters: HyperParameters, *, n_words: int) -> tuple[Vectors, Any]:
    """Return the rows of words and of buckets, without those that are zero, and the buckets of the latter, uint32."""
    n_rows = n_words + parameters.bucket
    _check_shape(stream, (n_rows, parameters.dim), what="rows of words and buckets")
    n_kept = n_rows if parameters.divides_words else n_words
    at_a_time = max(1, BLOCK_BYTES // (4 * parameters.dim))
    room = n_kept if stream.n_left is not None else min(n_kept, at_a_time)
    matrix: Vectors = np.empty((room, parameters.dim), np.float32)
    buckets = []
    end = 0
    for start in range(0, n_kept, at_a_time):
        rows = stream.rows(min(at_a_time, n_kept - start), parameters.dim, what="Vectors")
        numbers = np.arange(start, start + len(rows))
        wanted = (numbers < n_words) | rows.any(axis=1)
        buckets.append((numbers[wanted & (numbers >= n_words)] - n_words).astype(np.uint32))
        n_new = int(np.count_nonzero(wanted))
        if end + n_new > len(matrix):
            matrix.resize((min(n_kept, 2 * (end + n_new)), parameters.dim), refcheck=False)
        matrix[end : end + n_new] = rows[wanted] if n_new < len(rows) else rows
        end += n_new
    stream.skip(4 * (n_rows - n_kept) * parameters.dim, what="all its vectors")
    matrix.resize((end, parameters.dim), refcheck=False)  # in place if the system can do it
    return matrix, np.concatenate(buckets) if buckets else np.zeros(0, np.uint32)


def _check_output(stream: ByteStream, parameters: HyperParameters) -> None:
    """Check that the file ends with output vectors, whose numbers are not needed."""
    n_rows = _check_shape(stream, None, what="output vectors", d=parameters.dim)
    n_bytes = 4 * n_rows * parameters.dim
    if stream.n_left is not None:
        is_complete = stream.n_left == n_bytes
    else:
        stream.skip(n_bytes, what="all its output vectors")
        is_complete = stream.is_at_end()
    if not is_complete:
        raise StorageError(
            f"{stream.name} must end after its {n_rows:,} output vectors, but does not. It is truncated or damaged."
        )


def _check_shape(stream: ByteStream, expected: tuple[int, int] | None, *, what: str, d: int | None = None) -> int:
    """Read the shape of a matrix, and return its number of rows.

    Args:
        stream: The file.
        expected: The shape that it must have; None for any number of rows.
        what: What the rows are, for errors.
        d: The number of columns if only that is known.

    Raises:
        StorageError: The matrix is quantized, has another shape, or is larger than the file.
    """
    (quantized,) = stream.numbers(QUANTIZED, what=what)
    if quantized == 1:
        raise StorageError(f"{stream.name} must have all numbers of its vectors, but is quantized. Use the .bin file.")
    n_rows, n_columns = cast("tuple[int, int]", stream.numbers(SHAPE, what=what))
    fits = (n_rows, n_columns) == expected if expected is not None else n_rows >= 0 and n_columns == d
    n_left = stream.n_left
    if quantized != 0 or not fits or (n_left is not None and n_left < 4 * n_rows * n_columns):
        wanted = "" if expected is None else f" ({expected[0]:,} of {expected[1]:,} numbers)"
        raise StorageError(
            f"{stream.name} must have {what}{wanted} that fit its hyper-parameters and its size, but has {n_rows:,} "
            f"of {n_columns:,} numbers. It is truncated or damaged."
        )
    return n_rows
