"""The words most similar to words or a vector, by cosine similarity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Vectors
from spacy_w2v.config._arguments import check_whole_number
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._composition import check_has_words
from spacy_w2v.model._postprocessed_matrix import PostprocessedMatrix

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors

Query = str | Sequence[str] | ArrayLike
"""A word, several words, or a vector of d numbers."""


def most_similar(
    vectors: "WordVectors",
    word: Query | None,
    *,
    positive: str | Sequence[str] | None,
    negative: str | Sequence[str],
    topn: int,
) -> list[tuple[str, float]]:
    """See `WordVectors.most_similar`."""
    check_whole_number(topn, name="topn", at_least=0)
    check_has_words(vectors, what="A search for neighbours")
    given = word if positive is None else positive
    if given is None or (isinstance(given, str | list | tuple) and all(isinstance(item, str) for item in given)):
        added, subtracted = _as_words(given), _as_words(negative)
        words = added + subtracted
        query = _mean_of(vectors, words, signs=np.repeat([1.0, -1.0], [len(added), len(subtracted)]))
        excluded = np.array([vectors.row(item) for item in words if item in vectors], np.int64)
    else:
        excluded = np.zeros(0, np.int64)
        query = _vector_of_numbers(given, vectors.vector_size)
    similarities = _similarities(vectors, query)
    is_candidate = np.array(vectors.word_of_row >= 0)  # a row without a word cannot be returned
    is_candidate[excluded] = False
    similarities[~is_candidate] = -np.inf
    nearest = np.argsort(-similarities, kind="stable")[: min(topn, np.count_nonzero(is_candidate))]
    return [(vectors.words[vectors.word_of_row[row]], float(similarities[row])) for row in nearest]


def _similarities(vectors: "WordVectors", query: Vectors) -> NDArray[np.float32]:
    """Return the cosine similarity of a vector and each row of the matrix; 0 for rows of zeros."""
    if isinstance(vectors.matrix, PostprocessedMatrix):
        scores, norms = vectors.matrix.products_with(query), vectors.matrix.norms
    else:
        blocks = [(block @ query, np.linalg.norm(block, axis=1)) for block in vectors.row_blocks()]
        scores, norms = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    norms = norms * np.linalg.norm(query)
    similarities: NDArray[np.float32] = np.divide(scores, norms, out=np.zeros_like(scores), where=norms > 0)
    return similarities


def _mean_of(vectors: "WordVectors", words: list[str], *, signs: NDArray[np.float64]) -> Vectors:
    """Return the query vector: that of a single word, or the mean of several vectors scaled to length 1.

    Args:
        vectors: The word vectors.
        words: The words, which may be unknown if their vectors can be composed of subwords.
        signs: 1 for each word that is added, -1 for each that is subtracted.

    Raises:
        ConfigError: There are no words.
        UnknownWordError: A word has no vector.
    """
    if not words:
        raise ConfigError("most_similar needs at least one word or a vector, but got none. Pass a word.")
    found = np.asarray(vectors[words], np.float32)
    if len(words) == 1 and signs[0] > 0:
        only: Vectors = found[0]
        return only
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    mean: Vectors = (found / np.where(lengths > 0, lengths, 1) * signs[:, None]).mean(axis=0).astype(np.float32)
    return mean


def _vector_of_numbers(numbers: ArrayLike, size: int) -> Vectors:
    """Return numbers as float32[size]. Raises ConfigError for anything else."""
    try:
        vector = np.asarray(numbers, np.float32)
    except (TypeError, ValueError):
        vector = np.zeros(0, np.float32)
    if vector.shape != (size,):
        raise ConfigError(
            f"most_similar takes a word, a list of words, or a vector of {size} numbers, was: {str(numbers)[:60]}"
        )
    return vector


def _as_words(words: str | Sequence[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())
