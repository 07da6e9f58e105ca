"""Conversion of whole models from and to gensim's Word2Vec and FastText: words, matrices, tree, hyper-parameters.

gensim's Huffman tree has the same expected path length, but breaks ties between equal counts differently, so its inner
nodes differ. No order of the words makes the trees equal. A model from gensim therefore keeps gensim's tree.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Tree, Vectors
from spacy_w2v.config._loading import config_of
from spacy_w2v.config._schema import ExportSettings, W2VSettings
from spacy_w2v.errors import ConfigError, Word2VecError
from spacy_w2v.formats._matrices import streamed_rows, write_matrix
from spacy_w2v.formats._names import names_of_phrases
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.formats.gensim._fasttext import MATRICES, fill_rows, prepare, subwords_of_gensim, write_rows
from spacy_w2v.formats.gensim._hyper_parameters import settings_of, untrained_model
from spacy_w2v.formats.gensim._keyed_vectors import COMPRESSED, fill_words
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, RunRecord
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._vocabulary import Vocabulary, summarize_vocabulary
from spacy_w2v.objectives._input_rows import SUBWORDS
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import keep_probabilities

if TYPE_CHECKING:
    from spacy.language import Language

GensimModel = Any
"""A gensim.models.Word2Vec: gensim has no types."""

FLOATS_IN_ONE_FILE = 10 * 1024**2
"""gensim stores smaller matrices in its own file, and larger ones in files beside it."""


def model_of_gensim(gensim_model: GensimModel, *, name: str, nlp: "Language", attr: str | None = None) -> Word2Vec:
    """Convert gensim's Word2Vec or FastText. The result shares no memory with it.

    Args:
        gensim_model: The Word2Vec or FastText.
        name: Name in messages and in the record of the model.
        nlp: The pipeline whose tokens its words are.
        attr: The token attribute that its words are: ORTH, LOWER or NORM. None for LOWER if all words are in lower
            case, otherwise ORTH.

    Raises:
        ConfigError: The model is neither of them, has not been trained, was trained with both hierarchical softmax and
            negative sampling, or is inconsistent.
    """
    from gensim import models

    if type(gensim_model) not in (models.Word2Vec, models.FastText):
        raise ConfigError(
            f"A model from gensim must be a Word2Vec or a FastText, was: {type(gensim_model).__name__}. You can start "
            "from the word vectors of other models: train(texts, initial=model.wv)."
        )
    try:
        _check_losses(gensim_model, name)
        _check_shapes(gensim_model)
        return _model(gensim_model, name=name, nlp=nlp, attr=attr)
    except Word2VecError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"A model from gensim must be consistent, but {name} is not: {error}") from error


def _model(gensim_model: GensimModel, *, name: str, nlp: "Language", attr: str | None) -> Word2Vec:
    keyed_vectors = gensim_model.wv
    counts = np.array(keyed_vectors.expandos["count"], np.int64)
    order = np.argsort(-counts, kind="stable")  # gensim appends the words of build_vocab(update=True)
    words = [keyed_vectors.index_to_key[index] for index in order]
    if attr is None:
        attr = "LOWER" if all(word == word.lower() for word in words) else "ORTH"
    table = subwords_of_gensim(keyed_vectors, order, name=name)
    settings = settings_of(gensim_model, attr=attr, subwords=table.settings if table is not None else None)
    vocabulary = Vocabulary(words, counts[order], _forms(words, counts[order]))
    tree = None
    if gensim_model.hs:
        tree = _tree_of(keyed_vectors, order)
        output = np.array(gensim_model.syn1[: len(words) - 1], np.float32)
    else:
        output = np.array(gensim_model.syn1neg[order], np.float32)
    return Word2Vec(
        vocabulary=vocabulary,
        parameters={
            "input": np.array(keyed_vectors.vectors[order], np.float32),
            "output": output,
            **({SUBWORDS: table.matrix} if table is not None else {}),
        },
        buckets=table.buckets if table is not None else None,
        config=config_of(nlp, settings),
        record=_record_of(gensim_model, settings, vocabulary, name=name, lang=nlp.lang),
        stored_tree=objective_of(settings.model).stored_tree(tree, vocabulary.counts),
    )


def _check_losses(gensim_model: GensimModel, name: str) -> None:
    if not all(isinstance(word, str) for word in gensim_model.wv.index_to_key):
        raise ConfigError(f"Words must be strings, but some words of {name} are not.")
    if gensim_model.hs and gensim_model.negative:
        raise ConfigError(
            f"A model must have one loss, but {name} was trained with both hierarchical softmax and negative sampling "
            f"(hs=1, negative={gensim_model.negative}). Choose one: set negative = 0 or hs = 0 of the model."
        )
    if len(gensim_model.wv) == 0 or not hasattr(gensim_model, "syn1" if gensim_model.hs else "syn1neg"):
        raise ConfigError(f"A model from gensim must have a vocabulary and output vectors, but {name} has none.")


def _check_shapes(gensim_model: GensimModel) -> None:
    """Raise ValueError unless each word has its vectors, its count and its path in the tree."""
    keyed_vectors, d = gensim_model.wv, gensim_model.vector_size
    n_words = len(keyed_vectors.index_to_key)
    n_outputs = n_words - 1 if gensim_model.hs else n_words  # one fewer inner nodes than words; syn1 has an unused row
    output = gensim_model.syn1[:n_outputs] if gensim_model.hs else gensim_model.syn1neg
    if keyed_vectors.vectors.shape != (n_words, d) or output.shape != (n_outputs, d):
        raise ValueError(f"its matrices do not fit {n_words} words of {d} dimensions")
    if not (np.isfinite(keyed_vectors.vectors).all() and np.isfinite(output).all()):
        raise ValueError("its vectors have numbers that are not finite")
    if len(keyed_vectors.expandos["count"]) != n_words or len(set(keyed_vectors.index_to_key)) != n_words:
        raise ValueError(f"its {n_words} words do not have one count each")
    if gensim_model.hs:
        paths = zip(keyed_vectors.expandos["code"], keyed_vectors.expandos["point"], strict=True)
        sizes = [(len(code), len(point), max(point, default=0), max(code, default=0)) for code, point in paths]
        if len(sizes) != n_words or any(n != m or p >= max(1, n_outputs) or c > 1 for n, m, p, c in sizes):
            raise ValueError(f"its {n_words} words do not have one path each in the tree")


def _tree_of(keyed_vectors: Any, order: NDArray[np.int64]) -> Tree:
    """Return the Huffman tree, whose paths gensim stores with the words."""
    codes = [np.asarray(keyed_vectors.expandos["code"][index], np.uint8) for index in order]
    points = [np.asarray(keyed_vectors.expandos["point"][index], np.uint32) for index in order]
    lengths = [code.size for code in codes]
    return Tree(
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        nodes=np.concatenate(points).astype(np.uint32),
        codes=np.concatenate(codes).astype(np.uint8),
        longest=max(lengths),
    )


def _forms(words: list[str], counts: NDArray[np.int64]) -> pa.Table:
    return pa.table(
        {
            "orth": pa.array(words, pa.large_string()),
            "word": pa.array(np.arange(len(words)), pa.uint32()),
            "count": pa.array(counts),
        }
    )


def _record_of(
    gensim_model: GensimModel, settings: W2VSettings, vocabulary: Vocabulary, *, name: str, lang: str
) -> RunRecord:
    """Return the record of a model from gensim, which stores neither the losses nor the source of the texts."""
    import gensim

    n_tokens = max(gensim_model.corpus_total_words or 0, vocabulary.n_tokens, 1)
    n_sentences = gensim_model.corpus_count or 0
    corpus = CorpusRecord(
        source=name, n_documents=n_sentences, n_sentences=n_sentences, n_tokens=n_tokens, n_types=len(vocabulary)
    )
    summary = summarize_vocabulary(vocabulary, n_tokens=n_tokens, n_types=len(vocabulary), min_count=0)
    found = CorpusSummary(corpus=corpus, vocabulary=summary)
    return RunRecord.of(settings, found, lang=lang, versions={"gensim": gensim.__version__})


def make_gensim_model(model: TrainedModel) -> Any:  # Any: gensim has no types
    """Convert a model to gensim's Word2Vec, with words, counts, both matrices, tree and hyper-parameters.

    A model with the subwords of fastText becomes a FastText, with the rows of words and n-grams. The result shares no
    memory with the model, because gensim trains in place.

    Raises:
        ConfigError: The loss is the full softmax, or the subwords are those of floret, which gensim does not have.
    """
    gensim_model = _without_matrices(model)
    output: Vectors = np.zeros((len(model), model.vector_size), np.float32)
    output[: len(model.output_vectors)] = model.output_vectors  # a tree has one inner node fewer than words
    gensim_model.wv.vectors = np.array(model.input_vectors, np.float32, order="C")
    setattr(gensim_model, model.objective.for_gensim().outputs, output)
    if model.subwords is not None:
        fill_rows(gensim_model.wv, model.subwords)
    if model.tree is None:
        gensim_model.make_cum_table()
    return gensim_model


def write_gensim_model(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Save a whole model for gensim's `Word2Vec.load(path)`, or `FastText.load(path)` if it has subwords.

    Args:
        model: The model.
        path: The file. Large arrays are written beside it.
        settings: Not used: those that a whole model ignores are for other formats.

    Raises:
        ConfigError: The loss is the full softmax, or the subwords are those of floret, which gensim does not have.
    """
    shape, table = (len(model), model.vector_size), model.subwords
    n_rows = len(model) + (table.settings.buckets if table is not None else 0)
    if n_rows * model.vector_size < FLOATS_IN_ONE_FILE or path.suffix in COMPRESSED:
        make_gensim_model(model).save(str(path))
        return
    gensim_model, outputs = _without_matrices(model), model.objective.for_gensim().outputs
    rows = ["vectors"] if table is None else MATRICES
    for holder, name in [(gensim_model, outputs), *((gensim_model.wv, name) for name in rows)]:
        setattr(holder, name, np.zeros((1, 2), np.float32))  # replaced below, so that no copy is ever in memory
    gensim_model.save(str(path), separately=[outputs], sep_limit=2)
    matrices = {outputs: model.output_vectors}
    if table is not None:
        write_rows(table, path, prefix="wv.", n_words=len(model), dtype="float32")
    else:
        matrices["wv.vectors"] = model.input_vectors
    for name, matrix in matrices.items():
        write_matrix(path.with_name(f"{path.name}.{name}.npy"), streamed_rows(matrix), shape=shape, dtype="float32")


def _without_matrices(model: TrainedModel) -> Any:
    """Return a Word2Vec or FastText with words, counts, tree and hyper-parameters. Raises ConfigError as others do."""
    gensim_model = untrained_model(model)
    if model.subwords is not None:
        prepare(gensim_model.wv)
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


def _fill_words(keyed_vectors: Any, model: TrainedModel, *, sample: float) -> None:
    """Set words, counts, and the subsampling thresholds as 32-bit integers."""
    delimiter = model.record.phrases.delimiter_in_files if model.subwords is None else None  # they depend on the name
    fill_words(keyed_vectors, names_of_phrases(model.words, delimiter))
    counts = model.vocabulary.counts
    if model.settings.ns_exponent <= 0:
        counts = np.maximum(counts, 1)  # gensim would divide by zero for words that never occur
    keep = keep_probabilities(model.vocabulary.counts, sample)
    keyed_vectors.expandos["count"] = np.array(counts, np.int64)
    keyed_vectors.expandos["sample_int"] = (keep * (2**32 - 1)).astype(np.uint32)


def _fill_paths(keyed_vectors: Any, tree: Tree) -> None:
    """Set the path of each word: its codes, and the rows of syn1."""
    keyed_vectors.expandos["code"] = _split(tree.codes, tree)
    keyed_vectors.expandos["point"] = _split(tree.nodes, tree)


def _split(flat: NDArray[Any], tree: Tree) -> NDArray[np.object_]:
    """Return an object array with an array for each word, as gensim stores paths."""
    paths = np.empty(tree.offsets.size - 1, object)
    for word, (start, stop) in enumerate(zip(tree.offsets[:-1], tree.offsets[1:], strict=True)):
        paths[word] = flat[start:stop].copy()
    return paths
