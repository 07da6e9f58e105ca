"""Models of any architecture and loss without training: words with given counts, and random or given weights."""

import dataclasses

import numpy as np
import pyarrow as pa

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, RunRecord, VocabularySummary, parse_record
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.reports._facts import collect_facts
from spacy_w2v.reports._markdown import make_report


def make_model(counts, *, weights=None, scale=0.5, words=None, **model_settings):
    """Return a model with these settings of [w2v.model]; words are w0, w1, … unless they are given.

    weights: the input and the output matrix; None for normal numbers with this scale.
    """
    settings = parse_settings({"model": {"vector_size": 10, **model_settings}})
    n_words, d = len(counts), settings.model.vector_size
    if weights is None:
        n_outputs = n_words - (settings.model.loss == "hierarchical-softmax")
        generator = np.random.default_rng(0)
        weights = [generator.normal(scale=scale, size=(n_rows, d)) for n_rows in (n_words, n_outputs)]
    words = words or [f"w{rank}" for rank in range(n_words)]
    forms = {"orth": pa.array(words, pa.large_string()), "word": pa.array(range(n_words), pa.uint32())}
    return spacy_w2v.Word2Vec(
        vocabulary=Vocabulary(words, np.array(counts, np.int64), pa.table({**forms, "count": pa.array(counts)})),
        parameters={name: np.array(each, np.float32) for name, each in zip(("input", "output"), weights, strict=True)},
        config='[nlp]\nlang = "en"\n',
        record=RunRecord.of(settings, _found(counts), lang="en", versions={}),
    )


def _found(counts):
    return CorpusSummary(
        corpus=CorpusRecord(source="made for a test", n_documents=1, n_tokens=int(sum(counts)), n_types=len(counts)),
        vocabulary=VocabularySummary(n_words=len(counts), coverage=1.0),
    )


def with_record(model, **blocks):
    """Return a model with other values in blocks of its record, such as tokens={"attr": "ORTH"}."""
    meta = model.meta
    for block, values in blocks.items():
        meta[block] |= values
    return dataclasses.replace(model, record=parse_record(RunRecord, meta, path="meta.json"))


def markdown_report(model, **options):
    """Return the report on a model in Markdown. The options are those of `collect_facts`."""
    return make_report(collect_facts(model.word_vectors(), **options))


def paths_of(tree):
    """Return the path of each word as a list of (node, code)."""
    return [
        list(zip(tree.nodes[start:stop].tolist(), tree.codes[start:stop].tolist(), strict=True))
        for start, stop in zip(tree.offsets[:-1], tree.offsets[1:], strict=True)
    ]


def cosine(left, right):
    """Cosine of two vectors in float64; -2 if one is zero, which is below all others."""
    norms = np.linalg.norm(left) * np.linalg.norm(right)
    return float(left.astype(np.float64) @ right / norms) if norms else -2.0
