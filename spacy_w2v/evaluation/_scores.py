"""Scores of word vectors, their conversion to JSON values, and their rows in tables."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spacy_w2v._system.notebook import card, table
from spacy_w2v.config._problems import describe_problem
from spacy_w2v.errors import CorpusError

T = TypeVar("T", bound="Score")

OF_ANALOGIES = " (analogies)"
"""After the name of a set of analogies where a set of word pairs has the same name."""

AnalogyMethod = Literal["3cosadd", "3cosmul"]
"""How the answer of an analogy is found; see `solve_analogies`."""

Interval = Annotated[tuple[float, float], Field(strict=False)]
"""The bounds of a 95 % confidence interval. In JSON they are a list."""


class Score(BaseModel):
    """Base class of scores."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    min_questions: ClassVar[int] = 1
    """Smallest number of questions that gives a score."""


class WordPairScore(Score):
    """The correlation of cosine similarities with human ratings of word pairs."""

    min_questions: ClassVar[int] = 2

    spearman: float | None = None
    """Spearman's rank correlation in [-1, 1]. None for fewer than two pairs, or if all ratings or cosines are equal."""
    pearson: float | None = None
    """Pearson's linear correlation in [-1, 1]. None in the same cases."""
    n_used: int
    """Number of pairs in which both words have a vector."""
    n_unknown: int = 0
    """Number of pairs without a score, because a word has no vector."""
    n_composed: int = 0
    """Number of the pairs used with a word that is not in the vocabulary, and whose vector is composed of subwords."""
    interval: Interval | None = None
    """The 95 % confidence interval of Spearman's correlation. None if it was not asked for, or cannot be computed."""
    parts: dict[str, "WordPairScore"] = Field(default_factory=dict)
    """The scores of the parts of a set whose file has a column that names them, such as similarity and relatedness."""

    def measures(self) -> dict[str, tuple[float | None, int]]:
        """Return both correlations by name, each with the number of pairs."""
        return {"spearman": (self.spearman, self.n_used), "pearson": (self.pearson, self.n_used)}

    def intervals(self) -> dict[str, Interval | None]:
        """Return the intervals that were computed, by the name of the measure."""
        return {"spearman": self.interval}


class SectionScore(Score):
    """The share of the analogies of one section that are solved."""

    accuracy: float | None
    """The share in [0, 1]. None without questions."""
    n_used: int
    """Number of questions whose words are known."""
    n_unknown: int = 0
    """Number of other questions, which are not scored."""
    interval: Interval | None = None
    """The 95 % confidence interval of the share, as in `WordPairScore`."""

    def measures(self) -> dict[str, tuple[float | None, int]]:
        """Return the accuracy by name, with the number of questions."""
        return {"accuracy": (self.accuracy, self.n_used)}


class AnalogyScore(Score):
    """The share of analogies solved, in [0, 1]. It is None without questions."""

    accuracy: float | None
    """The share of all questions."""
    semantic: float | None = None
    """The share of semantic questions. None for sets without both kinds of sections."""
    n_used_semantic: int | None = None
    """Number of semantic questions. None for sets without both kinds of sections."""
    syntactic: float | None = None
    """The share of syntactic questions, whose sections have names that begin with "gram", as in Google's set."""
    n_used_syntactic: int | None = None
    """Number of syntactic questions. None for sets without both kinds of sections."""
    n_used: int
    """Number of questions whose four words are among the `restrict_vocab` most frequent words."""
    n_unknown: int = 0
    """Number of other questions, which are not scored."""
    restrict_vocab: int = 0
    """Number of the most frequent words among which questions and answers were."""
    method: AnalogyMethod = "3cosadd"
    """How the answers were found: "3cosadd" or "3cosmul"."""
    interval: Interval | None = None
    """The 95 % confidence interval of the accuracy. None if it was not asked for, or cannot be computed."""
    semantic_interval: Interval | None = None
    """That of the semantic questions."""
    syntactic_interval: Interval | None = None
    """That of the syntactic questions."""
    sections: dict[str, SectionScore] = Field(default_factory=dict)
    """The scores of the sections, by name. Empty for sets without sections."""

    def measures(self) -> dict[str, tuple[float | None, int]]:
        """Return the accuracies by name, each with the number of questions."""
        measures = {"accuracy": (self.accuracy, self.n_used)}
        if self.n_used_semantic is not None:
            measures["semantic"] = (self.semantic, self.n_used_semantic)
        if self.n_used_syntactic is not None:
            measures["syntactic"] = (self.syntactic, self.n_used_syntactic)
        return measures

    def intervals(self) -> dict[str, Interval | None]:
        """Return the intervals that were computed, by the name of the measure."""
        return {
            "accuracy": self.interval,
            "semantic": self.semantic_interval,
            "syntactic": self.syntactic_interval,
        }


@dataclass(frozen=True)
class Scores:
    """The scores of word vectors on evaluation sets, by the name of each set. `evaluate` returns them.

    Example:
        >>> scores = spacy_w2v.evaluate("vectors.txt.gz")
        >>> scores.word_pairs["SimLex-999"].n_used
        96
        >>> accuracy = scores.analogies["Google analogies"].accuracy
    """

    word_pairs: dict[str, WordPairScore]
    """Scores on word similarity."""
    analogies: dict[str, AnalogyScore]
    """Scores on analogies."""

    def __repr__(self) -> str:
        """Return the first measure of each set, on one line."""
        firsts = [(name, next(iter(score.measures().values()))[0]) for name, score in self.by_name().items()]
        shown = [f"{name!r}: {'None' if value is None else f'{value:.3f}'}" for name, value in firsts]
        return f"Scores({', '.join(shown)})"

    def _repr_html_(self) -> str:
        """Return the card that notebooks show."""
        rows = score_rows(self, leave_out=("pearson",))
        return card("Scores", "", table(rows, header=("Set", "Measure", "Score", "Questions"), numbers=(2, 3)))

    def by_name(self) -> dict[str, WordPairScore | AnalogyScore]:
        """Return all scores by the name of the set, those on word similarity first.

        A set of analogies with the name of a set of word pairs is called "NAME (analogies)".

        Example:
            >>> list(spacy_w2v.evaluate("vectors.txt.gz").by_name())
            ['WordSim-353', 'SimLex-999', 'Google analogies']
        """
        pairs = self.word_pairs
        others = {name + OF_ANALOGIES if name in pairs else name: score for name, score in self.analogies.items()}
        return {**pairs, **others}

    def to_dict(self) -> dict[str, dict[str, Any]]:  # Any: JSON values
        """Return the scores as JSON values, like those that `spacy w2v evaluate --output` writes.

        Example:
            >>> values = spacy_w2v.evaluate("vectors.txt.gz").to_dict()
            >>> list(values["WordSim-353"])
            ['spearman', 'pearson', 'n_used', 'n_unknown']
        """
        return {name: _without_missing(score.model_dump()) for name, score in self.by_name().items()}

    @classmethod
    def from_dict(cls, values: object) -> "Scores":
        """Return the scores from JSON values that `to_dict` returned.

        Args:
            values: A dict with the values of each set.

        Raises:
            CorpusError: The values have another form.

        Example:
            >>> scores = spacy_w2v.evaluate("vectors.txt.gz")
            >>> spacy_w2v.Scores.from_dict(scores.to_dict()) == scores
            True
        """
        if isinstance(values, dict) and {"vectors", "scores"} <= values.keys():
            raise CorpusError(
                "Scores must be those of one model, but these compare several. Evaluate one model by itself."
            )
        if not isinstance(values, dict) or not all(isinstance(value, dict) for value in values.values()):
            raise CorpusError("Scores must have a block of values for each set, but have others.")
        pairs = {name: value for name, value in values.items() if "accuracy" not in value}
        analogies = {_name_among(name, pairs): value for name, value in values.items() if name not in pairs}
        return cls(
            {name: _parsed(WordPairScore, value, name) for name, value in pairs.items()},
            {name: _parsed(AnalogyScore, value, name) for name, value in analogies.items()},
        )


def _name_among(name: str, pairs: Collection[str]) -> str:
    """Return the name of a set of analogies from that in `Scores.by_name`, which differs from those of word pairs."""
    own = name.removesuffix(OF_ANALOGIES)
    return own if own in pairs else name


def score_rows(scores: Scores, *, leave_out: tuple[str, ...] = ()) -> list[tuple[str, str, str, str]]:
    """Return table rows of set, measure, score and number of questions, one for each set and measure.

    Args:
        scores: The scores.
        leave_out: Names of measures without a row.
    """
    return [
        (name, measure, shown_score(value), f"{n_used:,}")
        for name, score in scores.by_name().items()
        for measure, (value, n_used) in score.measures().items()
        if measure not in leave_out
    ]


def interval_rows(
    scores: Scores, *, leave_out: tuple[str, ...] = (), sections: bool = False
) -> list[tuple[str, str, str, str, str]]:
    """Return the rows of `score_rows` with the interval of each score, and further rows for parts of sets.

    Args:
        scores: The scores.
        leave_out: Names of measures without a row.
        sections: Whether to add a row for each section of analogies.
    """
    rows = []
    for name, score in scores.by_name().items():
        intervals = score.intervals()
        for measure, (value, n_used) in score.measures().items():
            if measure not in leave_out:
                interval = shown_interval(intervals.get(measure))
                rows.append((name, measure, shown_score(value), f"{n_used:,}", interval))
        parts = score.parts if isinstance(score, WordPairScore) else score.sections if sections else {}
        for part, of_part in parts.items():
            measure, (value, n_used) = next(iter(of_part.measures().items()))
            interval = shown_interval(of_part.interval)
            rows.append((f"{name}: {part}", measure, shown_score(value), f"{n_used:,}", interval))
    return rows


def describe_composed(scores: Scores) -> list[str]:
    """Return a sentence for each set of word pairs with words whose vectors were composed of subwords."""
    return [
        f"{name}: {score.n_composed:,} of the {score.n_used:,} pairs have a word that is not in the vocabulary. Its "
        "vector is composed of subwords."
        for name, score in scores.word_pairs.items()
        if score.n_composed
    ]


def shown_score(score: float | None) -> str:
    """Return a score as text with three decimals, or a dash for None."""
    return "–" if score is None else f"{score:.3f}"


def shown_interval(interval: Interval | None) -> str:
    """Return an interval as text, such as "0.443 to 0.612", or a dash for None."""
    return "–" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def _without_missing(values: dict[str, Any]) -> dict[str, Any]:  # Any: JSON values
    """Return the values of a score, without those of what it lacks: kinds of questions, parts, sections, intervals."""
    missing = {f"n_used_{kind}" for kind in ("semantic", "syntactic") if values.get(f"n_used_{kind}") is None}
    missing |= {kind.removeprefix("n_used_") for kind in missing}
    missing |= {name for name in values if name.endswith("interval") and values[name] is None}
    missing |= {name for name in ("parts", "sections", "n_composed") if not values.get(name)}
    found = {name: value for name, value in values.items() if name not in missing}
    return {
        name: {part: _without_missing(each) for part, each in value.items()} if isinstance(value, dict) else value
        for name, value in found.items()
    }


def _parsed(kind: type[T], values: dict[str, object], name: str) -> T:
    """Return the score of a set from JSON values. Raises CorpusError if they are invalid."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise CorpusError(describe_problem(error.errors()[0], name)) from None
