"""Word vectors with random or given numbers and hostile words, and one chart of each kind."""

import numpy as np
from helpers_model import make_model

from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.plots._map import map_chart
from spacy_w2v.plots._map_points import map_points
from spacy_w2v.plots._movement import movements
from spacy_w2v.plots._movement_chart import movement_chart
from spacy_w2v.plots._similarity import similarities, similarity_chart
from spacy_w2v.plots._spectrum import spectrum_chart, variance_shares
from spacy_w2v.plots._training import training_chart

HOSTILE = [
    "</script>",
    '"quoted"',
    "it's",
    "<!--",
    "a\\b",
    "&amp;",
    "😀",
    "שלום",
    "مرحبا",
    "漢字",
    "two words",
    "\u2028x",
    "__proto__",
    "constructor",
    "\x1b[2J",
    "\u202egnp.exe",
    "W" * 300,
]


def vectors_of(matrix, words=None, counts=None, rows=None):
    matrix = np.asarray(matrix, np.float32)
    words = words or [f"w{i}" for i in range(len(matrix))]
    rows = np.arange(len(words)) if rows is None else np.asarray(rows)
    return WordVectors("made", words, rows, matrix, counts=None if counts is None else np.asarray(counts, np.int64))


def random_vectors(n, d, *, seed=0, **more):
    generator = np.random.default_rng(seed)
    return vectors_of(generator.normal(size=(n, d)) * np.linspace(2, 0.5, d) + generator.normal(size=d), **more)


def hostile_vectors():
    return random_vectors(120, 12, words=HOSTILE + [f"w{i}" for i in range(len(HOSTILE), 120)])


def charts(vectors, *names):
    """The charts of these names, or all."""
    model = make_model([9, 8, 7, 6])
    results = [
        {"epoch": i, "loss": 3.0 / i, "n_pairs": 9, "n_kept": 9, "seconds": i, "words_per_s": 9.0, "alpha": 0.1 / i}
        for i in (1, 2, 3)
    ]
    point = {"ends_epoch": True, "n_tasks_done": 1, "seconds": 1.0}
    history = [
        {
            **point,
            "epoch": i,
            "n_tokens": 30 * i,
            "scores": {"WordSim-353": 0.1 * i, "SimLex-999": None},
            "score": 0.1 * i,
        }
        for i in (1, 2, 3)
    ]
    values = {**model.record.to_json(), "results": results, "evaluation": {"history": history}}
    record = type(model.record).model_validate(values)
    makers = {
        "map": lambda: map_chart(map_points(vectors)),
        "clusters": lambda: map_chart(map_points(vectors, n_clusters=4)),
        "groups": lambda: map_chart(map_points(vectors, groups={vectors.words[0]: "a", vectors.words[3]: "b"})),
        "spectrum": lambda: spectrum_chart({"a": variance_shares(vectors), "b": np.array([0.9, 0.1, 0.0])}),
        "similarity": lambda: similarity_chart(similarities(vectors, vectors.words[:12])),
        "many": lambda: similarity_chart(similarities(vectors, vectors.words[:30])),
        "movement": lambda: movement_chart(movements(vectors, vectors)),
        "training": lambda: training_chart({"first": record}),
        "runs": lambda: training_chart({"first": record, "second": model.record}),
    }
    return {name: makers[name]() for name in names or NAMES}


NAMES = ["map", "clusters", "groups", "spectrum", "similarity", "many", "movement", "training", "runs"]
