"""Scores of word vectors on sets of word pairs and analogies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.config._schema import VectorKind
from spacy_w2v.errors import ConfigError
from spacy_w2v.evaluation._analogies import score_analogies
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._scores import Scores
from spacy_w2v.evaluation._word_pairs import score_word_pairs
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._encode import make_encoder

WORD_PAIRS = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}
"""Word pairs with human similarity ratings that gensim bundles (Finkelstein et al. 2002, Hill et al. 2015)."""
ANALOGIES = {"Google analogies": "questions-words.txt"}
"""Analogies that gensim bundles (Mikolov et al. 2013a, arXiv 1301.3781)."""


def bundled(file_name: str) -> Path:
    """Return the path of an evaluation set that gensim bundles."""
    from gensim.test.utils import datapath

    return Path(datapath(file_name))


def evaluate(
    source: Any,  # Any: what `open_vectors` takes
    *,
    word_pairs: dict[str, Path],
    analogies: dict[str, Path],
    restrict_vocab: int = 30_000,
    vectors: VectorKind = "input",
    tokenize: bool = False,
) -> Scores:
    """Return the scores of word vectors on each set, by its name.

    Args:
        source: The vectors: whatever `open_vectors` takes.
        word_pairs: Files as `read_word_pairs` takes them.
        analogies: Files as `read_analogies` takes them.
        restrict_vocab: Analogies are asked and answered among so many of the most frequent words.
        vectors: Those of a model that are scored, "input", "output" or "mean".
        tokenize: In word pairs, a word that has no vector takes the mean of those of its tokens, which the pipeline of
            the model makes as it did for the corpus.

    Returns:
        Of each set what `score_word_pairs` or `score_analogies` returns; questions with unknown words are left out.

    Raises:
        ConfigError: There are no such vectors, or tokenize is set for vectors without a model.
        CorpusError: A set cannot be read.
    """
    pairs = {name: read_word_pairs(path) for name, path in word_pairs.items()}
    sections = {name: read_analogies(path) for name, path in analogies.items()}
    opened = open_vectors(source).of_kind(vectors)
    rows_of_tokens = _finds_tokens(opened) if tokenize else None
    scores = {name: score_word_pairs(opened, of_set, rows_of_tokens=rows_of_tokens) for name, of_set in pairs.items()}
    for name, of_file in sections.items():
        scores[name] = score_analogies(opened, of_file, restrict_vocab=restrict_vocab)
    return scores


def _finds_tokens(vectors: WordVectors) -> Callable[[str], Offsets]:
    """Return a function from a text to the rows of those of its tokens that are known, made as for the model's corpus.

    Raises ConfigError for vectors without a model.
    """
    import pyarrow as pa

    if (model := vectors.model) is None:
        raise ConfigError(
            f"tokenize needs the tokenizer that vectors were trained with, but {vectors.name} has word vectors only. "
            "Leave it out, or name a model of spacy w2v train."
        )
    settings = model.record.tokens.model_copy(update={"boundary": "document", "min_tokens": 1})
    encoder = make_encoder(model.make_pipeline(), settings)

    def rows_of_tokens(text: str) -> Offsets:
        batch = encoder.encode(pa.array([text], pa.large_string()))
        words = (batch.types.keys[number] for number in batch.chosen[batch.numbers].tolist())
        return np.array([vectors.row(word) for word in words if word in vectors], np.int64)

    return rows_of_tokens
