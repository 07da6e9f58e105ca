"""Word vectors from any source: models, spaCy pipelines, and files of gensim, word2vec, GloVe, fastText and floret."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config._arguments import path_of
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.formats.gensim._keyed_vectors import word_vectors_of_gensim
from spacy_w2v.formats.gensim._pickles import is_pickle, load_gensim
from spacy_w2v.formats.huggingface._safetensors import (
    SUFFIX,
    TENSORS_FILE,
    TOKENIZER_FILE,
    VOCABULARY_FILE,
    has_vectors,
    read_safetensors,
)
from spacy_w2v.formats.sense2vec._layout import is_sense2vec
from spacy_w2v.formats.sense2vec._reading import read_sense2vec
from spacy_w2v.formats.spacy._reading import word_vectors_of_pipeline
from spacy_w2v.hub._names import is_hub_name, parse_repository
from spacy_w2v.model._storage import (
    META_FILE,
    MODEL_FILES,
    describe_absence,
    describe_model_above,
    is_model,
    read_model,
)
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._pipelines import load_pipeline

RULE = "Word vectors must be a model, a file of vectors or a spaCy pipeline (a directory or an installed package)"


def open_vectors(
    source: Any,  # Any: gensim and spaCy have no types
    *,
    trust_config: bool = False,
) -> WordVectors:
    """Open word vectors from any source.

    The source can be:

    - the path of a model, the output directory of `spacy w2v train`, or a checkpoint.
    - the path of a spaCy pipeline, or the name of an installed one.
    - the path of a Word2Vec, FastText or KeyedVectors that gensim saved.
    - the path of a vectors file in word2vec's text or binary format, or of GloVe or fastText (.vec), also compressed.
    - the path of a file with subwords: a .bin file of fastText, or a .floret table, also compressed.
    - the path of a .safetensors file with its vocabulary beside it, or of a directory of model2vec with a tokenizer of
      words.
    - the path of a directory of sense2vec.
    - the name of a repository on the Hugging Face Hub, such as "hf:user/repo" or "hf:user/repo@revision", that
      `spacy w2v push` wrote, or of one in model2vec's layout.
    - an object: a `Word2Vec` or `WordVectors`, a spaCy `Language`, or a model or KeyedVectors of gensim.

    Args:
        source: The path, name or object.
        trust_config: Whether pipelines created from a model's config may run any registered function that it names, as
            for `spacy_w2v.load`.

    Returns:
        The words and their vectors, which are memory-mapped if the format allows it. If they belong to a model of this
        package or to gensim's Word2Vec, `WordVectors.model` is that model.

    Raises:
        ConfigError: The source is of another type, or has no word vectors.
        StorageError: A file is missing, damaged or in another format.

    Example:
        >>> spacy_w2v.open_vectors("pipeline")
        WordVectors('pipeline', words=5321, vector_size=50, attr='ORTH')
        >>> vectors = spacy_w2v.open_vectors("vectors.txt.gz")
        >>> vectors.most_similar("minister", topn=2)
        [('prime', 0.89), ('philip', 0.86)]
    """
    return vectors_of(source, trust_config=trust_config, argument="source")


def vectors_of(source: Any, *, trust_config: bool = False, argument: str) -> WordVectors:
    """Open word vectors, as `open_vectors` does.

    Args:
        source: As for `open_vectors`.
        trust_config: As for `open_vectors`.
        argument: Name of the argument that was given, for errors.

    Raises:
        ConfigError: As for `open_vectors`.
        StorageError: As for `open_vectors`.
    """
    vectors = _vectors_of(source, trust_config=trust_config, argument=argument)
    try:
        "".join(vectors.words).encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(
            f"Words must be valid Unicode, but a word of {vectors.name} has the character "
            f"{error.object[error.start]!r}."
        ) from None
    return vectors


def _vectors_of(source: Any, *, trust_config: bool, argument: str) -> WordVectors:
    if isinstance(source, str | Path):
        if is_hub_name(str(source)):
            return _of_directory(downloaded(str(source)), str(source), trust_config=trust_config)
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
        f"{argument} must be a path, the name of a pipeline, a model, a spaCy Language, or gensim's Word2Vec or "
        f"KeyedVectors, was: {type(source).__name__}"
    )


def downloaded(name: str) -> Path:
    """Return the directory with the model or the vectors of a repository on the Hub.

    Raises:
        ConfigError: The name is invalid.
        StorageError: The repository cannot be read, or has neither.
    """
    from spacy_w2v.hub._transfer import download

    files = (*MODEL_FILES, TENSORS_FILE, VOCABULARY_FILE, TOKENIZER_FILE)
    directory = download(parse_repository(name), patterns=files)
    if not is_model(directory) and not has_vectors(directory):
        raise StorageError(
            f"A repository must hold a model that spacy w2v push sent, or {TENSORS_FILE} with {VOCABULARY_FILE} or "
            f"{TOKENIZER_FILE}, but {name} does not."
        )
    return directory


def _of_path(path: Path, name: str, *, trust_config: bool) -> WordVectors:
    if path.is_dir():
        return _of_directory(path, name, trust_config=trust_config)
    if not path.exists():
        from spacy.util import is_package

        if is_package(name):
            return word_vectors_of_pipeline(load_pipeline(name, rule=RULE, components=False), name)
        raise StorageError(describe_absence(path, rule=RULE))
    if path.suffix == SUFFIX:
        return read_safetensors(path, name)
    if is_pickle(path):
        return word_vectors_of_gensim(load_gensim(path), name)
    # these need numba and pyarrow
    from spacy_w2v.formats.fasttext._opening import word_vectors_of_subwords
    from spacy_w2v.formats.word2vec._reading import read_vector_file

    if (found := word_vectors_of_subwords(path, name)) is not None:
        return found
    words, matrix, n_repeated = read_vector_file(path)
    return WordVectors(name, words, np.arange(len(words)), matrix, n_repeated=n_repeated)


def _of_directory(path: Path, name: str, *, trust_config: bool) -> WordVectors:
    for directory in (path, path / "model"):
        if is_model(directory):
            model = read_model(directory, kind=Word2Vec, mmap=True, trust_config=trust_config)
            return model.word_vectors(name=name)
    if has_vectors(path):
        return read_safetensors(path, name)
    if is_sense2vec(path):
        return read_sense2vec(path, name)
    if not (path / META_FILE).is_file():
        raise StorageError(describe_absence(path, rule=RULE))
    nlp = load_pipeline(path, rule=RULE, components=False)
    return word_vectors_of_pipeline(nlp, name, remedy=describe_model_above(path))
