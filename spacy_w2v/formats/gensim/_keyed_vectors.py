"""Vectors as gensim's KeyedVectors, written by gensim."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config._export import ExportSettings
from spacy_w2v.formats._matrices import matrix_of, passing_blocks, write_matrix
from spacy_w2v.model._word_vectors import WordVectors

COMPRESSED = (".gz", ".bz2")
"""Ends of names by which gensim compresses what it saves, with arrays as .npz."""


def make_keyed_vectors(
    vectors: WordVectors, *, max_vectors: int | None = None, dtype: str = "float32"
) -> Any:  # Any: gensim has no types
    """Return a gensim.models.KeyedVectors with the words, their vectors and, where they are known, their counts.

    Args:
        vectors: The words, which come in their order.
        max_vectors: Only the most frequent words.
        dtype: Of the numbers, "float32" or "float16". It shares the memory of the vectors if they have that type, are
            in the order of the words, and are not the mean of two.
    """
    keyed_vectors = _without_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
    n_words, matrix = len(keyed_vectors.index_to_key), vectors.matrix
    if isinstance(matrix, np.ndarray) and vectors.in_order and matrix.dtype == dtype:
        keyed_vectors.vectors = matrix[:n_words]
    else:
        keyed_vectors.vectors = matrix_of(vectors, n_words=n_words, dtype=dtype)
    return keyed_vectors


def write_keyed_vectors(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write what `KeyedVectors.load(path, mmap="r")` reads: `path` and its arrays beside it."""
    max_vectors, dtype = settings.max_vectors, settings.dtype
    if path.suffix in COMPRESSED:
        keyed_vectors = make_keyed_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
        keyed_vectors.save(str(path), separately=["vectors"])
        return
    keyed_vectors = _without_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
    keyed_vectors.save(str(path), separately=["vectors"])  # with an empty matrix, which gives way to ours
    n_words = len(keyed_vectors.index_to_key)
    write_matrix(
        path.with_name(f"{path.name}.vectors.npy"),
        passing_blocks(vectors, n_words=n_words),
        shape=(n_words, vectors.vector_size),
        dtype=dtype,
    )


def _without_vectors(vectors: WordVectors, *, max_vectors: int | None, dtype: str) -> Any:  # Any: gensim has no types
    """Return a KeyedVectors of words and, where they are known, counts."""
    from gensim.models import KeyedVectors

    keyed_vectors = KeyedVectors(vectors.vector_size, count=0, dtype=np.dtype(dtype))
    fill_words(keyed_vectors, vectors.words[:max_vectors])
    if vectors.counts is not None:
        keyed_vectors.expandos["count"] = np.array(vectors.counts[:max_vectors], np.int64)
    return keyed_vectors


def fill_words(keyed_vectors: Any, words: list[str]) -> None:  # Any: gensim has no types
    """Put words into a KeyedVectors, whose vectors come later: `add_vectors` would copy a matrix that is shared."""
    keyed_vectors.index_to_key = list(words)
    keyed_vectors.key_to_index = {word: rank for rank, word in enumerate(words)}
