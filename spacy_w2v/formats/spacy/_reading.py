"""Reading of the word vectors of a spaCy pipeline."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from spacy.attrs import NAMES
from thinc.util import to_numpy

from spacy_w2v.config._problems import describe_arguments
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._floret_words import find_words
from spacy_w2v.formats.spacy._frequencies import find_frequencies
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.subwords._table import SubwordTable, table_of_all_buckets


def has_rows_of_words(table: Any) -> bool:
    """Return whether a table is spaCy's own with a row for each word, neither floret nor a custom class."""
    from spacy.vectors import Vectors

    return isinstance(table, Vectors) and table.mode == "default"


def is_floret_table(table: Any) -> bool:
    """Return whether a table is spaCy's own in the mode floret, whose rows are those of subwords."""
    from spacy.vectors import Vectors

    return isinstance(table, Vectors) and table.mode == "floret"


def subwords_of_table(table: Any, name: str) -> SubwordTable:  # Any: spaCy's Vectors has no types
    """Return the rows of a table in the mode floret. They share its memory, or are copied from the GPU.

    Args:
        table: The table.
        name: Name in messages.

    Raises:
        ConfigError: Its settings are not those of a table that spaCy and floret read alike.
    """
    try:
        settings = SubwordSettings(
            mode="floret",
            buckets=len(table.data),
            min_n=table.minn,
            max_n=table.maxn,
            hashes=table.hash_count,
            hash_seed=table.hash_seed,
            bow=table.bow,
            eow=table.eow,
        )
    except ValidationError as error:
        raise ConfigError(
            f"The floret vectors of {name} must have settings that floret reads too: {describe_arguments(error)}"
        ) from None
    return table_of_all_buckets(settings, np.asarray(to_numpy(table.data), np.float32))


def _of_floret(nlp: Any, name: str) -> WordVectors:
    """Return the vectors of a pipeline with a table in the mode floret, with its words if this package exported it."""
    table, strings = nlp.vocab.vectors, nlp.vocab.strings
    found, words = subwords_of_table(table, name), find_words(nlp.vocab)
    known = [] if words is None else [place for place, key in enumerate(words.ids.tolist()) if key in strings]
    texts = [] if words is None else [strings[int(words.ids[place])] for place in known]
    return WordVectors(
        name,
        texts,
        np.arange(len(texts)),
        found.vectors(texts),
        counts=None if words is None else words.counts[known],
        attr=NAMES[table.attr],
        lang=nlp.lang,
        nlp=nlp,
        done_before=_postprocess_of(nlp) if words is not None else None,
        trained_subwords=found,
    )


def rows_by_frequency(table: Any) -> NDArray[np.int64]:  # Any: spaCy's Vectors has no types
    """Return the rows that have words, the most frequent first, as far as the table shows it.

    Usually that is the order of the rows. If a file has equal vectors, `spacy init vectors` removes duplicates and
    sorts the rows by value (`Vocab.deduplicate_vectors`). The keys then still have the order of the file.
    """
    rows = np.fromiter((row for row in table.key2row.values() if row >= 0), np.int64)
    first = to_numpy(table.data[:, 0])
    if not np.all(first[:-1] <= first[1:]):
        return np.unique(rows)
    used, places = np.unique(rows, return_index=True)
    return used[np.argsort(places)]


def word_vectors_of_pipeline(nlp: Any, name: str, *, remedy: str = "") -> WordVectors:
    """Return the word vectors of a pipeline. They share its memory, or are copied from the GPU.

    Args:
        nlp: The pipeline. (Any: spaCy's stubs are incomplete.)
        name: Name in messages.
        remedy: What to do if there are no vectors, for the error.

    Returns:
        The words and vectors, with counts if the table was exported by this package. A table in the mode floret has
        subwords, but no words.

    Raises:
        ConfigError: The table has no words, or settings of floret that programs read differently.
    """
    table = nlp.vocab.vectors
    if is_floret_table(table):
        return _of_floret(nlp, name)
    if not has_rows_of_words(table):
        raise ConfigError(
            f"Word vectors must be in a table of spaCy's own class, but those of {name} are in one of another class."
        )
    strings = nlp.vocab.strings
    found = {strings[key]: row for key, row in table.key2row.items() if row >= 0 and key in strings}
    if not found:
        raise ConfigError(f"Word vectors must have words, but {name} has no vectors. {remedy}".rstrip())
    order = rows_by_frequency(table)
    places = np.zeros(len(table.data), np.int64)
    places[order] = np.arange(len(order))
    words = sorted(found, key=lambda word: places[found[word]])
    rows = np.array([found[word] for word in words], np.int64)
    frequencies = find_frequencies(nlp.vocab)
    return WordVectors(
        name,
        words,
        rows,
        table.data if isinstance(table.data, np.ndarray) else table.data.get(),
        counts=None if frequencies is None else frequencies.counts[rows],
        attr=NAMES[table.attr],
        lang=nlp.lang,
        nlp=nlp,
        done_before=_postprocess_of(nlp) if frequencies is not None else None,
    )


def _postprocess_of(nlp: Any) -> str | None:
    """Return how the vectors of a pipeline were post-processed, as its meta data says; None if it says nothing."""
    found: object = nlp.meta.get("w2v")
    for name in ("export", "postprocess"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
