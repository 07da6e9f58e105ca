"""Word vectors of any program: models of ours and of gensim, spaCy pipelines, files of word2vec, GloVe and fastText."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config._arguments import path_of
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.formats.gensim._keyed_vectors import word_vectors_of_gensim
from spacy_w2v.formats.gensim._pickles import is_pickle, load_gensim
from spacy_w2v.formats.spacy._reading import word_vectors_of_pipeline
from spacy_w2v.formats.word2vec._reading import read_vector_file
from spacy_w2v.model._storage import META_FILE, describe_absence, describe_model_above, is_model, read_model
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._pipelines import load_pipeline

RULE = "Word vectors must be a model, a file of vectors or a spaCy pipeline (a directory or an installed package)"


def open_vectors(
    source: Any,  # Any: one of many programs' objects
    *,
    trust_config: bool = False,
) -> WordVectors:
    """Return the word vectors of any program.

    Args:
        source: A path: of a model of ours, the output of `spacy w2v train` or its checkpoint; of a spaCy pipeline; of
            what gensim saved of a Word2Vec, FastText or KeyedVectors; of a text file with a line for each word
            (word2vec's, GloVe's or fastText's .vec) or of one in word2vec's binary format, also compressed. Or the name
            of an installed pipeline. Or an object: a model of ours, word vectors, a spaCy Language, a model of gensim
            with word vectors, or KeyedVectors.
        trust_config: Let pipelines that are made from the config of a model of ours run any registered function that
            it names, as `spacy_w2v.load` does.

    Returns:
        The words and their vectors, which stay on disk where the format lets them. `WordVectors.model` is the model of
        ours or of gensim's Word2Vec that they are of, if they are of one.

    Raises:
        ConfigError: The source is nothing of this, or has no vectors of words.
        StorageError: A file is missing, damaged, or of another format.

    Example:
        >>> spacy_w2v.open_vectors("pipeline")
        WordVectors('pipeline', words=5321, vector_size=50, attr='ORTH')
        >>> vectors = spacy_w2v.open_vectors("vectors.txt.gz")
        >>> vectors.most_similar("minister", topn=2)
        [('prime', 0.89), ('philip', 0.86)]
    """
    return vectors_of(source, trust_config=trust_config, argument="source")


def vectors_of(source: Any, *, trust_config: bool = False, argument: str) -> WordVectors:
    """Do what `open_vectors` says. argument: what errors call the source."""
    vectors = _vectors_of(source, trust_config=trust_config, argument=argument)
    try:
        "".join(vectors.words).encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(
            f"Words with vectors must be Unicode, but {vectors.name} has one with the character "
            f"{error.object[error.start]!r}."
        ) from None
    return vectors


def _vectors_of(source: Any, *, trust_config: bool, argument: str) -> WordVectors:
    if isinstance(source, str | Path):
        return _of_path(path_of(source, name=argument), str(source), trust_config=trust_config)
    if isinstance(source, WordVectors):
        return source
    if isinstance(source, TrainedModel):
        return source.word_vectors()
    if hasattr(source, "vocab") and hasattr(source.vocab, "vectors"):
        return word_vectors_of_pipeline(source, f"the pipeline {source.meta['lang']}_{source.meta['name']}")
    if hasattr(source, "wv") or hasattr(source, "index_to_key"):
        return word_vectors_of_gensim(source, f"gensim's {type(source).__name__}")
    raise ConfigError(
        f"{argument} must be a path, the name of a pipeline, a model, a spaCy Language, or a Word2Vec or KeyedVectors "
        f"of gensim, was: {type(source).__name__}"
    )


def _of_path(path: Path, name: str, *, trust_config: bool) -> WordVectors:
    if path.is_dir():
        return _of_directory(path, name, trust_config=trust_config)
    if not path.exists():
        from spacy.util import is_package

        if is_package(name):
            return word_vectors_of_pipeline(load_pipeline(name, rule=RULE, components=False), name)
        raise StorageError(describe_absence(path, rule=RULE))
    if is_pickle(path):
        return word_vectors_of_gensim(load_gensim(path), name)
    words, matrix, n_repeated = read_vector_file(path)
    return WordVectors(name, words, np.arange(len(words)), matrix, n_repeated=n_repeated)


def _of_directory(path: Path, name: str, *, trust_config: bool) -> WordVectors:
    for directory in (path, path / "model"):
        if is_model(directory):
            model = read_model(directory, kind=Word2Vec, mmap=True, trust_config=trust_config)
            return model.word_vectors(name=name)
    if not (path / META_FILE).is_file():
        raise StorageError(describe_absence(path, rule=RULE))
    nlp = load_pipeline(path, rule=RULE, components=False)
    return word_vectors_of_pipeline(nlp, name, remedy=describe_model_above(path))
