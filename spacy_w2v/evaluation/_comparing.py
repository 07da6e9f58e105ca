"""Answers of several word vectors to the same questions, and the comparison of their scores."""

from collections.abc import Mapping, Sequence

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.evaluation._comparison import ComparedMeasure, Comparison, Difference, Estimate, VectorsSummary
from spacy_w2v.evaluation._correlations import Numbers
from spacy_w2v.evaluation._paired_tests import adjusted
from spacy_w2v.evaluation._question_sets import Answers, QuestionSet
from spacy_w2v.evaluation._resampling import pairs_of_models
from spacy_w2v.evaluation._scores import AnalogyScore, Scores, WordPairScore
from spacy_w2v.model._word_vectors import WordVectors


def summary_of(vectors: WordVectors) -> VectorsSummary:
    """Return facts about word vectors."""
    return VectorsSummary(
        n_words=len(vectors),
        n_vectors=len(vectors.first_places),
        vector_size=vectors.vector_size,
        lang=vectors.lang,
        has_counts=vectors.counts is not None,
    )


def comparison_of(
    vectors: Mapping[str, VectorsSummary], sets: Sequence[QuestionSet], answers: Mapping[str, Sequence[Answers]]
) -> Comparison:
    """Return the comparison of answers.

    Args:
        vectors: Facts about the vectors, by name.
        sets: The sets of questions.
        answers: For each of the vectors, by name, its answers to each set.
    """
    measures = [
        measure
        for number, questions in enumerate(sets)
        for measure in _measures_of(questions, {name: each[number] for name, each in answers.items()})
    ]
    scores = {name: scores_of(sets, each) for name, each in answers.items()}
    if len(scores) == 1:  # the questions that all know are those that these vectors know
        scores = {name: with_intervals(each, measures) for name, each in scores.items()}
    return Comparison(dict(vectors), scores, measures)


def scores_of(sets: Sequence[QuestionSet], answers: Sequence[Answers]) -> Scores:
    """Return the scores of answers to sets, over the questions that are known."""
    found = [(questions.name, questions.score(each)) for questions, each in zip(sets, answers, strict=True)]
    return Scores(
        {name: score for name, score in found if isinstance(score, WordPairScore)},
        {name: score for name, score in found if isinstance(score, AnalogyScore)},
    )


def _measures_of(questions: QuestionSet, answers: Mapping[str, Answers]) -> list[ComparedMeasure]:
    """Return the scores on a set, and those on each of its parts."""
    values = np.stack([each.values for each in answers.values()])
    is_common = np.logical_and.reduce([each.is_known for each in answers.values()])
    places: list[tuple[str | None, Offsets]] = [(None, np.arange(questions.n_questions)), *questions.parts.items()]
    found = []
    for part, all_places in places:
        common = all_places[is_common[all_places]]
        estimates, differences = _compared(questions, dict(zip(answers, values, strict=True)), common)
        found.append(
            ComparedMeasure(
                set=questions.name,
                part=part,
                measure=questions.measure,
                n_questions=len(all_places),
                n_common=len(common),
                estimates=estimates,
                differences=differences,
            )
        )
    return found


def _compared(
    questions: QuestionSet, values: Mapping[str, Numbers], places: Offsets
) -> tuple[dict[str, Estimate], list[Difference]]:
    """Return the score of each of the vectors on some questions, and the difference of each two."""
    names, pairs = list(values), pairs_of_models(len(values))
    if not places.size:
        none = {name: Estimate(score=None, interval=None) for name in names}
        return none, [_difference(names[one], names[other], none[names[one]], None, None) for one, other in pairs]
    scores, intervals = questions.estimates(np.stack(list(values.values())), places)
    found = [
        Estimate(score=_finite(score), interval=None if np.isnan(low) or np.isnan(high) else (float(low), float(high)))
        for score, low, high in zip(scores, *intervals, strict=True)
    ]
    of_models, of_pairs = found[: len(names)], found[len(names) :]
    is_defined = [each.score is not None for each in of_pairs]
    p_values = [
        questions.p_value(values[names[one]], values[names[other]], places) if defined else None
        for (one, other), defined in zip(pairs, is_defined, strict=True)
    ]
    tested = iter(adjusted([value for value in p_values if value is not None]))
    differences = [
        _difference(names[one], names[other], each, p_value, None if p_value is None else next(tested))
        for (one, other), each, p_value in zip(pairs, of_pairs, p_values, strict=True)
    ]
    return dict(zip(names, of_models, strict=True)), differences


def _difference(
    first: str, second: str, estimate: Estimate, p_value: float | None, p_adjusted: float | None
) -> Difference:
    return Difference(
        first=first,
        second=second,
        difference=estimate.score,
        interval=estimate.interval,
        p_value=p_value,
        p_adjusted=p_adjusted,
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def with_intervals(scores: Scores, measures: Sequence[ComparedMeasure]) -> Scores:
    """Return scores with the intervals of measures over the same questions, those of a comparison of one."""
    found = {
        (measure.measure, measure.set, measure.part): estimate.interval
        for measure in measures
        for estimate in measure.estimates.values()
    }
    return Scores(
        {name: _pairs_with_intervals(name, score, found) for name, score in scores.word_pairs.items()},
        {name: _analogies_with_intervals(name, score, found) for name, score in scores.analogies.items()},
    )


IntervalsFound = Mapping[tuple[str, str, str | None], tuple[float, float] | None]


def _pairs_with_intervals(name: str, score: WordPairScore, found: IntervalsFound) -> WordPairScore:
    parts = {
        part: each.model_copy(update={"interval": found["spearman", name, part]}) for part, each in score.parts.items()
    }
    return score.model_copy(update={"interval": found["spearman", name, None], "parts": parts})


def _analogies_with_intervals(name: str, score: AnalogyScore, found: IntervalsFound) -> AnalogyScore:
    sections = {
        section: each.model_copy(update={"interval": found["accuracy", name, section]})
        for section, each in score.sections.items()
    }
    kinds = {f"{kind}_interval": found.get(("accuracy", name, kind)) for kind in ("semantic", "syntactic")}
    return score.model_copy(update={"interval": found["accuracy", name, None], "sections": sections, **kinds})
