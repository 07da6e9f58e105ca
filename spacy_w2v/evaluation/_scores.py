"""Scores as JSON values, and as rows of tables."""

from typing import Any, TypeGuard

Scores = dict[str, dict[str, Any]]  # Any: a number, a count, or None where there is no score
"""By the name of each set: measures and counts."""

MEASURES = ("spearman", "pearson", "accuracy", "semantic", "syntactic")
"""What the scores of a set may hold; the rest of them are counts."""


def are_scores(scores: object) -> TypeGuard[Scores]:
    """Return whether a JSON value is what `evaluate` returns."""
    return isinstance(scores, dict) and all(isinstance(score, dict) and _is_score(score) for score in scores.values())


def _is_score(score: dict[str, Any]) -> bool:
    counts = [value for name, value in score.items() if name not in MEASURES]
    measures = [value for name, value in score.items() if name in MEASURES]
    return (
        "n_used" in score
        and all(type(count) is int for count in counts)
        and all(measure is None or type(measure) in (int, float) for measure in measures)
    )


def score_rows(scores: Scores, *, measures: tuple[str, ...] = MEASURES) -> list[tuple[str, str, str, str]]:
    """Return a row for each set and measure, for tables: set, measure, score, number of questions used."""
    return [
        (
            name,
            measure,
            "–" if score[measure] is None else f"{score[measure]:.3f}",
            f"{score.get(f'n_used_{measure}', score['n_used']):,}",
        )
        for name, score in scores.items()
        for measure in score
        if measure in measures
    ]
