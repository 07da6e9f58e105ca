"""Models of gensim as ours: words, both matrices, hyper-parameters, and the tree of hierarchical softmax.

gensim's Huffman tree is as good as ours, but breaks ties between equal counts in another way, so its inner nodes are
others. No order of the words makes one into the other. A model from gensim therefore keeps gensim's tree, as
`TrainedModel.own_tree`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Tree
from spacy_w2v.config._loading import config_of
from spacy_w2v.config._schema import ALPHA, ALPHA_OF_MEANS, W2VSettings, parse_settings
from spacy_w2v.errors import ConfigError, Word2VecError
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, RunRecord
from spacy_w2v.model._vocabulary import Vocabulary, summarize_vocabulary
from spacy_w2v.objectives._registry import gensim_names, objective_of

if TYPE_CHECKING:
    from spacy.language import Language

GensimModel = Any
"""A gensim.models.Word2Vec: gensim has no types."""


def model_of_gensim(gensim_model: GensimModel, *, name: str, nlp: "Language", attr: str | None = None) -> Word2Vec:
    """Return a model of ours with all that a gensim.models.Word2Vec has learned, which it shares no memory with.

    name: what messages and meta data call it. nlp: the pipeline whose tokenizer makes such tokens. attr: what its words
    are of a token, ORTH, LOWER or NORM; None for LOWER where all are in lower case, else ORTH. Raises ConfigError for
    what is not a Word2Vec, is not trained yet, is trained with both hierarchical softmax and negative sampling, or does
    not hold together.
    """
    from gensim import models

    if type(gensim_model) is not models.Word2Vec:
        raise ConfigError(
            f"A model from gensim must be a Word2Vec, was: {type(gensim_model).__name__}. Others have more than word "
            "vectors; take their word vectors to start from: train(texts, initial=model.wv)."
        )
    _check_losses(gensim_model, name)
    try:
        _check_shapes(gensim_model)
        return _model(gensim_model, name=name, nlp=nlp, attr=attr)
    except Word2VecError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"A model from gensim must be whole, but {name} is not: {error}") from error


def _model(gensim_model: GensimModel, *, name: str, nlp: "Language", attr: str | None) -> Word2Vec:
    keyed_vectors = gensim_model.wv
    counts = np.array(keyed_vectors.expandos["count"], np.int64)
    order = np.argsort(-counts, kind="stable")  # words of build_vocab(update=True) come last in gensim
    words = [keyed_vectors.index_to_key[index] for index in order]
    if attr is None:
        attr = "LOWER" if all(word == word.lower() for word in words) else "ORTH"
    settings = _settings_of(gensim_model, attr=attr)
    vocabulary = Vocabulary(words, counts[order], _forms(words, counts[order]))
    tree = None
    if gensim_model.hs:
        tree = _tree_of(keyed_vectors, order)
        output = np.array(gensim_model.syn1[: len(words) - 1], np.float32)
    else:
        output = np.array(gensim_model.syn1neg[order], np.float32)
    return Word2Vec(
        vocabulary=vocabulary,
        parameters={"input": np.array(keyed_vectors.vectors[order], np.float32), "output": output},
        config=config_of(nlp, settings),
        record=_record_of(gensim_model, settings, vocabulary, name=name, lang=nlp.lang),
        own_tree=objective_of(settings.model).own_tree(tree, vocabulary.counts),
    )


def _check_losses(gensim_model: GensimModel, name: str) -> None:
    if not all(isinstance(word, str) for word in gensim_model.wv.index_to_key):
        raise ConfigError(f"Words must be strings, but {name} has others.")
    if gensim_model.hs and gensim_model.negative:
        raise ConfigError(
            f"A model must have one loss, but {name} was trained with both hierarchical softmax and negative sampling "
            f"(hs=1, negative={gensim_model.negative}). Choose one of them: set its negative = 0, or its hs = 0."
        )
    if len(gensim_model.wv) == 0 or not hasattr(gensim_model, "syn1" if gensim_model.hs else "syn1neg"):
        raise ConfigError(f"A model from gensim must have a vocabulary and output vectors, but {name} has none.")


def _check_shapes(gensim_model: GensimModel) -> None:
    """Raise ValueError unless each word has its rows, its count and its path."""
    keyed_vectors, d = gensim_model.wv, gensim_model.vector_size
    n_words = len(keyed_vectors.index_to_key)
    n_outputs = n_words - 1 if gensim_model.hs else n_words  # of inner nodes, with room for one more
    output = gensim_model.syn1[:n_outputs] if gensim_model.hs else gensim_model.syn1neg
    if keyed_vectors.vectors.shape != (n_words, d) or output.shape != (n_outputs, d):
        raise ValueError(f"its {n_words} words of {d} dimensions have other numbers of vectors")
    if not (np.isfinite(keyed_vectors.vectors).all() and np.isfinite(output).all()):
        raise ValueError("its vectors have numbers that are not finite")
    if len(keyed_vectors.expandos["count"]) != n_words or len(set(keyed_vectors.index_to_key)) != n_words:
        raise ValueError(f"its {n_words} words have not one count each")
    if gensim_model.hs:
        paths = zip(keyed_vectors.expandos["code"], keyed_vectors.expandos["point"], strict=True)
        sizes = [(len(code), len(point), max(point, default=0), max(code, default=0)) for code, point in paths]
        if len(sizes) != n_words or any(n != m or p >= max(1, n_outputs) or c > 1 for n, m, p, c in sizes):
            raise ValueError(f"its {n_words} words have not one path each in the tree")


def _settings_of(gensim_model: GensimModel, *, attr: str) -> W2VSettings:
    """Return gensim's hyper-parameters as ours. Raises ConfigError for those that make no sense here."""
    architecture, loss = gensim_names(sg=bool(gensim_model.sg), hs=bool(gensim_model.hs))
    by_mean = not gensim_model.sg and bool(gensim_model.cbow_mean)
    # Of a step for the mean of a context, each word takes the whole in gensim, and its share here.
    alpha = gensim_model.alpha * (ALPHA_OF_MEANS / ALPHA if by_mean else 1.0)
    return parse_settings(
        {
            "tokens": {"attr": attr},
            "vocabulary": {
                "min_count": max(1, gensim_model.min_count),
                "max_vocab_size": gensim_model.max_vocab_size,
                "max_final_vocab": gensim_model.max_final_vocab,
            },
            "model": {
                "architecture": architecture,
                "loss": loss,
                "vector_size": gensim_model.vector_size,
                "window": gensim_model.window,
                "shrink_windows": gensim_model.shrink_windows,
                "cbow_mean": bool(gensim_model.cbow_mean),
                "ns_exponent": gensim_model.ns_exponent,
            }
            | ({"negative": gensim_model.negative} if gensim_model.negative else {}),
            "training": {
                "epochs": max(1, gensim_model.epochs),
                "alpha": alpha,
                "min_alpha": min(alpha, gensim_model.min_alpha),
                "sample": gensim_model.sample,
                "seed": abs(gensim_model.seed),
                "workers": gensim_model.workers,
            },
        }
    )


def _tree_of(keyed_vectors: Any, order: NDArray[np.int64]) -> Tree:
    """Return the tree whose paths gensim keeps with the words."""
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
    """Return what gensim keeps of a run; it keeps neither the losses nor what the texts were."""
    import gensim

    n_tokens = max(gensim_model.corpus_total_words or 0, vocabulary.n_tokens, 1)
    n_sentences = gensim_model.corpus_count or 0
    corpus = CorpusRecord(
        source=name, n_documents=n_sentences, n_sentences=n_sentences, n_tokens=n_tokens, n_types=len(vocabulary)
    )
    summary = summarize_vocabulary(vocabulary, n_tokens=n_tokens, n_types=len(vocabulary), min_count=0)
    found = CorpusSummary(corpus=corpus, vocabulary=summary)
    return RunRecord.of(settings, found, lang=lang, versions={"gensim": gensim.__version__})
