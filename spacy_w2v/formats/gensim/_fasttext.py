"""Subwords from and to gensim's FastText: the rows of words and of n-grams, which it has in two matrices."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.config._subwords import MAX_BUCKETS, NO_NGRAMS, SubwordSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._matrices import as_dtype, streamed_rows, write_matrix
from spacy_w2v.subwords._ngrams import bucket_ids
from spacy_w2v.subwords._table import SubwordTable, table_of_all_buckets

MATRICES = ("vectors_vocab", "vectors_ngrams")
"""The rows of words and those of buckets, in gensim's FastTextKeyedVectors."""


def untrained_keyed_vectors(table: SubwordTable, *, dtype: str) -> Any:  # Any: gensim has no types
    """Return gensim's FastTextKeyedVectors with the settings of a table, but without words and rows."""
    from gensim.models.fasttext import FastTextKeyedVectors

    found = table.settings
    keyed_vectors = FastTextKeyedVectors(
        table.vector_size, found.min_n, found.max_n, found.buckets, count=0, dtype=np.dtype(dtype)
    )
    prepare(keyed_vectors)
    return keyed_vectors


def prepare(keyed_vectors: Any) -> None:
    """Give FastTextKeyedVectors what gensim expects beside the rows: factors of steps, and matrices without rows."""
    for name in MATRICES:
        setattr(keyed_vectors, name, np.zeros((0, keyed_vectors.vector_size), keyed_vectors.vectors.dtype))
        setattr(keyed_vectors, f"{name}_lockf", np.ones(1, np.float32))


def fill_rows(keyed_vectors: Any, table: SubwordTable, *, dtype: str = "float32") -> None:
    """Set the rows of FastTextKeyedVectors that have words, and the buckets of each word. The rows are copied.

    Args:
        keyed_vectors: The vectors, with their words.
        table: The subwords, whose words begin with these.
        dtype: Data type of the rows.
    """
    words: Sequence[str] = keyed_vectors.index_to_key
    keyed_vectors.vectors_vocab = np.array(as_dtype(table.matrix[: len(words)], dtype))
    ngrams = np.zeros((table.settings.buckets, table.vector_size), dtype)
    ngrams[table.buckets] = as_dtype(table.bucket_rows, dtype)
    keyed_vectors.vectors_ngrams = ngrams
    offsets, buckets = bucket_ids(words, table.settings)
    keyed_vectors.buckets_word = np.split(buckets, offsets[1:-1]) if len(words) else []


def write_rows(table: SubwordTable, path: Path, *, prefix: str, n_words: int, dtype: str) -> None:
    """Write the matrices of FastTextKeyedVectors in blocks of rows, to the files that gensim reads them from.

    Args:
        table: The subwords.
        path: The main file that gensim has saved.
        prefix: The name of the vectors within the object in that file, such as "wv.", or nothing.
        n_words: How many words, from the first.
        dtype: Data type of the files.
    """
    blocks: dict[str, tuple[Iterator[Vectors], int]] = {
        "vectors_vocab": (streamed_rows(table.matrix[:n_words]), n_words),
        "vectors_ngrams": (table.blocks_of_all_buckets(), table.settings.buckets),
    }
    for name, (rows, n_rows) in blocks.items():
        file = path.with_name(f"{path.name}.{prefix}{name}.npy")
        write_matrix(file, rows, shape=(n_rows, table.vector_size), dtype=dtype)


def subwords_of_gensim(keyed_vectors: Any, rows: Offsets, *, name: str) -> SubwordTable | None:
    """Return the subwords of gensim's FastTextKeyedVectors, or None if there are none. Their rows are copied.

    Args:
        keyed_vectors: Any vectors of gensim.
        rows: The row of each word.
        name: Name in messages.

    Raises:
        StorageError: The rows do not fit each other.
    """
    from gensim.models.fasttext import FastTextKeyedVectors

    if not isinstance(keyed_vectors, FastTextKeyedVectors) or keyed_vectors.bucket == 0:
        return None
    if not 0 < keyed_vectors.bucket <= MAX_BUCKETS:
        raise StorageError(f"{name} must have at most {MAX_BUCKETS:,} buckets, has: {keyed_vectors.bucket:,}.")
    # gensim has no n-grams of 0 characters, and words of more than NO_NGRAMS are not expected
    min_n, max_n = max(1, keyed_vectors.min_n), min(NO_NGRAMS, keyed_vectors.max_n)
    if max_n < min_n:
        return None
    d = keyed_vectors.vectors.shape[1]
    own, ngrams = (np.asarray(getattr(keyed_vectors, name, None)) for name in MATRICES)
    fits = own.ndim == 2 and own.shape[1] == d and len(own) > rows.max() and ngrams.shape == (keyed_vectors.bucket, d)
    if not fits or own.dtype.kind != "f" or ngrams.dtype.kind != "f":
        raise StorageError(f"The subwords of {name} must have a row for each word and bucket, but do not.")
    if not np.isfinite(ngrams.sum(dtype=np.float64)):  # NaN and infinity stay in a sum
        raise StorageError(f"The rows of n-grams of {name} must be finite numbers, but some are not.")
    settings = SubwordSettings(mode="fasttext", min_n=min_n, max_n=max_n, buckets=keyed_vectors.bucket)
    of_buckets = table_of_all_buckets(settings, np.asarray(ngrams, np.float32))
    matrix = np.concatenate([np.asarray(own[rows], np.float32), of_buckets.matrix])
    return SubwordTable(settings, of_buckets.buckets, matrix, len(rows))
