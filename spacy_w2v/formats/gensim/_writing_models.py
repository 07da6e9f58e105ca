"""A model as gensim's Word2Vec, whole: to be trained further there."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Tree, Vectors
from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._schema import (
    ALPHA,
    ALPHA_OF_MEANS,
    ExportSettings,
    TrainingSettings,
)
from spacy_w2v.formats._matrices import passing_rows, write_matrix
from spacy_w2v.formats.gensim._keyed_vectors import COMPRESSED, fill_words
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.objectives._architectures import Architecture
from spacy_w2v.objectives._registry import architecture_of
from spacy_w2v.objectives._subsampling import keep_probabilities

FLOATS_IN_ONE_FILE = 10 * 1024**2
"""Smaller matrices are within gensim's own file; larger ones are files beside it, as gensim has it."""


def make_gensim_model(model: TrainedModel) -> Any:  # Any: gensim has no types
    """Return a gensim.models.Word2Vec with words, counts, both matrices, tree and hyper-parameters.

    It shares no memory with the model, since gensim trains in place. Raises ConfigError for a full softmax, which
    gensim does not have.
    """
    gensim_model = _without_matrices(model)
    output: Vectors = np.zeros((len(model), model.vector_size), np.float32)
    output[: len(model.output_vectors)] = model.output_vectors  # of a tree one row less than words
    gensim_model.wv.vectors = np.array(model.input_vectors, np.float32, order="C")
    setattr(gensim_model, model.objective.for_gensim().outputs, output)
    if model.tree is None:
        gensim_model.make_cum_table()
    return gensim_model


def write_gensim_model(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write what `Word2Vec.load(path)` reads: `path`, and large arrays beside it.

    It is always the whole model: `max_vectors`, `dtype` and `vector_kind` of the settings are for other formats.
    """
    shape = (len(model), model.vector_size)
    if len(model) * model.vector_size < FLOATS_IN_ONE_FILE or path.suffix in COMPRESSED:
        make_gensim_model(model).save(str(path))
        return
    gensim_model, outputs = _without_matrices(model), model.objective.for_gensim().outputs
    gensim_model.wv.vectors = np.zeros((1, 2), np.float32)  # both give way to ours, which so are never in memory
    setattr(gensim_model, outputs, np.zeros((1, 2), np.float32))
    gensim_model.save(str(path), separately=[outputs], sep_limit=2)
    for name, matrix in (("wv.vectors", model.input_vectors), (outputs, model.output_vectors)):
        write_matrix(path.with_name(f"{path.name}.{name}.npy"), passing_rows(matrix), shape=shape, dtype="float32")


def _without_matrices(model: TrainedModel) -> Any:
    """Return a Word2Vec with words, counts, tree and hyper-parameters. Raises ConfigError for a full softmax."""
    gensim_model = _untrained(model)
    _fill_words(gensim_model.wv, model, sample=gensim_model.sample)
    if model.tree is not None:
        _fill_paths(gensim_model.wv, model.tree)
    corpus = model.record.corpus
    gensim_model.corpus_count = corpus.n_sentences
    gensim_model.corpus_total_words = corpus.n_tokens
    gensim_model.raw_vocab = {}
    gensim_model.effective_min_count = gensim_model.min_count
    gensim_model.add_lifecycle_event("created", msg=f"exported by spacy-w2v from a model of {corpus.source}")
    return gensim_model


def _untrained(model: TrainedModel) -> Any:
    """Return a Word2Vec without words, with the hyper-parameters of a model."""
    from gensim.models import Word2Vec

    settings, loss, architecture = model.settings, model.objective.for_gensim(), architecture_of(model.settings)
    vocabulary, training = model.record.vocabulary, model.record.training
    alpha = _alpha(architecture, training)
    return Word2Vec(
        vector_size=model.vector_size,
        alpha=alpha,
        min_alpha=min(alpha, training.min_alpha),
        window=settings.window,
        min_count=vocabulary.min_count,
        max_vocab_size=vocabulary.max_vocab_size,
        max_final_vocab=vocabulary.max_final_vocab,
        sample=training.sample,
        seed=training.seed,
        workers=training.workers or available_cores(),
        sg=architecture.gensim_sg,
        hs=loss.hs,
        negative=loss.negative,
        ns_exponent=settings.ns_exponent,
        cbow_mean=int(settings.cbow_mean),
        epochs=training.epochs,
        shrink_windows=settings.shrink_windows,
    )


def _alpha(architecture: Architecture, training: TrainingSettings) -> float:
    """Return gensim's learning rate: of a step for the mean of a context, each word takes the whole there."""
    alpha = training.alpha or architecture.default_alpha
    return alpha * ALPHA / ALPHA_OF_MEANS if architecture.shares_steps else alpha


def _fill_words(keyed_vectors: Any, model: TrainedModel, *, sample: float) -> None:
    """Put in words, counts, and the thresholds of subsampling as integers of 32 bits."""
    fill_words(keyed_vectors, model.words)
    counts = model.vocabulary.counts
    if model.settings.ns_exponent <= 0:
        counts = np.maximum(counts, 1)  # gensim has no word without tokens, and would divide by zero
    keep = keep_probabilities(model.vocabulary.counts, sample)
    keyed_vectors.expandos["count"] = np.array(counts, np.int64)
    keyed_vectors.expandos["sample_int"] = (keep * (2**32 - 1)).astype(np.uint32)


def _fill_paths(keyed_vectors: Any, tree: Tree) -> None:
    """Put in the path of each word: the codes, and the rows of syn1."""
    keyed_vectors.expandos["code"] = _pieces(tree.codes, tree)
    keyed_vectors.expandos["point"] = _pieces(tree.nodes, tree)


def _pieces(flat: NDArray[Any], tree: Tree) -> NDArray[np.object_]:
    """Return an array with an array for each word, as gensim keeps them."""
    pieces = np.empty(tree.offsets.size - 1, object)
    for word, (start, stop) in enumerate(zip(tree.offsets[:-1], tree.offsets[1:], strict=True)):
        pieces[word] = flat[start:stop].copy()
    return pieces
