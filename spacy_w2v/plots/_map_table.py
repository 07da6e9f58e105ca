"""A map as a table, for programs that show maps: embedding-atlas, datamapplot, or a notebook."""

from pathlib import Path

import numpy as np

from spacy_w2v._atomic import staged_file
from spacy_w2v.model._nearest import nearest_words
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._map_points import MapPoints
from spacy_w2v.plots._projection import unit_rows

N_NEIGHBOURS = 10
MAP_ROWS_AT_A_TIME = 512
"""Words whose distances to all words of the map are computed at a time."""


def write_map_table(points: MapPoints, vectors: WordVectors, path: Path) -> None:
    """Write a map as a Parquet file, with a row for each word.

    Its columns are `word`, `x`, `y`, `rank`, `count` and `group` where they are known, `nearest` (the nearest words of
    the whole vocabulary) and `neighbors` (the nearest rows of this file: `ids` from 0, and `distances`, which are 1
    minus the cosine, as embedding-atlas reads them).

    Args:
        points: The map.
        vectors: Its vectors.
        path: The file. An existing one is replaced.

    Raises:
        StorageError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    places = np.array([vectors.index[word] for word in points.words], np.int64)
    nearest = nearest_words(vectors, places, topn=N_NEIGHBOURS).places
    columns = {
        "word": pa.array(points.words, pa.string()),
        "x": pa.array(points.coordinates[:, 0]),
        "y": pa.array(points.coordinates[:, 1]),
        "rank": pa.array(np.arange(1, len(places) + 1), pa.int64()),
        "nearest": pa.array(
            [[vectors.words[place] for place in row] for row in nearest.tolist()], pa.list_(pa.string())
        ),
        "neighbors": pa.array(
            _neighbours(points, vectors), pa.struct({"ids": pa.list_(pa.int64()), "distances": pa.list_(pa.float64())})
        ),
    }
    if points.counts is not None:
        columns["count"] = pa.array(points.counts, pa.int64())
    if points.grouping.of_words:
        columns["group"] = pa.array(points.grouping.of_words, pa.string())
    with staged_file(path) as staged:
        pq.write_table(pa.table(columns), staged)


def _neighbours(points: MapPoints, vectors: WordVectors) -> list[dict[str, list[float]]]:
    """Return the rows of the nearest words of each word among those of the map, and their distances."""
    unit = unit_rows(vectors.vectors_at(points.rows))
    k = min(N_NEIGHBOURS, len(unit) - 1)
    found = []
    for start in range(0, len(unit), MAP_ROWS_AT_A_TIME):
        cosines = unit[start : start + MAP_ROWS_AT_A_TIME] @ unit.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -np.inf
        ids = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        distances = 1 - np.take_along_axis(cosines, ids, axis=1)
        found += [{"ids": i, "distances": d} for i, d in zip(ids.tolist(), distances.tolist(), strict=True)]
    return found
