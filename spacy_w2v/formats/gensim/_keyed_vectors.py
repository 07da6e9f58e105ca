"""Conversion from and to gensim's KeyedVectors."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import Counts, Offsets
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._matrices import copy_matrix, streamed_blocks, write_matrix
from spacy_w2v.formats._names import delimiter_of, names_of_phrases
from spacy_w2v.formats.gensim._fasttext import (
    MATRICES,
    fill_rows,
    subwords_of_gensim,
    untrained_keyed_vectors,
    write_rows,
)
from spacy_w2v.model._composition import subwords_of_mode
from spacy_w2v.model._word_vectors import WordVectors

COMPRESSED = (".gz", ".bz2")
"""File name suffixes with which gensim compresses what it saves, with arrays as .npz."""


def make_keyed_vectors(
    vectors: WordVectors, *, max_vectors: int | None = None, dtype: str = "float32"
) -> Any:  # Any: gensim has no types
    """Return gensim's KeyedVectors with words, vectors and, if they are known, counts.

    Vectors with the subwords of fastText become FastTextKeyedVectors.

    Args:
        vectors: The words and vectors.
        max_vectors: Number of vectors to keep, those of the first words. None for all.
        dtype: Data type of the vectors, "float32" or "float16". If the vectors have that type, are in the order of the
            words and are not computed on access, the result shares their memory.
    """
    keyed_vectors = _without_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
    n_words, matrix = len(keyed_vectors.index_to_key), vectors.matrix
    if isinstance(matrix, np.ndarray) and vectors.in_order and matrix.dtype == dtype:
        keyed_vectors.vectors = matrix[:n_words]
    else:
        keyed_vectors.vectors = copy_matrix(vectors, n_words=n_words, dtype=dtype)
    if (table := subwords_of_mode(vectors, "fasttext")) is not None:
        fill_rows(keyed_vectors, table, dtype=dtype)
    return keyed_vectors


def write_keyed_vectors(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Save vectors as KeyedVectors, for `KeyedVectors.load(path, mmap="r")`.

    Vectors with the subwords of fastText are saved as FastTextKeyedVectors.

    Args:
        vectors: The words and vectors.
        path: The file. Its arrays are written beside it.
        settings: Which words and vectors to write.
    """
    max_vectors, dtype = settings.max_vectors, settings.dtype
    table = subwords_of_mode(vectors, "fasttext")
    matrices = ["vectors"] if table is None else [*MATRICES]
    if path.suffix in COMPRESSED:
        keyed_vectors = make_keyed_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
        keyed_vectors.save(str(path), separately=matrices)
        return
    keyed_vectors = _without_vectors(vectors, max_vectors=max_vectors, dtype=dtype)
    keyed_vectors.save(str(path), separately=matrices)  # with empty matrices, which are replaced below
    n_words = len(keyed_vectors.index_to_key)
    if table is not None:
        write_rows(table, path, prefix="", n_words=n_words, dtype=dtype)
        return
    write_matrix(
        path.with_name(f"{path.name}.vectors.npy"),
        streamed_blocks(vectors, n_words=n_words),
        shape=(n_words, vectors.vector_size),
        dtype=dtype,
    )


def _without_vectors(vectors: WordVectors, *, max_vectors: int | None, dtype: str) -> Any:  # Any: gensim has no types
    """Return KeyedVectors with words and, if they are known, counts, but without vectors."""
    from gensim.models import KeyedVectors

    words = vectors.words[:max_vectors]
    if (table := subwords_of_mode(vectors, "fasttext")) is not None:
        keyed_vectors = untrained_keyed_vectors(table, dtype=dtype)
    else:
        keyed_vectors = KeyedVectors(vectors.vector_size, count=0, dtype=np.dtype(dtype))
        words = names_of_phrases(words, delimiter_of(vectors))  # with subwords, another name has other n-grams
    fill_words(keyed_vectors, words)
    if vectors.counts is not None:
        keyed_vectors.expandos["count"] = np.array(vectors.counts[:max_vectors], np.int64)
    return keyed_vectors


def fill_words(keyed_vectors: Any, words: list[str]) -> None:  # Any: gensim has no types
    """Add words to KeyedVectors whose vectors are set later. `add_vectors` would copy a shared matrix."""
    keyed_vectors.index_to_key = list(words)
    keyed_vectors.key_to_index = {word: rank for rank, word in enumerate(words)}


def word_vectors_of_gensim(gensim_object: Any, name: str) -> WordVectors:
    """Return the word vectors of an object of gensim. Those of KeyedVectors share memory; a Word2Vec is converted.

    Args:
        gensim_object: A model with word vectors, or KeyedVectors.
        name: Name in messages.

    Raises:
        ConfigError: It has no words.
        StorageError: Its words and vectors are inconsistent.
    """
    from gensim.models import Word2Vec as GensimWord2Vec

    # a model trained with both losses predicts with both output layers, so it cannot be converted
    losses = [bool(getattr(gensim_object, name_of_loss, False)) for name_of_loss in ("hs", "negative")]
    if type(gensim_object) is GensimWord2Vec and sum(losses) == 1:
        import spacy

        from spacy_w2v.formats.gensim._models import model_of_gensim

        return model_of_gensim(gensim_object, name=name, nlp=spacy.blank("xx"), attr="ORTH").word_vectors(name=name)
    keyed_vectors = getattr(gensim_object, "wv", gensim_object)
    # not index_to_key, which has None for rows without a word
    keys = getattr(keyed_vectors, "key_to_index", None) or {}
    found = {str(word): row for word, row in keys.items() if word is not None and word != ""}
    if not found:
        raise ConfigError(f"Word vectors must have words, but {name} has none.")
    matrix = np.asarray(keyed_vectors.vectors)
    of_whole_numbers = all(isinstance(row, int | np.integer) for row in found.values())
    in_table = matrix.ndim == 2 and of_whole_numbers and all(0 <= row < len(matrix) for row in found.values())
    if not in_table or matrix.dtype.kind != "f":
        raise StorageError(f"Word vectors must have a row of numbers for each word, but {name} does not.")
    words = sorted(found, key=lambda word: found[word])
    rows = np.array([found[word] for word in words], np.int64)
    subwords = subwords_of_gensim(keyed_vectors, rows, name=name)
    counts = _counts_of_rows(keyed_vectors, rows)
    return WordVectors(name, words, rows, matrix, counts=counts, trained_subwords=subwords)


def _counts_of_rows(keyed_vectors: Any, rows: Offsets) -> Counts | None:
    """Return the counts of the words of some rows, or None if gensim does not have them."""
    counts = getattr(keyed_vectors, "expandos", {}).get("count")
    known = (
        isinstance(counts, np.ndarray) and counts.dtype.kind in "iu" and counts.shape == (len(keyed_vectors.vectors),)
    )
    return np.asarray(counts, np.int64)[rows] if known else None
