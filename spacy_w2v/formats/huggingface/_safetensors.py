"""Vectors in .safetensors files, with their words beside them.

The file has the array "embeddings", a row for each word, and "counts" (int64) if they are known. The words are in a
JSON file: an object with the row of each word, as vocab.json of word-level and BPE tokenizers. A tokenizer.json with a
word-level tokenizer is read instead of it, as model2vec writes one.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v._atomic import parse_json, read_bounded
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._matrices import Rows, copy_matrix
from spacy_w2v.model._arrays import Array
from spacy_w2v.model._safetensors import read_tensors, write_tensors
from spacy_w2v.model._word_vectors import WordVectors

SUFFIX = ".safetensors"
EMBEDDINGS, COUNTS = "embeddings", "counts"
NAMES_OF_EMBEDDINGS = (EMBEDDINGS, "embedding.weight")
"""The array of vectors, as model2vec and sentence-transformers call it."""

TENSORS_FILE, VOCABULARY_FILE, TOKENIZER_FILE = "model.safetensors", "vocab.json", "tokenizer.json"
"""The names in directories."""

ATTRS = ("ORTH", "LOWER", "NORM", "LEMMA", "KEY")


class Words(NamedTuple):
    """The words of a file of vectors."""

    rows: dict[str, int]
    """The row of each word."""
    attr: str | None
    """The token attribute that they are, as far as the file says."""


def vocabulary_file(path: Path) -> Path:
    """Return the file of the words beside a file of vectors: vocab.json for model.safetensors."""
    return path.with_name(VOCABULARY_FILE if path.name == TENSORS_FILE else f"{path.stem}.{VOCABULARY_FILE}")


def write_safetensors(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write vectors, and their words to a file beside.

    Args:
        vectors: The words and vectors.
        path: The file.
        settings: Which words to write, and the type of the numbers.
    """
    words = vectors.words[: settings.max_vectors]
    arrays: dict[str, Array] = {EMBEDDINGS: selected_matrix(vectors, settings)}
    if vectors.counts is not None:
        arrays[COUNTS] = np.asarray(vectors.counts[: len(words)], np.int64)
    write_tensors(path, arrays, metadata=describe(vectors))
    vocabulary = json.dumps({word: row for row, word in enumerate(words)}, ensure_ascii=False)
    vocabulary_file(path).write_text(vocabulary + "\n", encoding="utf-8")


def selected_matrix(vectors: WordVectors, settings: ExportSettings) -> Rows:
    """Return the vectors that settings select, in the order of the words, if possible without a copy."""
    matrix = vectors.matrix
    if isinstance(matrix, np.ndarray) and vectors.in_order and matrix.dtype == settings.dtype:
        return matrix[: settings.max_vectors]
    return copy_matrix(vectors, n_words=settings.max_vectors, dtype=settings.dtype)


def describe(vectors: WordVectors) -> str:
    """Return the metadata of a file: the token attribute of the words, and their language, as JSON."""
    known = {"attr": vectors.attr, "lang": vectors.lang}
    return json.dumps({name: value for name, value in known.items() if value is not None})


def has_vectors(directory: Path) -> bool:
    """Return whether a directory holds a file of vectors and a file of words, as the Hub's repositories do."""
    words = (VOCABULARY_FILE, TOKENIZER_FILE)
    return (directory / TENSORS_FILE).is_file() and any((directory / name).is_file() for name in words)


def read_safetensors(path: Path, name: str) -> WordVectors:
    """Read vectors, which are memory-mapped.

    Args:
        path: The file, or a directory with model.safetensors.
        name: The name in messages.

    Raises:
        StorageError: A file is missing or damaged, or has no word vectors.
    """
    path = path / TENSORS_FILE if path.is_dir() else path
    tensors = read_tensors(path)
    matrix = _embeddings(tensors.arrays, path)
    found = _read_words(path)
    words = sorted(found.rows, key=lambda word: found.rows[word])
    if not words or found.rows[words[0]] < 0 or found.rows[words[-1]] >= len(matrix):
        last = found.rows[words[-1]] if words else -1
        raise StorageError(
            f"{path} must have a row for each word, but there are {len(words):,} words with rows up to {last}, and "
            f"{len(matrix):,} rows. It is damaged, or its words are those of another file."
        )
    rows = np.array([found.rows[word] for word in words], np.int64)
    known = _described(tensors.metadata)
    return WordVectors(
        name,
        words,
        rows,
        matrix,
        counts=_counts(tensors.arrays, rows, n_rows=len(matrix)),
        attr=known.get("attr", found.attr),
        lang=known.get("lang"),
    )


def _embeddings(arrays: dict[str, Array], path: Path) -> Array:
    """Return the matrix of the vectors: the one with a usual name, or the only one."""
    matrices = {
        name: array
        for name, array in arrays.items()
        if array.ndim == 2 and array.shape[1] > 0 and array.dtype.kind == "f"
    }
    name = next((name for name in NAMES_OF_EMBEDDINGS if name in matrices), None)
    if name is None and len(matrices) == 1:
        (name,) = matrices
    if name is None:
        raise StorageError(
            f"{path} must have a matrix of numbers with the name {EMBEDDINGS}, but its arrays are: "
            f"{', '.join(sorted(arrays)) or 'none'}."
        )
    return matrices[name]


def _counts(arrays: dict[str, Array], rows: NDArray[np.int64], *, n_rows: int) -> Counts | None:
    """Return the counts of the words of some rows, if the file has them."""
    counts = arrays.get(COUNTS)
    if counts is None or counts.dtype != np.int64 or counts.shape != (n_rows,) or (counts < 0).any():
        return None
    return np.array(counts[rows])


def _described(metadata: str) -> dict[str, str]:
    """Return what `describe` wrote, as far as it is valid."""
    try:
        values = json.loads(metadata or "{}")
    except (ValueError, RecursionError):
        return {}
    known = values if isinstance(values, dict) else {}
    valid = {name: value for name, value in known.items() if name in ("attr", "lang") and isinstance(value, str)}
    return {name: value for name, value in valid.items() if name != "attr" or value in ATTRS}


def _read_words(path: Path) -> Words:
    """Return the words of a file of vectors. Raises StorageError if there are none beside it."""
    vocabulary, tokenizer = vocabulary_file(path), path.with_name(TOKENIZER_FILE)
    if vocabulary.is_file():
        return Words(_rows(parse_json(read_bounded(vocabulary), name=str(vocabulary)), vocabulary), None)
    if tokenizer.is_file():
        return _of_tokenizer(parse_json(read_bounded(tokenizer), name=str(tokenizer)), tokenizer)
    raise StorageError(
        f"The words of {path.name} must be in {vocabulary.name} beside it, but {vocabulary} does not exist. Copy both "
        "files."
    )


def _of_tokenizer(content: object, path: Path) -> Words:
    """Return the words of a tokenizer.json, without special tokens."""
    values = content if isinstance(content, dict) else {}
    model, added = values.get("model"), values.get("added_tokens")
    kind = model.get("type") if isinstance(model, dict) else None
    if not isinstance(model, dict) or kind != "WordLevel":
        raise StorageError(
            f"{path} must have a tokenizer of words (WordLevel), was: {kind!r:.50}. The tokens of others are parts of "
            "words, which have no vectors of their own here."
        )
    tokens = [token for token in added if isinstance(token, dict)] if isinstance(added, list) else []
    special = {str(token.get("content")) for token in tokens if token.get("special") is True}
    rows = _rows(model.get("vocab"), path)
    normalizer = values.get("normalizer")
    lower = isinstance(normalizer, dict) and normalizer.get("type") == "Lowercase"
    left_out = special | {str(model.get("unk_token"))}
    return Words({word: row for word, row in rows.items() if word not in left_out}, "LOWER" if lower else None)


def _rows(content: object, path: Path) -> dict[str, int]:
    """Return the row of each word. Raises StorageError if the content of a file is anything else."""
    if not isinstance(content, dict) or not all(type(row) is int for row in content.values()):
        raise StorageError(f"{path} must be an object with the row of each word, but is not. It is damaged.")
    return content
