"""Vectors of words that a vocabulary lacks, composed of subwords and post-processed like those of words.

Centring and whitening are affine, and a mean of rows that are mapped is the mapped mean. So each row of subwords is
mapped by itself. Rows that were never trained are zero and stay so: they stand for what nothing is known about, and a
word of one known and nine unknown subwords would otherwise have nine tenths of the negative mean of all words.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.config._subwords import SubwordMode
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.model._postprocessed_matrix import Matrix, PostprocessedMatrix

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.subwords._table import SubwordTable


def composed_vectors(vectors: "WordVectors", words: Sequence[str]) -> Vectors:
    """Return the vectors of n words, float32[n, d], composed for those that are not in the vocabulary.

    Args:
        vectors: The vectors, which have subwords.
        words: The words.

    Raises:
        UnknownWordError: A word is not in the vocabulary, and no subword of it was trained.
    """
    found = np.empty((len(words), vectors.vector_size), np.float32)
    is_known = np.array([word in vectors for word in words], np.bool_)
    found[is_known] = vectors.vectors_at(np.array([vectors.row(word) for word in words if word in vectors], np.int64))
    found[~is_known] = _composed(vectors, [word for word in words if word not in vectors])
    return found


def _composed(vectors: "WordVectors", words: list[str]) -> Vectors:
    table = vectors.trained_subwords
    assert table is not None
    composed, shares = table.vectors_and_shares(words)
    if not shares.all():
        raise UnknownWordError(describe_unknown(vectors, words[int(np.flatnonzero(shares == 0)[0])], composing=True))
    if isinstance(vectors.matrix, PostprocessedMatrix):
        transformation = vectors.matrix.transformation
        # of the mean of k rows, of which those trained are mapped by x -> (x - m) A, and the others stay zero
        composed += (1 - shares[:, None]) * transformation.mean
        composed = transformation.apply(composed)
    return composed


def postprocessed_table(table: "SubwordTable", matrix: Matrix) -> "SubwordTable":
    """Return a table of subwords whose rows are post-processed like the vectors of words.

    Args:
        table: The rows as they were trained.
        matrix: The vectors of the words.
    """
    if not isinstance(matrix, PostprocessedMatrix):
        return table
    return replace(table, matrix=matrix.transformation.apply(np.asarray(table.matrix, np.float32)))


def subwords_of_mode(vectors: "WordVectors", mode: SubwordMode) -> "SubwordTable | None":
    """Return the subwords of vectors, post-processed like these, if they are of a mode; otherwise None."""
    table = vectors.trained_subwords
    return vectors.subwords if table is not None and table.settings.mode == mode else None


def describe_unknown(vectors: "WordVectors", word: str, *, composing: bool = False) -> str:
    """Return an error text for a word that is not in the vocabulary: the rule, and what is near.

    Args:
        vectors: The vectors.
        word: The word.
        composing: Whether a word that is composed of subwords would do too.
    """
    rule = f"A word must be in the vocabulary of {len(vectors):,} words"
    if composing:
        rule += ", or have a subword that was trained"
    elif vectors.vector_kind != "input" and vectors.model is not None and vectors.model.subwords is not None:
        rule += f", because subwords make input vectors, and these are of the kind {vectors.vector_kind}"
    return f"{rule}, was: {word!r}. {vectors.near_spellings(word)}"


def check_has_words(vectors: "WordVectors", *, what: str) -> None:
    """Raise ConfigError for a table of subwords without a list of words.

    Args:
        vectors: The vectors.
        what: What needs the words, as the subject of the error.
    """
    if not vectors.words:
        raise ConfigError(
            f"{what} needs a list of words, but {vectors.name} has a table of subwords without one. Name the model "
            "that it was exported from, or a pipeline or file with words."
        )
