"""Scoring of word vectors on word similarity and analogies."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.config._arguments import check_whole_number, path_of
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.errors import ConfigError
from spacy_w2v.evaluation._analogies import score_analogies
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._scores import Scores
from spacy_w2v.evaluation._word_pairs import score_word_pairs
from spacy_w2v.formats._opening import vectors_of
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._encode import make_encoder

if TYPE_CHECKING:
    from spacy.language import Language

WORD_PAIRS = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}
"""Word pairs with human similarity ratings that gensim bundles (Finkelstein et al. 2002, Hill et al. 2015)."""
ANALOGIES = {"Google analogies": "questions-words.txt"}
"""Analogies that gensim bundles (Mikolov et al. 2013a, arXiv 1301.3781)."""

Sets = str | Path | Sequence[str | Path] | Mapping[str, str | Path]
"""One file, several files, or files by the name of the set."""


def bundled(file_name: str) -> Path:
    """Return the path of an evaluation set that gensim bundles."""
    from gensim.test.utils import datapath

    return Path(datapath(file_name))


def evaluate(
    vectors: Any,  # Any: what `open_vectors` takes
    *,
    word_pairs: Sets | None = None,
    analogies: Sets | None = None,
    restrict_vocab: int = 30_000,
    vector_kind: VectorKindChoice = "recorded",
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
    tokenize: bool = False,
    trust_config: bool = False,
) -> Scores:
    """Score word vectors on word similarity and analogies.

    By default, the evaluation sets are those that gensim bundles: WordSim-353 (Finkelstein et al. 2002), SimLex-999
    (Hill et al. 2015) and Google's analogies (Mikolov et al. 2013a, arXiv 1301.3781). They are English.

    Args:
        vectors: Anything that `open_vectors` takes: a model, a spaCy pipeline, vectors of gensim, or the path of one of
            these, or of a file of word2vec, GloVe or fastText.
        word_pairs: Files with two words and a rating in each line: a path, several paths, or a dict of paths by the
            name of the set.
        analogies: Files in the layout of questions-words.txt, in the same form.
        restrict_vocab: Number of the most frequent words among which questions and answers of analogies must be.
        vector_kind: The vectors of a model to score: "input", "output", "mean" or "sum" of both, or "recorded" for what
            its record says.
        postprocess: What is done to the vectors: "recorded" for what the record of a model says (other vectors are
            scored as they are), "center", "soft-whiten", or None for nothing. See `WordVectors.postprocessed`.
        whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.
        tokenize: Whether a word without a vector in a pair gets the mean vector of its tokens. The tokens are made by
            the model's tokenizer, as in its corpus, or by the spaCy pipeline of the vectors.
        trust_config: Whether to call any function that the config of a model names; see `load`.

    Returns:
        The scores by the name of each set, such as `scores.word_pairs["WordSim-353"].spearman` and
        `scores.analogies["Google analogies"].accuracy`. Questions with unknown words are not scored.

    Raises:
        ConfigError: There are no vectors of this kind, or `tokenize` is set for vectors without a tokenizer.
        CorpusError: An evaluation set cannot be read.
        StorageError: The vectors cannot be read.

    Example:
        >>> scores = spacy_w2v.evaluate("vectors.txt.gz")
        >>> scores.word_pairs["WordSim-353"]
        WordPairScore(spearman=0.13, pearson=0.05, n_used=60, n_unknown=293)
    """
    check_whole_number(restrict_vocab, name="restrict_vocab", at_least=1)
    if word_pairs is None and analogies is None:
        word_pairs = {name: bundled(file) for name, file in WORD_PAIRS.items()}
        analogies = {name: bundled(file) for name, file in ANALOGIES.items()}
    pair_files, analogy_files = _files_by_name(word_pairs=word_pairs, analogies=analogies)
    pairs = {name: read_word_pairs(path) for name, path in pair_files.items()}
    sections = {name: read_analogies(path) for name, path in analogy_files.items()}
    opened = vectors_of(vectors, trust_config=trust_config, argument="vectors").of_kind(vector_kind)
    opened = opened.postprocessed(postprocess, whitening_strength=whitening_strength)
    rows_of_tokens = _token_finder(opened) if tokenize else None
    return Scores(
        {name: score_word_pairs(opened, of_set, rows_of_tokens=rows_of_tokens) for name, of_set in pairs.items()},
        {name: score_analogies(opened, of_set, restrict_vocab=restrict_vocab) for name, of_set in sections.items()},
    )


def _files_by_name(*, word_pairs: Sets | None, analogies: Sets | None) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the files of both kinds by the name of the set.

    The name is the one given, otherwise the name of the file without suffix, or its path if this is not unique.

    Raises:
        ConfigError: A value is not a path.
    """
    both = (_files(word_pairs, argument="word_pairs"), _files(analogies, argument="analogies"))
    stems = Counter(path.stem for files in both for name, path in files if name is None)
    pairs, others = (
        {name or (path.stem if stems[path.stem] == 1 else str(path)): path for name, path in files} for files in both
    )
    return pairs, others


def _files(sets: Sets | None, *, argument: str) -> list[tuple[str | None, Path]]:
    """Return files, each with its given name or None. Raises ConfigError if a value is not a path."""
    if isinstance(sets, Mapping):
        return [(name, path_of(path, name=argument)) for name, path in sets.items()]
    paths = [sets] if isinstance(sets, str | Path) else sets or ()
    return [(None, path_of(path, name=argument)) for path in paths]


def _token_finder(vectors: WordVectors) -> Callable[[str], Offsets]:
    """Return a function that takes a text and returns the rows of its tokens that have a vector.

    Raises:
        ConfigError: The vectors have no tokenizer.
    """
    if vectors.model is not None:
        keys_of = _corpus_keys(vectors.model)
    elif vectors.nlp is not None:
        keys_of = _pipeline_keys(vectors.nlp)
    else:
        raise ConfigError(
            f"tokenize needs the tokenizer that vectors were trained with, but {vectors.name} has word vectors only. "
            "Omit tokenize, or name a model of spacy w2v train or a spaCy pipeline."
        )

    def rows_of_tokens(text: str) -> Offsets:
        return np.array([vectors.row(key) for key in keys_of(text) if key in vectors], np.int64)

    return rows_of_tokens


def _corpus_keys(model: TrainedModel) -> Callable[[str], list[str]]:
    """Return a function that takes a text and returns the keys of its tokens, as in the corpus of a model."""
    import pyarrow as pa

    settings = model.record.tokens.model_copy(update={"boundary": "document", "min_tokens": 1})
    encoder = make_encoder(model.make_pipeline(), settings)

    def keys_of(text: str) -> list[str]:
        batch = encoder.encode(pa.array([text], pa.large_string()))
        return [batch.types.keys[number] for number in batch.distinct_types[batch.token_ids].tolist()]

    return keys_of


def _pipeline_keys(nlp: "Language") -> Callable[[str], list[str]]:
    """Return a function that takes a text and returns the keys of its tokens in the table of a pipeline."""
    strings, attr = nlp.vocab.strings, nlp.vocab.vectors.attr

    def keys_of(text: str) -> list[str]:
        return [strings[key] for key in nlp.make_doc(text).to_array([attr]).ravel().tolist()]

    return keys_of
