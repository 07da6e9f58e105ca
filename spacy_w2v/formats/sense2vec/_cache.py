"""The nearest neighbours of all rows, which sense2vec's `most_similar` looks up instead of computing them."""

from pathlib import Path

import numpy as np
import srsly

from spacy_w2v.errors import ConfigError
from spacy_w2v.model._arrays import read_matrix
from spacy_w2v.model._nearest import nearest_words
from spacy_w2v.model._word_vectors import WordVectors

ROWS_AT_A_TIME = 4096

MAX_BYTES = 2**32 - 1
"""The largest array of msgpack."""


def check_size_of_cache(n_words: int, n_neighbours: int) -> None:
    """Raise ConfigError if the neighbours do not fit into the file, whose arrays are smaller than 4 GiB."""
    most = MAX_BYTES // (4 * max(n_words, 1))
    if n_neighbours > most:
        raise ConfigError(
            f"sense2vec_neighbors must be at most {most:,} for {n_words:,} words, because the file of neighbours can "
            f"have 4 GiB, was: {n_neighbours:,}. Lower it, or set max_vectors."
        )


def write_cache(path: Path, matrix_file: Path, *, n_neighbours: int) -> None:
    """Find the nearest neighbours of all rows, and write them in the layout of sense2vec's 06_precompute_cache.py.

    Its arrays are "indices", int32[v, k], and "scores", float16[v, k], the most similar first. A row itself is left
    out. "start" and "end" are the first row and that after the last, "cutoff" the number of rows among which neighbours
    were looked for.

    Args:
        path: The file of neighbours.
        matrix_file: The file of vectors.
        n_neighbours: The number k of neighbours; there are fewer if there are fewer rows.
    """
    matrix = read_matrix(matrix_file)
    n_words = len(matrix)
    vectors = WordVectors(str(matrix_file), list(map(str, range(n_words))), np.arange(n_words), matrix)
    shape = (n_words, min(n_neighbours, n_words - 1))
    indices = np.repeat(np.arange(n_words, dtype=np.int32)[:, None], shape[1], axis=1)
    scores = np.full(shape, -np.inf, np.float16)  # as in sense2vec for a row itself, if vectors are not finite
    for start in range(0, n_words, ROWS_AT_A_TIME):
        stop = min(start + ROWS_AT_A_TIME, n_words)
        nearest = nearest_words(vectors, np.arange(start, stop), topn=shape[1])
        n_found = nearest.places.shape[1]
        indices[start:stop, :n_found] = nearest.places
        scores[start:stop, :n_found] = nearest.similarities
    values = {"indices": indices, "scores": scores, "start": 0, "end": n_words, "cutoff": n_words}
    srsly.write_msgpack(path, values)
