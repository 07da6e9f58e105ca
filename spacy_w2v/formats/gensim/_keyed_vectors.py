"""Vectors as gensim's KeyedVectors, written by gensim."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config._export import ExportSettings, VectorKind
from spacy_w2v.formats._matrices import matrix_of, passing_blocks, write_matrix
from spacy_w2v.model._trained import TrainedModel

COMPRESSED = (".gz", ".bz2")
"""Ends of names by which gensim compresses what it saves, with arrays as .npz."""


def make_keyed_vectors(
    model: TrainedModel, *, max_vectors: int | None = None, dtype: str = "float32", vectors: VectorKind = "input"
) -> Any:  # Any: gensim has no types
    """Return a gensim.models.KeyedVectors with the words, their vectors and their counts.

    max_vectors: only the most frequent words. dtype: "float32", which shares the model's memory, or "float16".
    vectors: "input", "output" or "mean", of which the last has memory of its own. Raises ConfigError as
    `TrainedModel.vectors` does.
    """
    model.objective.check_vectors(vectors)
    keyed_vectors = _without_vectors(model, max_vectors=max_vectors, dtype=dtype)
    n_rows = len(keyed_vectors.index_to_key)
    if dtype == "float32" and vectors != "mean":
        keyed_vectors.vectors = model.vectors(vectors)[:n_rows]
    else:
        keyed_vectors.vectors = matrix_of(model, vectors, n_rows=n_rows, dtype=dtype)
    return keyed_vectors


def write_keyed_vectors(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write what `KeyedVectors.load(path, mmap="r")` reads: `path` and its arrays beside it."""
    model.objective.check_vectors(settings.vectors)
    keyed_vectors = _without_vectors(model, max_vectors=settings.max_vectors, dtype=settings.dtype)
    if path.suffix in COMPRESSED:
        keyed_vectors = make_keyed_vectors(
            model, max_vectors=settings.max_vectors, dtype=settings.dtype, vectors=settings.vectors
        )
    keyed_vectors.save(str(path), separately=["vectors"])
    if path.suffix not in COMPRESSED:  # gensim has written an empty matrix, which gives way to ours
        n_rows = len(keyed_vectors.index_to_key)
        write_matrix(
            path.with_name(f"{path.name}.vectors.npy"),
            passing_blocks(model, settings.vectors, n_rows=n_rows),
            shape=(n_rows, model.vector_size),
            dtype=settings.dtype,
        )


def _without_vectors(model: TrainedModel, *, max_vectors: int | None, dtype: str) -> Any:  # Any: gensim has no types
    """Return a KeyedVectors of words and counts."""
    from gensim.models import KeyedVectors

    vocabulary = model.vocabulary.first(max_vectors)
    keyed_vectors = KeyedVectors(model.vector_size, count=0, dtype=np.dtype(dtype))
    fill_words(keyed_vectors, vocabulary.words)
    keyed_vectors.expandos["count"] = np.array(vocabulary.counts, np.int64)
    return keyed_vectors


def fill_words(keyed_vectors: Any, words: list[str]) -> None:  # Any: gensim has no types
    """Put words into a KeyedVectors, which may be added to."""
    keyed_vectors.index_to_key = list(words)
    keyed_vectors.key_to_index = {word: rank for rank, word in enumerate(words)}
