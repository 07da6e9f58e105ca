"""Starting a run from existing vectors: matching them to its vocabulary, and copying them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Parameters, Tree
from spacy_w2v._system.hashing import sha256_of
from spacy_w2v.config._initial import InitialSettings
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._opening import vectors_of
from spacy_w2v.keys._sense_names import texts_of_keys
from spacy_w2v.model._postprocessed_matrix import Matrix
from spacy_w2v.model._run_record import InitialSummary
from spacy_w2v.model._senses import KEYED
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._grafting import MISSING
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.objectives._objective import OutputOrigins, OutputSource
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.training._matched_words import matched_rows
from spacy_w2v.training._subword_start import (
    ExtendedMatrix,
    check_finite_table,
    check_subwords_of,
    origins_of_subwords,
    with_composed,
)

ROWS_COPIED = 4096
"""Rows that are copied at a time."""

Origins: TypeAlias = tuple[Matrix | ExtendedMatrix, NDArray[np.int64]]
"""A matrix, and for each of n rows its row in it, or MISSING."""


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """Initial vectors that are matched to a vocabulary."""

    source: WordVectors
    rows: NDArray[np.int64]
    """v; the row of each word in the source, or MISSING."""
    outputs: OutputOrigins | None
    """The origins of the output vectors; None to start from untrained ones."""
    composed: tuple[ExtendedMatrix, NDArray[np.int64]] | None = None
    """As from `with_composed`, in a run without subwords; None if no words are composed."""

    @property
    def tree(self) -> Tree | None:
        """The source's tree of hierarchical softmax, adapted to the vocabulary; None to build a new tree."""
        return self.outputs.tree if self.outputs is not None else None

    def fill(self, parameters: Parameters, inputs: InputRows) -> None:
        """Copy the vectors of the source.

        Args:
            parameters: The trained parameters, which may be padded.
            inputs: The rows of the input weights among them.
        """
        origins: dict[str, tuple[Matrix | ExtendedMatrix, NDArray[np.int64]]] = {
            inputs.parameter: self.input_origins(inputs)
        }
        if self.outputs is not None and self.source.output is not None:
            origins["output"] = (self.source.output, self.outputs.rows)
        model = self.source.model
        if model is not None and self.outputs is not None:  # such as biases, which belong to both kinds of vectors
            others = parameters.keys() & model.parameters.keys() - {"input", "output", inputs.parameter}
            origins |= {name: (model.parameters[name], self.rows) for name in others}
        for name, (vectors, rows_of_source) in origins.items():
            for places, rows in _blocks(rows_of_source):
                found = vectors[rows]
                if found.ndim > 1:
                    parameters[name][places, : found.shape[1]] = found
                else:
                    parameters[name][places] = found

    def input_origins(self, inputs: InputRows) -> Origins:
        """Return a matrix of the source, and the row in it of each of the input rows, or MISSING."""
        if inputs.buckets is None:
            return self.composed or (self.source.matrix, self.rows)
        return origins_of_subwords(self.source, self.rows, inputs)

    @property
    def found(self) -> NDArray[np.bool_]:
        """bool[v]; whether the source has each word, or composes it for a run without subwords."""
        rows = self.rows if self.composed is None else self.composed[1]
        found: NDArray[np.bool_] = rows != MISSING
        return found

    def summary(self, counts: Counts, *, freeze: bool) -> InitialSummary:
        """Return how many words were found in the source.

        Args:
            counts: v; counts of the words.
            freeze: Whether the vectors found are not trained.
        """
        n_found = int(self.found.sum())
        return InitialSummary(
            source=self.source.name,
            n_source_words=len(self.source.words),
            n_source_repeated=self.source.n_repeated,
            n_found=n_found,
            n_new=self.rows.size - n_found,
            n_without_tokens=int((counts == 0).sum()),
            outputs=self.outputs is not None,
            frozen=freeze,
        )

    def describe(self, counts: Counts, inputs: InputRows, *, freeze: bool) -> str:
        """Return a message about the words found.

        Args:
            counts: As for `summary`.
            inputs: The rows of the input weights.
            freeze: As for `summary`.
        """
        found = self.summary(counts, freeze=freeze)
        parts = []
        if inputs.buckets is None or inputs.n_rows > len(inputs.buckets):  # otherwise words have no rows of their own
            parts.append(f"it has vectors for {found.n_found:,} of {self.rows.size:,} words")
        if self.composed is not None and (n_composed := len(self.composed[0].more)):
            parts.append(f"of which {n_composed:,} are composed of its subwords")
        if self.source.trained_subwords is not None and inputs.buckets is not None:
            _, origins = self.input_origins(inputs)
            n_rows = np.count_nonzero(origins[inputs.n_rows - len(inputs.buckets) :] != MISSING)
            has = "" if parts else "it has "
            parts.append(f"{has}rows for {n_rows:,} of {len(inputs.buckets):,} subwords")
        if found.n_source_repeated:
            parts.append(f"repeated words skipped: {found.n_source_repeated:,}")
        if found.n_without_tokens:
            parts.append(f"words that are not in the corpus: {found.n_without_tokens:,}")
        if freeze:
            parts.append("its vectors are not trained")
        parts.append(f"output vectors start {'from it' if found.outputs else 'untrained'}")
        return f"Starting from {found.source}: {', '.join(parts)}"

    def digest(self, inputs: InputRows) -> str:
        """Return a hash of the rows and vectors found.

        inputs: The rows of the input weights.
        """
        matrix, origins = self.input_origins(inputs)
        found = (matrix[rows].tobytes() for _, rows in _blocks(origins))
        return sha256_of(chain([origins.tobytes()], found))


def vectors_to_start_from(source: Any, *, argument: str = "source") -> WordVectors:  # Any: what `open_vectors` accepts
    """Open vectors to start from.

    Args:
        source: As for `open_vectors`.
        argument: Name of the argument that was given, for errors.

    Returns:
        A `WordVectors` as it is. Of anything else that is a model, its input vectors as they were trained, whatever its
        record says, because training continues from them.

    Raises:
        ConfigError: As for `open_vectors`.
        StorageError: As for `open_vectors`.
    """
    opened = vectors_of(source, argument=argument)
    if opened.model is None or isinstance(source, WordVectors):
        return opened
    return opened.model.word_vectors("input", name=opened.name, postprocess=None)


def open_initial_vectors(
    settings: InitialSettings, given: WordVectors | None, *, model: ModelSettings
) -> WordVectors | None:
    """Return the vectors to start from, or None.

    Args:
        settings: The settings `[w2v.initial]`.
        given: Vectors to use instead of those that the settings name.
        model: The settings of the model. The vectors must have its number of dimensions, and its subwords if both have
            some.

    Raises:
        StorageError: The vectors cannot be read.
        ConfigError: They have another number of dimensions, other subwords, or are not finite; or settings need
            vectors, but there are none.
    """
    source = given
    if source is None and settings.vectors is not None:
        source = vectors_to_start_from(settings.vectors)
    if source is None and (settings.keep_words or settings.freeze):
        name = "keep_words" if settings.keep_words else "freeze"
        remedy = worded(
            python="Pass initial, or set vectors in [w2v.initial] of the config.",
            command_line="Name them with --init, or set [w2v.initial] vectors.",
        )
        raise ConfigError(f"{name} needs vectors to start from, but there are none. {remedy}")
    if source is not None and source.vector_size != model.vector_size:
        remedy = worded(
            python=f"Pass vector_size={source.vector_size}, or set it in [w2v.model] of the config.",
            command_line=f"Set [w2v.model] vector_size = {source.vector_size}.",
        )
        raise ConfigError(
            f"vector_size must be that of the vectors to start from, {source.vector_size} in {source.name}, was: "
            f"{model.vector_size}. {remedy}"
        )
    if source is not None:
        check_subwords_of(source, model.subwords)
        _check_finite(source)
    return source


def _check_finite(source: WordVectors) -> None:
    """Raise ConfigError for a vector that is not finite. Training would soon spread it to all vectors."""
    if source.trained_subwords is not None:
        check_finite_table(source.trained_subwords, name=source.name)
    for first in range(0, len(source.matrix), ROWS_COPIED):
        finite = np.isfinite(source.matrix[first : first + ROWS_COPIED]).all(axis=1)
        if not finite.all():
            row = first + int(np.flatnonzero(~finite)[0])
            word = source.words[int(np.flatnonzero(source.rows == row)[0])] if row in source.rows else f"row {row}"
            raise ConfigError(
                f"Vectors to start from must be finite numbers, but that of '{word}' in {source.name} is not. Remove "
                "it first."
            )


def match(source: WordVectors, vocabulary: Vocabulary, *, attr: str, model: ModelSettings) -> StartingPoint:
    """Match vectors to the vocabulary of a run.

    Output vectors are used if they have the same meaning in the run: those of words for negative sampling and the full
    softmax, those of nodes, with their tree, for hierarchical softmax. Without subwords in the run, words that the
    source lacks are composed of its subwords, if it has some.

    Args:
        source: The vectors to start from.
        vocabulary: The vocabulary.
        attr: What the words of the corpus are, as in `[w2v.tokens]`.
        model: The settings of the model.
    """
    rows = matched_rows(source, vocabulary.words, attr=attr)
    texts = texts_of_keys(vocabulary.words) if attr in KEYED else vocabulary.words
    composed = with_composed(source, rows, texts) if model.subwords.mode is None else None
    if source.model is None:
        return StartingPoint(source, rows, outputs=None, composed=composed)
    outputs = OutputSource(rows, len(source.matrix), tree=source.tree, tree_kind=source.model.settings.tree)
    origins = objective_of(model).output_origins(outputs, vocabulary.counts)
    return StartingPoint(source, rows, outputs=origins, composed=composed)


def _blocks(rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the indices of words and their rows in blocks, without words that are MISSING."""
    places = np.flatnonzero(rows != MISSING)
    for start in range(0, places.size, ROWS_COPIED):
        block = places[start : start + ROWS_COPIED]
        yield block, rows[block]
