"""Starting a run from or with subwords: the rows that existing vectors have, and words composed of such rows."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import TokenIds, Vectors
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded
from spacy_w2v.model._composition import composed_vectors
from spacy_w2v.model._postprocessed_matrix import Matrix
from spacy_w2v.model._row_slices import row_slices
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._grafting import MISSING
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.subwords._table import SubwordTable

_KEYWORDS = {"mode": "subwords"}
"""Keyword arguments of `train` whose names differ from those of the settings."""


def check_subwords_of(source: WordVectors, settings: SubwordSettings) -> None:
    """Check that a run with subwords can start from vectors.

    Args:
        source: The vectors.
        settings: The subwords of the run.

    Raises:
        ConfigError: The vectors have other subwords, so that their rows mean others, or words only where words have no
            rows of their own.
    """
    if settings.mode is None:
        return
    table = source.trained_subwords
    if table is None and not settings.has_own_rows:
        raise ConfigError(
            f'Vectors to start from must have subwords with mode = "{settings.mode}", where words have no rows of '
            f"their own, but those of {source.name} have words only. Start from a model with such subwords, set mode = "
            '"fasttext", or leave initial vectors out.'
        )
    if table is None:
        return
    there = table.settings
    names = [name for name in SubwordSettings.model_fields if getattr(settings, name) != getattr(there, name)]
    if not names:
        return
    if "mode" in names:  # the others follow from it, or are compared once it is the same
        names = ["mode"]
    differences = "; ".join(f"{name} is {getattr(settings, name)!r}, there: {getattr(there, name)!r}" for name in names)
    remedy = worded(
        python=f"Pass {', '.join(f'{_KEYWORDS.get(name, name)}={getattr(there, name)!r}' for name in names)}.",
        command_line="Set them as there: "
        + " ".join(f"--w2v.model.subwords.{name} {shlex.quote(str(getattr(there, name)))}" for name in names),
    )
    raise ConfigError(
        f"A run must have the subwords of the vectors that it starts from, but those of {source.name} differ: "
        f"{differences}. {remedy}"
    )


@dataclass(frozen=True, eq=False)
class ExtendedMatrix:
    """A matrix of vectors with more rows after its own."""

    first: Matrix
    more: Vectors
    """float32, rows × d."""

    def __getitem__(self, rows: NDArray[np.int64]) -> Vectors:
        """Return n rows, float32[n, d]."""
        vectors = np.empty((len(rows), self.more.shape[1]), np.float32)
        is_more = rows >= len(self.first)
        vectors[~is_more] = self.first[rows[~is_more]]
        vectors[is_more] = self.more[rows[is_more] - len(self.first)]
        return vectors


def with_composed(
    source: WordVectors, rows: NDArray[np.int64], words: Sequence[str]
) -> tuple[ExtendedMatrix, NDArray[np.int64]] | None:
    """Compose the vectors of words that a source lacks, for a run in which each word has a row of its own.

    Args:
        source: The vectors to start from.
        rows: int64[v]; the row of each word in the source, or MISSING.
        words: v; the words of the run.

    Returns:
        The vectors of the source and those that were composed, and the row of each word among them, or MISSING. None if
        the source has no subwords.
    """
    table = source.trained_subwords
    if table is None:
        return None
    missing = np.flatnonzero(rows == MISSING)
    shares = table.trained_shares([words[place] for place in missing.tolist()])
    places = missing[shares > 0]
    more = composed_vectors(source, [words[place] for place in places.tolist()])
    with_more = rows.copy()
    with_more[places] = len(source.matrix) + np.arange(len(places))
    return ExtendedMatrix(source.matrix, more), with_more


def check_finite_table(table: SubwordTable, *, name: str) -> None:
    """Raise ConfigError for a row of subwords that is not finite. name: the name of the vectors, for the error."""
    for some in row_slices(len(table.matrix), table.vector_size):
        if not np.isfinite(table.matrix[some]).all():
            raise ConfigError(f"Vectors to start from must be finite numbers, but subwords of {name} have others.")


def known_buckets(source: WordVectors | None) -> TokenIds | None:
    """Return the buckets whose rows vectors to start from have, uint32; None for none."""
    return None if source is None or source.trained_subwords is None else source.trained_subwords.buckets


def origins_of_subwords(
    source: WordVectors, rows: NDArray[np.int64], inputs: InputRows
) -> tuple[Matrix, NDArray[np.int64]]:
    """Return a matrix of the source, and the row in it of each row of the run's table, or MISSING.

    Vectors without subwords are the first rows of words, as with -pretrainedVectors of fastText (`FastText::getInput
    MatrixFromFile`): a word then starts with the direction of its vector, and a length that is divided by its rows.

    Args:
        source: The vectors to start from.
        rows: int64[v]; the row of each word in the source, or MISSING.
        inputs: The rows of the run's table.
    """
    assert inputs.buckets is not None
    n_own = inputs.n_rows - len(inputs.buckets)
    own = rows[:n_own]
    table = source.trained_subwords
    if table is None:
        return source.matrix, np.concatenate([own, np.full(len(inputs.buckets), MISSING)])
    # own rows are in the order of the words, rows of the matrix need not be
    own = np.where(own == MISSING, MISSING, source.word_of_row[own]) if table.n_words else np.full(n_own, MISSING)
    own = np.where(own < table.n_words, own, MISSING)
    return table.matrix, np.concatenate([own, _places_in(table.buckets, inputs.buckets, first=table.n_words)])


def _places_in(known: TokenIds, buckets: TokenIds, *, first: int) -> NDArray[np.int64]:
    """Return the row of each bucket, int64, or MISSING.

    Args:
        known: The buckets that have rows.
        buckets: The buckets to find.
        first: The row of the first of `known`.
    """
    if not len(known):
        return np.full(len(buckets), MISSING)
    order = np.argsort(known)
    places = order[np.minimum(np.searchsorted(known, buckets, sorter=order), len(known) - 1)]
    return np.where(known[places] == buckets, first + places, MISSING)
