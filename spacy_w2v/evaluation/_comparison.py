"""The scores of several word vectors side by side, with confidence intervals and tests of their differences."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, computed_field

from spacy_w2v.evaluation._scores import Interval, Scores


class Compared(BaseModel):
    """Base class of the parts of a comparison."""

    model_config = ConfigDict(frozen=True, strict=True)


class VectorsSummary(Compared):
    """Facts about word vectors that were compared."""

    n_words: int
    """Number of words."""
    n_vectors: int
    """Number of distinct rows that have words: the words of a spaCy pipeline may share one."""
    vector_size: int
    """Number of dimensions."""
    lang: str | None
    """spaCy's code of the language, or None if unknown."""
    has_counts: bool
    """Whether it is known how frequent the words are. If not, those that come first are taken to be most frequent."""


class Estimate(Compared):
    """A score with its 95 % confidence interval."""

    score: float | None
    """None if it is undefined, for example without questions."""
    interval: Interval | None
    """None for fewer than 10 questions (analogies: word pairs of questions), or if all resamples are equal."""


class Difference(Compared):
    """The difference of two scores, and whether it is more than chance."""

    first: str
    """The name of vectors."""
    second: str
    """The name of other vectors."""
    difference: float | None
    """The score of the first minus that of the second. None if one of them is undefined."""
    interval: Interval | None
    """The 95 % confidence interval of the difference; None as for scores."""
    p_value: float | None
    """The p-value of a paired permutation test. None if a score is undefined."""
    p_adjusted: float | None
    """The p-value, adjusted for the number of vectors that are compared (Holm 1979)."""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def is_clear(self) -> bool:
        """Whether the adjusted p-value is below 0.05, and the interval of the difference does not contain 0."""
        if self.p_adjusted is None or self.interval is None:
            return False
        return self.p_adjusted < 0.05 and not self.interval[0] <= 0 <= self.interval[1]


class ComparedMeasure(Compared):
    """The scores of all vectors on a set or a part of it, over the questions that all of them know."""

    set: str
    """The name of the set."""
    part: str | None
    """The name of a part, such as "semantic" or that of a section; None for the whole set."""
    measure: str
    """The name of the measure: "spearman" or "accuracy"."""
    n_questions: int
    """Number of questions."""
    n_common: int
    """Number of questions whose words all vectors know. The scores are over these."""
    estimates: dict[str, Estimate]
    """The score of each of the vectors, by name."""
    differences: list[Difference]
    """The difference of each two of the vectors."""

    def best(self) -> str | None:
        """Return the name of the vectors with the highest score, or None without scores."""
        scores = {name: each.score for name, each in self.estimates.items() if each.score is not None}
        return max(scores, key=scores.__getitem__, default=None)

    def verdict(self, name: str) -> str:
        """Return how the score of vectors compares with the best one.

        Returns:
            "best", "lower (p = …)", "no clear difference (p = …)", or "" without a score or another to compare with.
        """
        best = self.best()
        if best is None or self.estimates[name].score is None or len(self.estimates) == 1:
            return ""
        if name == best:
            return "best"
        both = next(each for each in self.differences if {each.first, each.second} == {name, best})
        what = "lower" if both.is_clear else "no clear difference"
        return what if both.p_adjusted is None else f"{what} ({shown_p_value(both.p_adjusted)})"


@dataclass(frozen=True)
class Comparison:
    """The scores of several word vectors side by side. `compare` returns it.

    Each of the vectors is scored on the same questions: those that all of them know.

    Example:
        >>> comparison = spacy_w2v.compare(["vectors", "vectors.txt.gz"])
        >>> measure = comparison.measures[0]
        >>> measure.set, measure.measure, measure.n_common
        ('WordSim-353', 'spearman', 60)
        >>> low, high = measure.estimates["vectors"].interval
    """

    vectors: dict[str, VectorsSummary]
    """Facts about the vectors, by name."""
    scores: dict[str, Scores]
    """The scores of the vectors by name, each over the questions that it knows. A single one has intervals here too."""
    measures: list[ComparedMeasure]
    """The scores over common questions, by set and part."""

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        """Return the comparison as JSON values, like those that `spacy w2v evaluate A B --output` writes.

        Example:
            >>> list(spacy_w2v.compare(["vectors", "vectors.txt.gz"]).to_dict())
            ['vectors', 'scores', 'measures']
        """
        return {
            "vectors": {name: each.model_dump() for name, each in self.vectors.items()},
            "scores": {name: each.to_dict() for name, each in self.scores.items()},
            "measures": [each.model_dump() for each in self.measures],
        }

    def to_text(self, *, sections: bool = False) -> str:
        """Return tables for a terminal.

        Args:
            sections: Whether to show the sections of analogies too.

        Example:
            >>> print(spacy_w2v.compare(["vectors", "vectors.txt.gz"]).to_text())  # doctest: +SKIP
        """
        from spacy_w2v.evaluation._comparison_tables import text_of

        return text_of(self, sections=sections)

    def to_markdown(self) -> str:
        """Return the tables, with all sections of analogies, in Markdown.

        Example:
            >>> text = spacy_w2v.compare(["vectors", "vectors.txt.gz"]).to_markdown()
        """
        from spacy_w2v.evaluation._comparison_tables import markdown_of

        return markdown_of(self)


def shown_p_value(p_value: float) -> str:
    """Return a p-value as text, such as "p = 0.03" or "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
