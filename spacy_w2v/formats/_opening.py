"""Where vectors to start from come from: models of ours and of gensim, spaCy pipelines, files of other programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Tree, Vectors
from spacy_w2v.config._arguments import path_of
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats.gensim._pickles import is_pickle, load_gensim
from spacy_w2v.formats.spacy._tables import has_rows_of_words, rows_by_frequency
from spacy_w2v.formats.word2vec._reading import read_vector_file
from spacy_w2v.model._storage import INPUT_FILE, read_model
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.tokenization._pipelines import load_pipeline

NO_VECTORS = "Vectors to start from must be a model of ours or a spaCy pipeline"


@dataclass(frozen=True, eq=False)
class InitialVectors:
    """Words and their vectors, of any program."""

    name: str
    """What messages and meta data call them."""
    words: list[str]
    """All different; the most frequent first, where the source knows."""
    rows: NDArray[np.int64]
    """For each word its row in the vectors. Several words may share one, as in spaCy's tables."""
    vectors: Vectors
    """n × d, of words as inputs."""
    output: Vectors | None = None
    """n × d, of the same words as they are predicted; or with a tree (n - 1) × d, of its nodes. None: unknown."""
    tree: Tree | None = None
    """The tree of hierarchical softmax, whose leaves are the rows of `vectors`."""
    tree_kind: str = ""
    """The setting `tree` that it was built by."""
    n_repeated: int = 0
    """Words of a file that were left out since they were there before."""

    @property
    def vector_size(self) -> int:
        """Number of dimensions."""
        return int(self.vectors.shape[1])

    def rows_by_key(self, attr: str) -> dict[str, int]:
        """Return the rows of the words as a corpus with this attribute of tokens has them, in the order of the words.

        Words are taken as they are. With LOWER, a word with capitals stands for its lower case where the source lacks
        that, as "Paris" for "paris"; of several the first, which is the most frequent.
        """
        rows = dict(zip(self.words, self.rows.tolist(), strict=True))
        if attr != "LOWER":
            return rows
        by_key: dict[str, int] = {}
        for word in self.words:
            lower = word.lower()
            by_key.setdefault(lower, rows.get(lower, rows[word]))
        return by_key


def open_initial(source: Any) -> InitialVectors:  # Any: one of many programs' objects
    """Return the vectors of a path, of the name of an installed pipeline, or of an object that holds vectors.

    A path: a model of ours or the output of `spacy w2v train`, a spaCy pipeline, what gensim saved of a Word2Vec or of
    KeyedVectors, a text file with a line for each word (word2vec's, GloVe's or fastText's), or word2vec's binary
    format. An object: a model of ours, a spaCy Language, a gensim model with word vectors, or KeyedVectors. Raises
    StorageError or ConfigError.
    """
    vectors = _vectors_of(source)
    try:
        "".join(vectors.words).encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(
            f"Words to start from must be Unicode, but {vectors.name} has one with the character "
            f"{error.object[error.start]!r}."
        ) from None
    return vectors


def _vectors_of(source: Any) -> InitialVectors:
    if isinstance(source, str | Path):
        return _of_path(source)
    if isinstance(source, TrainedModel):
        return _of_model(source, f"a model of {source.meta['corpus']['source']}")
    if hasattr(source, "vocab") and hasattr(source.vocab, "vectors"):
        return _of_pipeline(source, f"the pipeline {source.meta['lang']}_{source.meta['name']}")
    if hasattr(source, "wv") or hasattr(source, "index_to_key"):
        return _of_gensim(source, f"gensim's {type(source).__name__}")
    raise ConfigError(
        "initial must be a path, the name of a pipeline, a model, a spaCy Language, or a Word2Vec or KeyedVectors of "
        f"gensim, was: {type(source).__name__}"
    )


def _of_path(source: str | Path) -> InitialVectors:
    path, name = path_of(source, name="initial"), str(source)
    if path.is_dir():
        for directory in (path, path / "model"):
            if (directory / INPUT_FILE).is_file():
                return _of_model(read_model(directory, mmap=True), name)
        return _of_pipeline(load_pipeline(path, rule=NO_VECTORS, components=False), name)
    if not path.exists():
        from spacy.util import is_package

        if is_package(name):
            return _of_pipeline(load_pipeline(name, rule=NO_VECTORS, components=False), name)
        raise StorageError(f"Vectors to start from must be a path or an installed pipeline, but there is no {name}.")
    if is_pickle(path):
        return _of_gensim(load_gensim(path), name)
    words, vectors, n_repeated = read_vector_file(path)
    return _of_table(name, words, vectors, n_repeated=n_repeated)


def _of_table(name: str, words: list[str], vectors: Vectors, **more: Any) -> InitialVectors:
    return InitialVectors(name, words, np.arange(len(words)), vectors, **more)


def _of_model(model: TrainedModel, name: str) -> InitialVectors:
    return _of_table(
        name,
        model.words,
        model.input_vectors,
        output=model.output_vectors,
        tree=model.tree,
        tree_kind=model.settings.tree,
    )


def _of_gensim(gensim_object: Any, name: str) -> InitialVectors:
    """Return the vectors of a Word2Vec, with its output vectors, or else of KeyedVectors."""
    from gensim.models import Word2Vec

    # with both losses at once, neither output layer alone is what the model predicts by
    if type(gensim_object) is Word2Vec and bool(gensim_object.hs) != bool(gensim_object.negative):
        import spacy

        from spacy_w2v.formats.gensim._reading_models import model_of_gensim

        return _of_model(model_of_gensim(gensim_object, name=name, nlp=spacy.blank("xx"), attr="ORTH"), name)
    keyed_vectors = getattr(gensim_object, "wv", gensim_object)
    # not index_to_key, which has None for rows that are there before their words
    keys = getattr(keyed_vectors, "key_to_index", None) or {}
    found = {str(word): row for word, row in keys.items() if word is not None and word != ""}
    if not found:
        raise ConfigError(f"Vectors to start from must have words, but {name} has none.")
    vectors = np.asarray(keyed_vectors.vectors)
    of_whole_numbers = all(isinstance(row, int | np.integer) for row in found.values())
    in_table = vectors.ndim == 2 and of_whole_numbers and all(0 <= row < len(vectors) for row in found.values())
    if not in_table or vectors.dtype.kind != "f":
        raise StorageError(f"Vectors to start from must have a row of numbers for each word, but {name} has others.")
    words = sorted(found, key=lambda word: found[word])
    return InitialVectors(name, words, np.array([found[word] for word in words]), vectors)


def _of_pipeline(nlp: Any, name: str) -> InitialVectors:
    """Return the vectors in a pipeline's table."""
    table = nlp.vocab.vectors
    if not has_rows_of_words(table):
        raise ConfigError(
            f"Vectors to start from must be a table with a row for each word, but {name} has others (floret, or of a "
            "class of its own)."
        )
    strings = nlp.vocab.strings
    found = {strings[key]: row for key, row in table.key2row.items() if row >= 0 and key in strings}
    if not found:
        raise ConfigError(f"Vectors to start from must have words, but {name} has no vectors.")
    order = rows_by_frequency(table)
    places = np.zeros(len(table.data), np.int64)
    places[order] = np.arange(len(order))
    words = sorted(found, key=lambda word: places[found[word]])
    data = table.data if isinstance(table.data, np.ndarray) else table.data.get()  # of a GPU
    return InitialVectors(name, words, np.array([found[word] for word in words], np.int64), data)
