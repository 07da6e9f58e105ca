"""Which analogies word vectors solve, by 3CosAdd and 3CosMul."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.evaluation._data_sets import Section
from spacy_w2v.evaluation._scores import AnalogyMethod, AnalogyScore, SectionScore
from spacy_w2v.keys._sense_names import have_senses, texts_of_keys
from spacy_w2v.model._word_vectors import WordVectors

Answers = NDArray[np.float64]
"""1 or 0 for each question, whether it is solved; NaN where a word is unknown."""

COSMUL_EPSILON = 1e-6
"""Keeps 3CosMul from dividing by 0, as in gensim. The paper has 0.001."""
CANDIDATES_AT_A_TIME = 1024
QUESTIONS_AT_A_TIME = 64
"""Blocks for which scores stay in a processor's caches. Google's questions among 68,000 words of 100 dimensions take
1.3 s with them, 2.0 s with 1,024 questions at a time (Intel Xeon, Sapphire Rapids)."""


def score_analogies(
    vectors: WordVectors,
    sections: Sequence[Section],
    *,
    restrict_vocab: int,
    method: AnalogyMethod = "3cosadd",
) -> AnalogyScore:
    """Return the share of analogies solved; see `solve_analogies`.

    Args:
        vectors: As for `solve_analogies`.
        sections: The questions, by kind.
        restrict_vocab: As for `solve_analogies`.
        method: "3cosadd" or "3cosmul".

    Returns:
        The accuracy and the numbers of questions; also those of each section, and of semantic and syntactic sections if
        there are both.
    """
    questions = [words for section in sections for words in section.questions]
    answers = solve_analogies(vectors, questions, restrict_vocab=restrict_vocab, methods=[method])[method]
    return analogy_score(answers, sections, restrict_vocab=restrict_vocab, method=method)


def solve_analogies(
    vectors: WordVectors,
    questions: Sequence[tuple[str, ...]],
    *,
    restrict_vocab: int,
    methods: Sequence[AnalogyMethod],
) -> dict[AnalogyMethod, Answers]:
    """Return which analogies are solved, as gensim's `evaluate_word_analogies` does, in blocks of matrix products.

    "a is to b as c is to d" is solved if, of all candidates but a, b and c, d has the highest score, with unit vectors:

    - 3CosAdd: cos(x, b) - cos(x, a) + cos(x, c) (Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word
      Representations").
    - 3CosMul: cos(x, b) cos(x, c) / (cos(x, a) + ε), with cosines moved to [0, 1] (Levy & Goldberg 2014, "Linguistic
      Regularities in Sparse and Explicit Word Representations", equation 4).

    Case is ignored, as in word2vec's compute-accuracy.c and in gensim: of words that differ only in case, the most
    frequent one is used in a question, and each of them is a right answer. Words that share a row are one candidate, as
    "THE", "The" and "the" in the table of a pipeline; each of them can stand in a question.

    Args:
        vectors: The word vectors, most frequent words first.
        questions: Four words each.
        restrict_vocab: Number of the most frequent words among which questions and answers must be. Words that share a
            row count once.
        methods: Any of "3cosadd" and "3cosmul".

    Returns:
        For each method, 1 or 0 for each question, float64[n]; NaN if one of its words is not among the candidates.
    """
    candidates = Candidates.of(vectors, restrict_vocab)
    groups = np.array([[candidates.group(word) for word in words] for words in questions], np.int64).reshape(-1, 4)
    is_known = (groups >= 0).all(axis=1)
    answers: dict[AnalogyMethod, Answers] = {method: np.full(len(questions), np.nan) for method in methods}
    if is_known.any():
        with single_threaded_blas():
            predicted = _predicted(candidates, groups[is_known], methods)
        for method, groups_found in predicted.items():
            answers[method][is_known] = groups_found == groups[is_known, 3]
    return answers


def analogy_score(
    answers: Answers, sections: Sequence[Section], *, restrict_vocab: int, method: AnalogyMethod
) -> AnalogyScore:
    """Return the score of answers to the questions of sections, in their order."""
    kinds = {name: answers[places] for name, places in places_of_kinds(sections).items()}
    return AnalogyScore(
        accuracy=_accuracy(answers),
        semantic=_accuracy(kinds["semantic"]) if kinds else None,
        n_used_semantic=_n_used(kinds["semantic"]) if kinds else None,
        syntactic=_accuracy(kinds["syntactic"]) if kinds else None,
        n_used_syntactic=_n_used(kinds["syntactic"]) if kinds else None,
        n_used=_n_used(answers),
        n_unknown=len(answers) - _n_used(answers),
        restrict_vocab=restrict_vocab,
        method=method,
        sections={name: _section_score(answers[places]) for name, places in places_of_sections(sections).items()},
    )


def _section_score(answers: Answers) -> SectionScore:
    n_used = _n_used(answers)
    return SectionScore(accuracy=_accuracy(answers), n_used=n_used, n_unknown=len(answers) - n_used)


def places_of_sections(sections: Sequence[Section]) -> dict[str, Offsets]:
    """Return the numbers of the questions of each section by its name, int64. It is empty if there is one section."""
    if len(sections) < 2:
        return {}
    names = [section.name for section in sections for _ in section.questions]
    return {name: np.flatnonzero([other == name for other in names]) for name in dict.fromkeys(names)}


def places_of_kinds(sections: Sequence[Section]) -> dict[str, Offsets]:
    """Return the numbers of semantic and of syntactic questions, int64. It is empty unless there are both."""
    is_syntactic = np.array([section.is_syntactic for section in sections for _ in section.questions], np.bool_)
    if is_syntactic.all() or not is_syntactic.any():
        return {}
    return {"semantic": np.flatnonzero(~is_syntactic), "syntactic": np.flatnonzero(is_syntactic)}


@dataclass(frozen=True, eq=False)
class Candidates:
    """What may be an answer: rows of vectors, each with a word."""

    units: Vectors
    """Their vectors scaled to length 1, float32[n, d]; rows of zeros stay."""
    groups: Offsets
    """The first candidate whose word has the same upper case, int64[n]."""
    index: dict[str, int]
    """The group of each word in upper case."""

    @classmethod
    def of(cls, vectors: WordVectors, n_words: int) -> "Candidates":
        """Return the rows of the n_words most frequent words. Words that share a row count once.

        The senses of a word are one group, "duck|NOUN" and "duck|VERB", whose vector is that of the commonest one.
        """
        rows = vectors.rows[vectors.first_places[:n_words]]
        words = [vectors.words[place] for place in vectors.word_of_row[rows].tolist()]
        if have_senses(words):  # questions have words without senses
            words = texts_of_keys(words)
        index: dict[str, int] = {}
        groups = np.array([index.setdefault(word.upper(), place) for place, word in enumerate(words)], np.int64)
        if len(rows) < len(vectors):  # other words of these rows, where no candidate is called so
            candidate = np.full(len(vectors.matrix), -1, np.int64)
            candidate[rows] = np.arange(len(rows))
            for word, place in zip(vectors.words, candidate[vectors.rows].tolist(), strict=True):
                if place >= 0:
                    index.setdefault(word.upper(), int(groups[place]))
        found = vectors.vectors_at(rows)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        return cls(np.divide(found, norms, out=np.zeros_like(found), where=norms > 0), groups, index)

    def group(self, word: str) -> int:
        """Return the group of a word, or -1."""
        return self.index.get(word.upper(), -1)

    @cached_property
    def members(self) -> tuple[Offsets, Offsets]:
        """The candidates in the order of their groups, and where those of each group begin, int64[n + 1]."""
        return np.argsort(self.groups, kind="stable"), np.searchsorted(
            np.sort(self.groups), np.arange(len(self.groups) + 1)
        )


def _predicted(
    candidates: Candidates, groups: Offsets, methods: Sequence[AnalogyMethod]
) -> dict[AnalogyMethod, Offsets]:
    """Return the group of the best candidate for each question, int64[n].

    Args:
        candidates: The candidates.
        groups: The groups of the four words of each question, int64[n, 4].
        methods: How to score candidates.
    """
    words, places = np.unique(groups[:, :3], return_inverse=True)
    places = places.reshape(-1, 3)
    questions, excluded = _excluded(candidates, groups)
    best = {method: np.full(len(groups), -np.inf, np.float32) for method in methods}
    found = {method: np.zeros(len(groups), np.int64) for method in methods}
    for start in range(0, len(candidates.units), CANDIDATES_AT_A_TIME):
        tile = candidates.units[start : start + CANDIDATES_AT_A_TIME]
        cosines = candidates.units[words] @ tile.T
        scales = {"3cosadd": cosines, "3cosmul": (1 + cosines) / 2}
        for first in range(0, len(groups), QUESTIONS_AT_A_TIME):
            some = slice(first, first + QUESTIONS_AT_A_TIME)
            own = slice(*np.searchsorted(questions, (first, first + QUESTIONS_AT_A_TIME)))
            in_tile = excluded[own] // CANDIDATES_AT_A_TIME == start // CANDIDATES_AT_A_TIME
            out = questions[own][in_tile] - first, excluded[own][in_tile] - start
            for method in methods:
                scores = _SCORES[method](scales[method], places[some])
                scores[out] = -np.inf
                nearest = scores.argmax(axis=1)
                highest = scores[np.arange(len(scores)), nearest]
                is_better = highest > best[method][some]
                best[method][some][is_better] = highest[is_better]
                found[method][some][is_better] = nearest[is_better] + start
    return {method: candidates.groups[nearest] for method, nearest in found.items()}


def _excluded(candidates: Candidates, groups: Offsets) -> tuple[Offsets, Offsets]:
    """Return the candidates that a question may not have as answers: the words that it asks with, in any case.

    Returns:
        The questions in ascending order, and the candidates.
    """
    members, starts = candidates.members
    first, last = starts[groups[:, :3]].ravel(), starts[groups[:, :3] + 1].ravel()
    sizes = last - first
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    questions = np.repeat(np.arange(len(groups)), sizes.reshape(-1, 3).sum(axis=1))
    return questions, members[np.repeat(first, sizes) + within]


def _added(cosines: Vectors, places: Offsets) -> Vectors:
    """Return the scores of 3CosAdd, questions × candidates, from the cosines of all words of the questions."""
    a, b, c = places.T
    scores: Vectors = cosines[b]
    scores -= cosines[a]
    scores += cosines[c]
    return scores


def _multiplied(cosines: Vectors, places: Offsets) -> Vectors:
    """Return the scores of 3CosMul, questions × candidates, from cosines in [0, 1]."""
    a, b, c = places.T
    scores: Vectors = cosines[b]
    scores *= cosines[c]
    scores /= cosines[a] + np.float32(COSMUL_EPSILON)
    return scores


_SCORES = {"3cosadd": _added, "3cosmul": _multiplied}


def _accuracy(answers: Answers) -> float | None:
    return float(np.nanmean(answers)) if _n_used(answers) else None


def _n_used(answers: Answers) -> int:
    return int(np.count_nonzero(~np.isnan(answers)))
