"""Scoring of word vectors on word similarity and analogies: `evaluate` and `compare`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from spacy_w2v.config._arguments import check_whole_number
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.errors import ConfigError
from spacy_w2v.evaluation._comparing import comparison_of, scores_of, summary_of
from spacy_w2v.evaluation._comparison import Comparison
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._question_sets import AnalogySet, Answers, QuestionSet, WordPairSet
from spacy_w2v.evaluation._scores import AnalogyMethod, Scores
from spacy_w2v.evaluation._set_files import Sets, files_by_name
from spacy_w2v.evaluation._token_rows import token_finder
from spacy_w2v.formats._opening import vectors_of
from spacy_w2v.model._word_vectors import WordVectors

MethodChoice = Literal["3cosadd", "3cosmul", "both"]
METHODS: dict[str, tuple[AnalogyMethod, ...]] = {
    "3cosadd": ("3cosadd",),
    "3cosmul": ("3cosmul",),
    "both": ("3cosadd", "3cosmul"),
}
"""The methods by which analogies are solved, for each choice."""
METHOD_NAMES: dict[AnalogyMethod, str] = {"3cosadd": "3CosAdd", "3cosmul": "3CosMul"}


def evaluate(
    vectors: Any,  # Any: what `open_vectors` takes
    *,
    word_pairs: Sets | None = None,
    analogies: Sets | None = None,
    restrict_vocab: int = 30_000,
    method: MethodChoice = "3cosadd",
    vector_kind: VectorKindChoice = "recorded",
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
    tokenize: bool = False,
    trust_config: bool = False,
    intervals: bool = False,
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
        method: How analogies are solved: "3cosadd", "3cosmul", or "both". With both, the set is scored twice.
        vector_kind: The vectors of a model to score: "input", "output", "mean" or "sum" of both, or "recorded" for what
            its record says.
        postprocess: What is done to the vectors: "recorded" for what the record of a model says (other vectors are
            scored as they are), "center", "soft-whiten", or None for nothing. See `WordVectors.postprocessed`.
        whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.
        tokenize: Whether a word without a vector in a pair gets the mean vector of its tokens. The tokens are made by
            the model's tokenizer, as in its corpus, or by the spaCy pipeline of the vectors.
        trust_config: Whether to call any function that the config of a model names; see `load`.
        intervals: Whether to compute 95 % confidence intervals too, by resampling the questions.

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
        WordPairScore(spearman=0.13, pearson=0.05, n_used=60, n_unknown=293, n_composed=0, interval=None, parts={})
    """
    sets = _read_sets(word_pairs, analogies, restrict_vocab=restrict_vocab, method=method)
    opened = vectors_of(vectors, trust_config=trust_config, argument="vectors").of_kind(vector_kind)
    opened = opened.postprocessed(postprocess, whitening_strength=whitening_strength)
    answers = _answers_of(opened, sets, tokenize=tokenize)
    if not intervals:
        return scores_of(sets, answers)
    return comparison_of({"": summary_of(opened)}, sets, {"": answers}).scores[""]


def compare(
    vectors: Sequence[Any] | Mapping[str, Any],  # Any: what `open_vectors` takes
    *,
    word_pairs: Sets | None = None,
    analogies: Sets | None = None,
    restrict_vocab: int = 30_000,
    method: MethodChoice = "3cosadd",
    vector_kind: VectorKindChoice = "recorded",
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
    tokenize: bool = False,
    trust_config: bool = False,
) -> Comparison:
    """Score several word vectors side by side, with 95 % confidence intervals and paired tests.

    All are scored on the questions that all of them know. An interval says how far a score could change with other
    questions of the same kind; it says nothing about other seeds or corpora. Intervals and p-values are the same in
    each call.

    Args:
        vectors: Several of what `open_vectors` takes: a list, or a dict by name.
        word_pairs: As for `evaluate`.
        analogies: As for `evaluate`.
        restrict_vocab: As for `evaluate`.
        method: As for `evaluate`.
        vector_kind: As for `evaluate`; the same for all.
        postprocess: As for `evaluate`; the same for all.
        whitening_strength: As for `evaluate`.
        tokenize: As for `evaluate`.
        trust_config: As for `evaluate`.

    Returns:
        The scores with their intervals, and the differences with their p-values.

    Raises:
        ConfigError: There is nothing to compare; or as for `evaluate`.
        CorpusError: As for `evaluate`.
        StorageError: As for `evaluate`.

    Example:
        >>> comparison = spacy_w2v.compare({"ours": "vectors", "other": "vectors.txt.gz"})
        >>> comparison.measures[0].verdict("ours") in ("best", "")
        True
    """
    sets = _read_sets(word_pairs, analogies, restrict_vocab=restrict_vocab, method=method)
    opened = {
        name: each.of_kind(vector_kind).postprocessed(postprocess, whitening_strength=whitening_strength)
        for name, each in _opened(vectors, trust_config=trust_config).items()
    }
    answers = {name: _answers_of(each, sets, tokenize=tokenize) for name, each in opened.items()}
    return comparison_of({name: summary_of(each) for name, each in opened.items()}, sets, answers)


def _opened(vectors: object, *, trust_config: bool) -> dict[str, WordVectors]:
    """Return word vectors by name. Equal names get a number.

    Raises:
        ConfigError: There are none.
        StorageError: Vectors cannot be read.
    """
    if isinstance(vectors, Mapping):
        sources = list(vectors.items())
    elif isinstance(vectors, list | tuple):
        sources = [(None, each) for each in vectors]
    else:
        raise ConfigError(f"vectors must be a list or a dict of word vectors, was: {type(vectors).__name__}")
    opened = [(name, vectors_of(each, trust_config=trust_config, argument="vectors")) for name, each in sources]
    named = [(each.name if name is None else str(name), each) for name, each in opened]
    if not named:
        raise ConfigError("compare needs at least one table of vectors, but got none.")
    found: dict[str, WordVectors] = {}
    for name, each in named:
        numbered = (name if number == 1 else f"{name} ({number})" for number in range(1, len(named) + 1))
        found[next(each_name for each_name in numbered if each_name not in found)] = each
    return found


def _read_sets(
    word_pairs: Sets | None, analogies: Sets | None, *, restrict_vocab: int, method: MethodChoice
) -> list[QuestionSet]:
    """Return the sets, those of word pairs first.

    Raises:
        ConfigError: An argument is invalid.
        CorpusError: A file cannot be read.
    """
    check_whole_number(restrict_vocab, name="restrict_vocab", at_least=1)
    if method not in METHODS:
        raise ConfigError(f"method must be one of {', '.join(METHODS)}, was: {method}")
    pair_files, analogy_files = files_by_name(word_pairs=word_pairs, analogies=analogies)
    sets: list[QuestionSet] = [WordPairSet(name, read_word_pairs(path)) for name, path in pair_files.items()]
    for name, path in analogy_files.items():
        sections = read_analogies(path)
        for number, each in enumerate(METHODS[method]):
            named = name if number == 0 else f"{name} ({METHOD_NAMES[each]})"
            sets.append(AnalogySet(named, sections, restrict_vocab, each))
    return sets


def _answers_of(vectors: WordVectors, sets: Sequence[QuestionSet], *, tokenize: bool) -> list[Answers]:
    rows_of_tokens = token_finder(vectors) if tokenize else None
    return [questions.answers(vectors, rows_of_tokens=rows_of_tokens) for questions in sets]
