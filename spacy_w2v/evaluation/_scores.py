"""Scores of word vectors: as objects, as JSON values, and as rows of tables."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from spacy_w2v.config._schema import describe_problem
from spacy_w2v.errors import CorpusError

T = TypeVar("T", bound="Score")


class Score(BaseModel):
    """What all scores have."""

    model_config = ConfigDict(frozen=True, strict=True)

    fewest: ClassVar[int] = 1
    """Questions that a score needs."""


class WordPairScore(Score):
    """How well cosines of vectors agree with people's ratings of word pairs."""

    fewest: ClassVar[int] = 2

    spearman: float | None = None
    """Rank correlation, in [-1, 1]; None where fewer than two pairs are used, or all have one rating or cosine."""
    pearson: float | None = None
    """Linear correlation, in [-1, 1]; None as `spearman`."""
    n_used: int
    """Pairs of which both words have a vector."""
    n_unknown: int = 0
    """Pairs that were left out."""

    def measures(self) -> dict[str, tuple[float | None, int]]:
        """Return both correlations, with the number of pairs."""
        return {"spearman": (self.spearman, self.n_used), "pearson": (self.pearson, self.n_used)}


class AnalogyScore(Score):
    """How many analogies vectors solve, in [0, 1]; None without questions."""

    accuracy: float | None
    """Of all questions."""
    semantic: float | None = None
    """Of those in sections of meaning, where a set has those of Google's set."""
    n_used_semantic: int | None = None
    """Questions of these; None for other sets."""
    syntactic: float | None = None
    """Of those in sections of grammar, whose names begin with "gram"."""
    n_used_syntactic: int | None = None
    """Questions of these; None for other sets."""
    n_used: int
    """Questions of which all four words are among the most frequent."""
    n_unknown: int = 0
    """Questions that were left out."""
    restrict_vocab: int = 0
    """The number of the most frequent words that were looked at."""

    def measures(self) -> dict[str, tuple[float | None, int]]:
        """Return the accuracy of all, and of both kinds where there are such, with the number of questions."""
        measures = {"accuracy": (self.accuracy, self.n_used)}
        if self.n_used_semantic is not None:
            measures["semantic"] = (self.semantic, self.n_used_semantic)
        if self.n_used_syntactic is not None:
            measures["syntactic"] = (self.syntactic, self.n_used_syntactic)
        return measures


@dataclass(frozen=True)
class Scores:
    """Scores of vectors by the name of each set."""

    word_pairs: dict[str, WordPairScore]
    analogies: dict[str, AnalogyScore]

    def by_name(self) -> dict[str, WordPairScore | AnalogyScore]:
        """Return all scores, those of word pairs first."""
        return {**self.word_pairs, **self.analogies}

    def to_dict(self) -> dict[str, dict[str, Any]]:  # Any: JSON values
        """Return the scores as JSON values, as `spacy w2v evaluate --output` writes them."""
        return {
            **{name: score.model_dump() for name, score in self.word_pairs.items()},
            **{name: _without_kinds(score) for name, score in self.analogies.items()},
        }

    @classmethod
    def from_dict(cls, values: object) -> "Scores":
        """Return the scores that `to_dict` made JSON values of. Raises CorpusError for other values."""
        if not isinstance(values, dict) or not all(isinstance(value, dict) for value in values.values()):
            raise CorpusError("Scores must be a block of values for each set.")
        return cls(
            {name: _parsed(WordPairScore, value, name) for name, value in values.items() if "accuracy" not in value},
            {name: _parsed(AnalogyScore, value, name) for name, value in values.items() if "accuracy" in value},
        )


def score_rows(scores: Scores, *, leave_out: tuple[str, ...] = ()) -> list[tuple[str, str, str, str]]:
    """Return a row for each set and measure, for tables: set, measure, score, number of questions used."""
    return [
        (name, measure, "–" if value is None else f"{value:.3f}", f"{n_used:,}")
        for name, score in scores.by_name().items()
        for measure, (value, n_used) in score.measures().items()
        if measure not in leave_out
    ]


def _without_kinds(score: AnalogyScore) -> dict[str, Any]:  # Any: JSON values
    """Return the values, less those of kinds that the set does not have."""
    missing = [kind for kind in ("semantic", "syntactic") if getattr(score, f"n_used_{kind}") is None]
    return score.model_dump(exclude={name for kind in missing for name in (kind, f"n_used_{kind}")})


def _parsed(kind: type[T], values: dict[str, object], name: str) -> T:
    """Return the score of a set that JSON values hold. Raises CorpusError."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise CorpusError(describe_problem(error.errors()[0], name)) from None
