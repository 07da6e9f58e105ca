"""Writing directories that `Sense2Vec().from_disk` and the component of sense2vec read."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from spacy.strings import StringStore, get_string_id

from spacy_w2v._arrays import Counts
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.config._words import TokensSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._matrices import Rows
from spacy_w2v.formats.sense2vec._cache import check_size_of_cache, write_cache
from spacy_w2v.formats.sense2vec._layout import CACHE_FILE, CONFIG_FILE, COUNTS_FILE, VECTORS_FILE
from spacy_w2v.formats.sense2vec._selection import Selection, select_senses
from spacy_w2v.formats.spacy._key_block import find_key_block
from spacy_w2v.formats.spacy._keys import TableKeys
from spacy_w2v.formats.spacy._table import TableOnDisk
from spacy_w2v.keys._protocol import required_by
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.model._postprocessed_matrix import stored_arrays
from spacy_w2v.model._row_slices import row_slices
from spacy_w2v.model._word_vectors import WordVectors


def write_sense2vec(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write vectors of keys such as "duck|NOUN". Each key has a row, those of the most frequent keys first.

    Vectors keep their lengths: sense2vec's `similarity` returns 1 for any two vectors of the same length.

    Args:
        vectors: The keys and their vectors. Words without a sense are left out.
        path: The directory.
        settings: Which keys to write, the type of the numbers, and the number of neighbours to find before.

    Raises:
        ConfigError: No word has a sense, or the cache of neighbours is too large for its format.
    """
    chosen = select_senses(vectors.words, counts=vectors.counts, max_vectors=settings.max_vectors)
    n_words, n_neighbours = len(chosen.names), settings.sense2vec_neighbors
    check_size_of_cache(n_words, n_neighbours)
    path.mkdir(parents=True, exist_ok=True)
    ids = np.fromiter(map(get_string_id, chosen.names), np.uint64, n_words)
    table = TableOnDisk(
        TableKeys(pa.array(chosen.names, pa.large_string()), ids, np.arange(n_words)),
        lambda: _blocks(vectors, chosen),
        shape=(n_words, vectors.vector_size),
        dtype=settings.dtype,
        name="sense2vec",
    )
    table.strings = StringStore()
    table.to_disk(path)
    config: dict[str, object] = {"senses": chosen.senses, "make_key": "default", "split_key": "default"}
    if _are_lemmas(vectors):  # which its component looks up then
        config["lemmatize"] = True
    (path / CONFIG_FILE).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_counts(path / COUNTS_FILE, ids, None if vectors.counts is None else vectors.counts[chosen.places])
    if n_neighbours:
        write_cache(path / CACHE_FILE, path / VECTORS_FILE, n_neighbours=n_neighbours)


def _are_lemmas(vectors: WordVectors) -> bool:
    """Return whether the words of keys are lemmas, as far as a function of this package made them."""
    if vectors.model is not None:
        block = vectors.model.record.tokens.key_block
    else:
        block = None if vectors.nlp is None else find_key_block(vectors.nlp.vocab)
    if block is None:
        return False
    try:
        function = key_function_of(TokensSettings(keys=block), trusted=False)
    except ConfigError:  # a function of other people, which is not called
        return False
    return function is not None and "token.lemma" in (required_by(function) or ())


def _blocks(vectors: WordVectors, chosen: Selection) -> Iterator[Rows]:
    """Yield the vectors of the chosen words in blocks."""
    rows = vectors.rows[chosen.places]
    stored = stored_arrays(vectors.matrix)
    for some in row_slices(len(rows), vectors.vector_size):
        yield vectors.matrix[rows[some]]
        for part in stored:
            release_mapped(part)


def _write_counts(path: Path, ids: NDArray[np.uint64], counts: Counts | None) -> None:
    """Write the count of each key as JSON, by its hash. Without counts, the list is empty."""
    pairs = [] if counts is None else zip(ids.tolist(), counts.tolist(), strict=True)
    with path.open("w", encoding="ascii") as file:
        file.write("[")
        file.write(",\n".join(f"[{number},{count}]" for number, count in pairs))
        file.write("]\n")
