"""Evaluation sets: their questions, the answers of word vectors, and what the answers are worth."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.evaluation._analogies import analogy_score, places_of_kinds, places_of_sections, solve_analogies
from spacy_w2v.evaluation._composed_words import WithComposedWords
from spacy_w2v.evaluation._correlations import Numbers
from spacy_w2v.evaluation._data_sets import Section, WordPair
from spacy_w2v.evaluation._paired_tests import p_value_of_accuracies, p_value_of_correlations
from spacy_w2v.evaluation._resampling import (
    Intervals,
    accuracy_statistic,
    confidence_intervals,
    spearman_statistic,
    word_pairs_of,
)
from spacy_w2v.evaluation._scores import AnalogyMethod, AnalogyScore, WordPairScore
from spacy_w2v.evaluation._word_pairs import WordPairScorer, word_pair_score
from spacy_w2v.model._word_vectors import WordVectors

RowsOfTokens = Callable[[str], Offsets]


class Answers(NamedTuple):
    """What word vectors answer to the questions of a set."""

    values: Numbers
    """The cosine of each word pair; or 1 or 0 for each analogy, whether it is solved. float64[n]."""
    is_known: NDArray[np.bool_]
    """Whether the vectors have all words of a question. The values of other questions mean nothing."""
    is_composed: NDArray[np.bool_] | None = None
    """Whether the vector of a word in the question was composed of subwords; None if none was. bool[n]."""


@dataclass(frozen=True, eq=False)
class QuestionSet(ABC):
    """A set of questions of one kind."""

    measure: ClassVar[str]
    """The name of the measure that intervals and tests are for."""

    name: str

    @property
    @abstractmethod
    def n_questions(self) -> int:
        """The number of questions, n."""

    @property
    @abstractmethod
    def parts(self) -> dict[str, Offsets]:
        """The places of the questions of each part, by its name, int64."""

    @abstractmethod
    def answers(self, vectors: WordVectors, *, rows_of_tokens: RowsOfTokens | None) -> Answers:
        """Return the answers of word vectors. For `rows_of_tokens` see `WordPairScorer`."""

    @abstractmethod
    def score(self, answers: Answers) -> WordPairScore | AnalogyScore:
        """Return the score of answers, over the questions that are known."""

    @abstractmethod
    def estimates(self, values: Numbers, places: Offsets) -> tuple[Numbers, Intervals]:
        """Return the scores of several models on some questions, and their intervals.

        Args:
            values: The values of the answers of k models, float64[k, n].
            places: The places of the questions, int64.

        Returns:
            The score of each model and then the difference of each two models, float64[k + k(k - 1) / 2], NaN if it is
            undefined; and their intervals.
        """

    @abstractmethod
    def p_value(self, first: Numbers, second: Numbers, places: Offsets) -> float:
        """Return the p-value of a paired test of the answers of two models to some questions.

        Args:
            first: The values of the first model, float64[n].
            second: Those of the second model, float64[n].
            places: The places of the questions, int64.
        """


@dataclass(frozen=True, eq=False)
class WordPairSet(QuestionSet):
    """Word pairs with human ratings."""

    measure = "spearman"

    pairs: Sequence[WordPair]

    @property
    def n_questions(self) -> int:
        """See `QuestionSet`."""
        return len(self.pairs)

    @cached_property
    def parts(self) -> dict[str, Offsets]:
        """See `QuestionSet`. It is empty if the file has no column that names parts."""
        names = [pair.part for pair in self.pairs]
        found = {name: np.flatnonzero([other == name for other in names]) for name in dict.fromkeys(names)}
        return found if len(found) > 1 else {}

    @cached_property
    def _ratings(self) -> Numbers:
        return np.array([pair.rating for pair in self.pairs], np.float64)

    def answers(self, vectors: WordVectors, *, rows_of_tokens: RowsOfTokens | None) -> Answers:
        """See `QuestionSet`. Vectors of words that the vocabulary lacks are composed of subwords, if there are any."""
        lookup = WithComposedWords(vectors)
        scorer = WordPairScorer(lookup, self.pairs, rows_of_tokens=rows_of_tokens)
        values, is_composed = np.zeros(len(self.pairs)), np.zeros(len(self.pairs), np.bool_)
        values[scorer.is_known] = scorer.cosines(lookup.vectors_at(scorer.rows))
        is_composed[scorer.is_known] = scorer.has_any(scorer.rows >= lookup.first)
        return Answers(values, scorer.is_known, is_composed)

    def score(self, answers: Answers) -> WordPairScore:
        """See `QuestionSet`."""
        of_parts = {name: self._score_at(answers, places) for name, places in self.parts.items()}
        return self._score_at(answers, np.arange(len(self.pairs))).model_copy(update={"parts": of_parts})

    def _score_at(self, answers: Answers, places: Offsets) -> WordPairScore:
        known = places[answers.is_known[places]]
        score = word_pair_score(self._ratings[known], answers.values[known], n_unknown=len(places) - len(known))
        if answers.is_composed is None:
            return score
        return score.model_copy(update={"n_composed": int(np.count_nonzero(answers.is_composed[known]))})

    def estimates(self, values: Numbers, places: Offsets) -> tuple[Numbers, Intervals]:
        """See `QuestionSet`. The pairs are resampled."""
        statistic = spearman_statistic(self._ratings[places], values[:, places])
        n = len(places)
        return statistic(np.ones((1, n)))[:, 0], confidence_intervals(statistic, n, size=n)

    def p_value(self, first: Numbers, second: Numbers, places: Offsets) -> float:
        """See `QuestionSet`."""
        return p_value_of_correlations(self._ratings[places], first[places], second[places])


@dataclass(frozen=True, eq=False)
class AnalogySet(QuestionSet):
    """Analogies, and how they are to be solved."""

    measure = "accuracy"

    sections: Sequence[Section]
    restrict_vocab: int
    method: AnalogyMethod

    @cached_property
    def _questions(self) -> list[tuple[str, ...]]:
        return [words for section in self.sections for words in section.questions]

    @cached_property
    def _sides(self) -> Offsets:
        return word_pairs_of(self._questions)

    @property
    def n_questions(self) -> int:
        """See `QuestionSet`."""
        return len(self._questions)

    @cached_property
    def parts(self) -> dict[str, Offsets]:
        """See `QuestionSet`. Semantic and syntactic questions, if there are both, and the sections, if several."""
        return places_of_kinds(self.sections) | places_of_sections(self.sections)

    def answers(self, vectors: WordVectors, *, rows_of_tokens: RowsOfTokens | None) -> Answers:
        """See `QuestionSet`. Tokens of unknown words are not used."""
        found = solve_analogies(vectors, self._questions, restrict_vocab=self.restrict_vocab, methods=[self.method])[
            self.method
        ]
        return Answers(found, ~np.isnan(found))

    def score(self, answers: Answers) -> AnalogyScore:
        """See `QuestionSet`."""
        return analogy_score(answers.values, self.sections, restrict_vocab=self.restrict_vocab, method=self.method)

    def estimates(self, values: Numbers, places: Offsets) -> tuple[Numbers, Intervals]:
        """See `QuestionSet`. The word pairs that questions are made of are resampled."""
        units, sides = np.unique(self._sides[:, places], return_inverse=True)
        sides = sides.reshape(2, -1)
        solved = values[:, places]
        scores = accuracy_statistic(solved, sides)(np.ones((1, len(units))))[:, 0]
        intervals = confidence_intervals(
            accuracy_statistic(solved, sides), len(units), size=len(places), method="percentile"
        )
        return scores, intervals

    def p_value(self, first: Numbers, second: Numbers, places: Offsets) -> float:
        """See `QuestionSet`."""
        return p_value_of_accuracies(first[places], second[places], sides=self._sides[:, places])
