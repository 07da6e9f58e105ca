"""gensim's KeyedVectors, written by gensim, and read from what it has loaded."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import Counts, Offsets
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
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


def word_vectors_of_gensim(gensim_object: Any, name: str) -> WordVectors:
    """Return the vectors of a Word2Vec, with the model that it is, or else of KeyedVectors, whose memory is shared.

    name: what messages call it. Raises ConfigError without words, and StorageError for what does not hold together.
    """
    from gensim.models import Word2Vec as GensimWord2Vec

    # with both losses at once, neither output layer alone is what the model predicts by
    if type(gensim_object) is GensimWord2Vec and bool(gensim_object.hs) != bool(gensim_object.negative):
        import spacy

        from spacy_w2v.formats.gensim._models import model_of_gensim

        return model_of_gensim(gensim_object, name=name, nlp=spacy.blank("xx"), attr="ORTH").word_vectors(name=name)
    keyed_vectors = getattr(gensim_object, "wv", gensim_object)
    # not index_to_key, which has None for rows that are there before their words
    keys = getattr(keyed_vectors, "key_to_index", None) or {}
    found = {str(word): row for word, row in keys.items() if word is not None and word != ""}
    if not found:
        raise ConfigError(f"Word vectors must have words, but {name} has none.")
    matrix = np.asarray(keyed_vectors.vectors)
    of_whole_numbers = all(isinstance(row, int | np.integer) for row in found.values())
    in_table = matrix.ndim == 2 and of_whole_numbers and all(0 <= row < len(matrix) for row in found.values())
    if not in_table or matrix.dtype.kind != "f":
        raise StorageError(f"Word vectors must have a row of numbers for each word, but {name} has others.")
    words = sorted(found, key=lambda word: found[word])
    rows = np.array([found[word] for word in words], np.int64)
    return WordVectors(name, words, rows, matrix, counts=_counts_of_rows(keyed_vectors, rows))


def _counts_of_rows(keyed_vectors: Any, rows: Offsets) -> Counts | None:
    """Return how often the words of some rows were in the corpus, or None where gensim does not know."""
    counts = getattr(keyed_vectors, "expandos", {}).get("count")
    known = (
        isinstance(counts, np.ndarray) and counts.dtype.kind in "iu" and counts.shape == (len(keyed_vectors.vectors),)
    )
    return np.asarray(counts, np.int64)[rows] if known else None
