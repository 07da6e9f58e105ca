"""Vectors as gensim's KeyedVectors, and in the formats of word2vec.c, written by gensim."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config.schema import ExportSettings, VectorKind
from spacy_w2v.errors import StorageError
from spacy_w2v.model.trained import TrainedModel


def make_keyed_vectors(
    model: TrainedModel, *, max_vectors: int | None = None, dtype: str = "float32", vectors: VectorKind = "input"
) -> Any:
    """Return a gensim.models.KeyedVectors with the words, their vectors and their counts.

    max_vectors: only the most frequent words. dtype: "float32", which shares the model's memory, or "float16".
    vectors: "input", "output" or "mean", of which the last has memory of its own. Raises ConfigError as
    `TrainedModel.vectors` does.
    """
    # Any in the signature: gensim has no types.
    from gensim.models import KeyedVectors

    vocabulary = model.vocabulary.first(max_vectors)
    keyed_vectors = KeyedVectors(model.vector_size, count=0, dtype=np.dtype(dtype))
    keyed_vectors.index_to_key = list(vocabulary.words)
    keyed_vectors.key_to_index = dict(vocabulary.index)
    keyed_vectors.vectors = model.vectors(vectors)[: len(vocabulary)].astype(dtype, copy=False)
    for word, count in zip(vocabulary.words, vocabulary.counts.tolist(), strict=True):
        keyed_vectors.set_vecattr(word, "count", count)
    return keyed_vectors


def write_keyed_vectors(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write what `KeyedVectors.load(path, mmap="r")` reads: `path` and its arrays beside it."""
    keyed_vectors = make_keyed_vectors(
        model, max_vectors=settings.max_vectors, dtype=settings.dtype, vectors=settings.vectors
    )
    keyed_vectors.save(str(path), separately=["vectors"])


def write_word2vec_text(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write the text format of word2vec.c, and the counts to `path` with the suffix .vocab."""
    _write_word2vec(model, path, settings, binary=False)


def write_word2vec_binary(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write the binary format of word2vec.c, and the counts to `path` with the suffix .vocab."""
    _write_word2vec(model, path, settings, binary=True)


def _write_word2vec(model: TrainedModel, path: Path, settings: ExportSettings, *, binary: bool) -> None:
    keyed_vectors = make_keyed_vectors(model, max_vectors=settings.max_vectors, vectors=settings.vectors)
    spaced = next((word for word in keyed_vectors.index_to_key if any(char.isspace() for char in word)), None)
    if spaced is not None:
        raise StorageError(
            f"The word2vec formats hold no words with white space, but the vocabulary has {spaced!r}. "
            "Export to spacy or gensim instead."
        )
    keyed_vectors.save_word2vec_format(str(path), fvocab=str(path.with_suffix(".vocab")), binary=binary)
