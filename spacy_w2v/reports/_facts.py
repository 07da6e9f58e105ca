"""What a report says about word vectors, collected once for the page, Markdown and the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._system.paths import short_names, without_folders
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.evaluation._scores import Scores
from spacy_w2v.inspection._facts import Inspection
from spacy_w2v.inspection._inspection import inspect_vectors
from spacy_w2v.model._nearest import Nearest, nearest_words
from spacy_w2v.model._publishing import published_config
from spacy_w2v.model._run_record import EpochResult, RunRecord
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.plots._projection import Method, projection
from spacy_w2v.reports._records import record_of
from spacy_w2v.reports._sample_words import NAMES_OF_BANDS, one_word_per_row, words_of_bands

N_NEIGHBOURS = 10
"""Nearest words of each word."""


@dataclass(frozen=True)
class WordNeighbours:
    """A word with the words nearest to it."""

    word: str
    rank: int
    """Its place in the vectors, from 1 for the first word, which is the most frequent if counts are known."""
    count: int | None
    """The number of its tokens in the corpus; None if unknown."""
    nearest: tuple[tuple[str, float], ...]
    """The nearest words of the whole table, with their cosine similarities in [-1, 1]."""


@dataclass(frozen=True)
class NeighbourGroup:
    """Words of one kind, such as rare ones, with their neighbours."""

    name: str
    words: tuple[WordNeighbours, ...]


@dataclass(frozen=True, eq=False)
class WordMap:
    """The most frequent words, each with a place on a plane and its neighbours."""

    places: Offsets
    """int64[n]; the words, as indices of `WordVectors.words`, most frequent first."""
    points: NDArray[np.float32]
    """float32[n, 2]; where they are."""
    nearest: Nearest
    """Their nearest words of the whole table, n × k."""
    method: Method
    """How the points were found."""


@dataclass(frozen=True, eq=False)
class ModelFacts:
    """What a report says about word vectors. What is not known is None or empty."""

    vectors: WordVectors
    title: str
    """What the vectors are of: the corpus, otherwise the name that they were opened by."""
    record: RunRecord | None
    """The record of the run that trained them."""
    config: str | None
    """The complete config of the run, as the text of a config file, with files named without their folders."""
    inspection: Inspection | None
    """The rank, spectrum and oddities of the table, with warnings."""
    scores: Scores | None
    groups: tuple[NeighbourGroup, ...]
    """Neighbours of the words that the user named, and of frequent, middle and rare words."""
    word_map: WordMap | None = None

    @property
    def n_rows(self) -> int:
        """The number of different vectors."""
        return len(self.vectors.matrix)

    @property
    def last(self) -> EpochResult | None:
        """The result of the last complete epoch; None if nothing of this kind is known."""
        return self.record.results[-1] if self.record is not None and self.record.results else None

    def settings(self) -> list[tuple[str, str]]:
        """Return the settings of the model, of counting if it learned from counts, and of training, by name.

        They end with what the vector of a word is, unless that is its input vector.
        """
        return [] if self.record is None else [(name, str(value)) for name, value in _settings_of(self.record)]


def collect_facts(
    vectors: WordVectors,
    *,
    words: Sequence[str] = (),
    scores: Scores | None = None,
    n_map_words: int = 0,
    method: Method = "pca",
    inspect: bool = True,
    cache_dir: Path | None = None,
) -> ModelFacts:
    """Return the facts of a report.

    Args:
        vectors: The vectors, from any program.
        words: Words whose neighbours to show first. Unknown words are ignored.
        scores: The scores of the vectors, if they are known.
        n_map_words: The number of words on the map, the most frequent ones; 0 for no map.
        method: How the words of the map are placed: "pca", or "tsne", which needs the extra `maps`.
        inspect: Whether to inspect the table, which takes some seconds for large ones.
        cache_dir: The directory with the encoded corpus of a model, which the inspection compares vectors with; None
            for the user's cache directory.
    """
    record = record_of(vectors)
    return ModelFacts(
        vectors=vectors,
        title=title_of(vectors, record),
        record=record,
        config=None if vectors.model is None else published_config(vectors.model.config),
        inspection=inspect_vectors(vectors, cache_dir=cache_dir) if inspect else None,
        scores=scores,
        groups=_groups_of(vectors, record, words=words),
        word_map=_map_of(vectors, n_words=n_map_words, method=method) if n_map_words else None,
    )


def title_of(vectors: WordVectors, record: RunRecord | None) -> str:
    """Return the source of the corpus, or the name of the vectors, without the folders of a machine."""
    return short_names([vectors.name])[0] if record is None else without_folders(record.corpus.source)


def _settings_of(record: RunRecord) -> Iterator[tuple[str, object]]:
    for name, value in record.model:
        if name != "subwords":
            yield name, value
    yield from _subwords_of(record.model.subwords)
    if objective_of(record.model).spec.counts_cooccurrences:
        yield from record.cooccurrence
    yield from record.training
    if record.export.vector_kind != "input":
        yield "vector_kind", record.export.vector_kind
    if record.postprocessing is not None:
        yield from record.postprocessing.settings().items()


def _subwords_of(settings: SubwordSettings) -> Iterator[tuple[str, object]]:
    """Yield the mode of subwords, and the settings that differ between programs and models."""
    yield "subwords", settings.mode
    if settings.mode is not None:
        names = ("min_n", "max_n", "buckets") if settings.has_own_rows else ("min_n", "max_n", "buckets", "hashes")
        yield from ((f"subwords.{name}", getattr(settings, name)) for name in names)


def _groups_of(vectors: WordVectors, record: RunRecord | None, *, words: Sequence[str]) -> tuple[NeighbourGroup, ...]:
    lang = vectors.lang if record is None else record.lang
    own = [vectors.index[word] for word in dict.fromkeys(words) if word in vectors]
    bands = {"Your words": own}
    bands |= dict(zip(NAMES_OF_BANDS, words_of_bands(vectors, lang=lang, without=own), strict=True))
    every = np.array([place for places in bands.values() for place in places], np.int64)
    nearest = nearest_words(vectors, every, topn=N_NEIGHBOURS)
    found = iter(zip(every.tolist(), nearest.places.tolist(), nearest.similarities.tolist(), strict=True))
    return tuple(
        NeighbourGroup(name, tuple(_with_neighbours(vectors, *next(found)) for _ in places))
        for name, places in bands.items()
        if places
    )


def _with_neighbours(vectors: WordVectors, place: int, places: list[int], similarities: list[float]) -> WordNeighbours:
    nearest = tuple((vectors.words[near], similarity) for near, similarity in zip(places, similarities, strict=True))
    count = None if vectors.counts is None else int(vectors.counts[place])
    return WordNeighbours(vectors.words[place], place + 1, count, nearest)


def _map_of(vectors: WordVectors, *, n_words: int, method: Method) -> WordMap | None:
    """Return the map, without words whose vectors are zero or not finite; None if there are no others."""
    places = one_word_per_row(vectors)[:n_words]
    points = projection(vectors, vectors.rows[places], method=method)
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        return None
    nearest = nearest_words(vectors, places[known], topn=N_NEIGHBOURS)
    return WordMap(places=places[known], points=points[known], nearest=nearest, method=method)
