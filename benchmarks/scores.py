"""Scores by question, and intervals that hold over questions and seeds.

A score over several seeds has two sources of chance: the seeds, and the questions that a test set happens to have.
The bootstrap draws both again with replacement (Efron & Tibshirani 1993, chapters 8 and 13): a resample takes as many
questions as the set has and as many seeds as were run, and the interval is that of the percentiles. In a resample, all
systems answer the same questions. The intervals of analogies are too narrow, since their questions share words.
"""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from spacy_w2v import WordVectors
from spacy_w2v.evaluation._data_sets import read_analogies, read_word_pairs
from spacy_w2v.evaluation._set_files import ANALOGIES, WORD_PAIRS, bundled

Floats = NDArray[np.float32]
Answers = dict[str, Floats]
"""By the name of the set, a number for each question: the cosine of a word pair, or whether an analogy is solved, 1 or
0. NaN for questions with an unknown word."""

MEAN = "mean"
"""The name of the mean over the sets."""
QUESTIONS_AT_A_TIME = 1000


class TestSet(NamedTuple):
    name: str
    questions: list[tuple[str, ...]]
    """Pairs of words, or analogies of four words."""
    ratings: Floats | None
    """Of word pairs, by people; None for analogies."""

    __test__ = False  # pytest, this is no test


def read_test_sets(word_pairs: Sequence[Path] = ()) -> list[TestSet]:
    """Return the sets that gensim bundles, and the word pairs in some files."""
    files = {name: bundled(file) for name, file in WORD_PAIRS.items()} | {path.stem: path for path in word_pairs}
    sets = []
    for name, path in files.items():
        pairs = read_word_pairs(path)
        ratings = np.array([pair.rating for pair in pairs], np.float32)
        sets.append(TestSet(name, [(pair.first, pair.second) for pair in pairs], ratings))
    for name, file in ANALOGIES.items():
        sections = read_analogies(bundled(file))
        sets.append(TestSet(name, [words for section in sections for words in section.questions], None))
    return sets


def read_lower_sets(word_pairs: Sequence[Path] = ()) -> list[TestSet]:
    """Return the sets of `read_test_sets` in lower case, with semantic and syntactic analogies apart."""
    sets = []
    for of_set in read_test_sets(word_pairs):
        if of_set.ratings is not None:
            sets.append(of_set._replace(questions=_lower(of_set.questions)))
    for file in ANALOGIES.values():
        for name, is_syntactic in (("semantic analogies", False), ("syntactic analogies", True)):
            chosen = [section for section in read_analogies(bundled(file)) if section.is_syntactic == is_syntactic]
            questions = [words for section in chosen for words in section.questions]
            sets.append(TestSet(name, _lower(questions), None))
    return sets


def _lower(questions: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [tuple(word.lower() for word in words) for words in questions]


def split_by_vocabulary(sets: Sequence[TestSet], vocabulary: Container[str]) -> list[TestSet]:
    """Return word pairs of known words, pairs with an unknown word as sets of their own, and analogies of known words.

    Sets without questions are left out.
    """
    parts = []
    for of_set in sets:
        known = np.array([all(word in vocabulary for word in words) for words in of_set.questions])
        for suffix, mask in (("", known), (", unknown words", ~known)):
            if mask.any() and (of_set.ratings is not None or not suffix):
                questions = [words for words, taken in zip(of_set.questions, mask, strict=True) if taken]
                ratings = None if of_set.ratings is None else of_set.ratings[mask]
                parts.append(TestSet(of_set.name + suffix, questions, ratings))
    return parts


def answers_of(vectors: WordVectors, sets: Sequence[TestSet], *, restrict_vocab: int) -> Answers:
    """Return the answers of vectors to all questions."""
    return {
        of_set.name: _cosines(vectors, of_set.questions)
        if of_set.ratings is not None
        else _solved(vectors, of_set.questions, restrict_vocab=restrict_vocab)
        for of_set in sets
    }


def unit_vectors(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)


def _cosines(vectors: WordVectors, pairs: Sequence[tuple[str, ...]]) -> Floats:
    first, second = (vectors.rows_of(words) for words in zip(*pairs, strict=True))
    known = (first >= 0) & (second >= 0)
    cosines = np.full(len(pairs), np.nan, np.float32)
    units = (unit_vectors(vectors.vectors_at(rows[known])) for rows in (first, second))
    cosines[known] = np.einsum("pd,pd->p", *units)
    return cosines


def _solved(vectors: WordVectors, questions: Sequence[tuple[str, ...]], *, restrict_vocab: int) -> Floats:
    """Return whether analogies are solved by 3CosAdd among the most frequent words, whose case is ignored.

    It is what gensim's `evaluate_word_analogies` does (Mikolov et al. 2013, "Linguistic Regularities in Continuous
    Space Word Representations"), question by question.
    """
    place: dict[str, int] = {}
    for number, word in enumerate(vectors.words[:restrict_vocab]):
        place.setdefault(word.upper(), number)
    places = np.array(list(place.values()))
    units = unit_vectors(vectors.vectors_at(vectors.rows[places]))
    column = {word: number for number, word in enumerate(place)}
    ids = np.array([[column.get(word.upper(), -1) for word in words] for words in questions])
    known = np.flatnonzero((ids >= 0).all(axis=1))
    solved = np.full(len(questions), np.nan, np.float32)
    for some in np.split(known, range(QUESTIONS_AT_A_TIME, len(known), QUESTIONS_AT_A_TIME)):
        a, b, c, answer = ids[some].T
        cosines = (units[b] - units[a] + units[c]) @ units.T
        for word in (a, b, c):  # the words of the question are no answers
            cosines[np.arange(len(some)), word] = -np.inf
        solved[some] = cosines.argmax(axis=1) == answer
    return solved


def score(of_set: TestSet, answers: Floats) -> float:
    """Return Spearman's rank correlation with the ratings, or the share of analogies solved; NaN without answers."""
    known = ~np.isnan(answers)
    if of_set.ratings is None:
        return float(answers[known].mean()) if known.any() else np.nan
    return _spearman(of_set.ratings[known], answers[known])


def _spearman(ratings: Floats, cosines: Floats) -> float:
    if len(ratings) < 2 or np.ptp(ratings) == 0 or np.ptp(cosines) == 0:
        return np.nan
    return float(np.corrcoef(rankdata(ratings), rankdata(cosines))[0, 1])


def scores_of(sets: Sequence[TestSet], answers: Answers, *, mean_of: Sequence[str]) -> dict[str, float]:
    """Return the score of each set, and the mean of those named."""
    scores = {of_set.name: score(of_set, answers[of_set.name]) for of_set in sets}
    return scores | {MEAN: float(np.mean([scores[name] for name in mean_of]))}


def resampled_scores(
    sets: Sequence[TestSet],
    systems: Mapping[str, Sequence[Answers]],
    *,
    mean_of: Sequence[str],
    n_resamples: int,
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the score of each set in each resample, by system.

    Args:
        sets: The sets.
        systems: The answers of each seed, by system.
        mean_of: The sets whose mean is taken.
        n_resamples: The number of resamples.

    Returns:
        float64[n_resamples] by the name of the system and of the set, and for MEAN.
    """
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in systems}
    for number, of_set in enumerate(sets):
        n = len(of_set.questions)
        # the seeds drawn are the same in all sets, and others in each system
        generators = {name: np.random.default_rng([1, place]) for place, name in enumerate(systems)}
        totals = {name: np.zeros(n_resamples) for name in systems}
        questions = np.random.default_rng([2, number])
        for resample in range(n_resamples):
            drawn = questions.integers(n, size=n)
            of_drawn = of_set if of_set.ratings is None else of_set._replace(ratings=of_set.ratings[drawn])
            for name, seeds in systems.items():
                chosen, times = np.unique(generators[name].integers(len(seeds), size=len(seeds)), return_counts=True)
                each = [score(of_drawn, seeds[seed][of_set.name][drawn]) for seed in chosen]
                totals[name][resample] = np.average(each, weights=times)
        for name, total in totals.items():
            found[name][of_set.name] = total
    for scores in found.values():
        scores[MEAN] = np.mean([scores[name] for name in mean_of], axis=0)
    return found


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the percentiles between which 95 % of the resamples are."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
