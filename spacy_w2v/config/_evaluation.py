"""The settings of `[w2v.evaluation]`: the scores of word vectors while they are trained."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from spacy_w2v.config._base import Settings
from spacy_w2v.config._losses import LOSSES, LossName

Selection = Literal["last", "best"]
"""Which vectors a run ends with."""


def _as_list(value: Any) -> Any:  # Any: what the config holds
    """Return a list of strings for one path or several; other values as they are."""
    if isinstance(value, str | Path):
        return [str(value)]
    if isinstance(value, list | tuple):
        return [str(each) if isinstance(each, Path) else each for each in value]
    return value


NEEDS_SCORES = {"every_words": None, "select": "last", "score": None, "patience": None}
"""The settings that need scores unless they have these values, their defaults."""


class EvaluationSettings(Settings):
    """`[w2v.evaluation]`: scores while the vectors are trained, and what depends on them."""

    word_pairs: Annotated[list[str] | None, BeforeValidator(_as_list)] = None
    """The sets of word pairs with human ratings of their similarity, by which vectors are scored after each epoch.

    Each is `wordsim353` or `simlex999`, which are English, or a file with two words and a rating in each line. The
    score is Spearman's rank correlation, as in `spacy w2v evaluate`. `null` scores nothing, or both English sets if
    another setting here needs scores.
    """
    analogies: Annotated[list[str], BeforeValidator(_as_list)] = Field([])
    """The sets of analogies that are scored once, after training: `questions-words`, Google's, or files.

    They take seconds, where word pairs take milliseconds.
    """
    every_words: int | None = Field(None, ge=1)
    """The number of words of the corpus after which vectors are scored too; `null` for after each epoch only."""
    select: Selection = "last"
    """Which vectors the run ends with: the `last` ones, or those with the `best` score.

    `best` keeps a copy of the weights in memory, and in checkpoints.
    """
    score: str | None = Field(None, min_length=1)
    """The set whose score decides which vectors are best, by its name: that of its file without the suffix.

    `null` stands for the mean of all sets.
    """
    patience: int | None = Field(None, ge=1)
    """The number of scores in a row without a better one, after which training ends early; `null` for never.

    The first epoch is always completed. The learning rate falls as planned for all epochs, so a run that ends early
    ends at a higher rate than one with fewer epochs.
    """

    @property
    def needs_scores(self) -> bool:
        """Whether a setting needs scores."""
        return any(getattr(self, name) != default for name, default in NEEDS_SCORES.items())

    @property
    def scores(self) -> bool:
        """Whether vectors are scored while they are trained."""
        return bool(self.word_pairs) or self.needs_scores

    @property
    def decides(self) -> bool:
        """Whether the vectors of the run depend on scores."""
        return self.select == "best" or self.patience is not None


def check_evaluation(settings: EvaluationSettings, *, loss: LossName) -> None:
    """Raise ValueError if settings need scores that there are not."""
    if settings.word_pairs == [] and settings.needs_scores:
        names = [name for name, default in NEEDS_SCORES.items() if getattr(settings, name) != default]
        raise ValueError(
            f"evaluation.word_pairs must name a set if {' and '.join(names)} {'is' if len(names) == 1 else 'are'} set, "
            "was: []. Leave it out for wordsim353 and simlex999, or name a file."
        )
    if settings.scores and not LOSSES[loss].has_steps:
        given = [name for name in ("word_pairs", *NEEDS_SCORES) if name in settings.model_fields_set]
        raise ValueError(
            f'evaluation.{given[0]} must be left out with loss = "{loss}", which is computed at once and has no '
            f"epochs, was: {getattr(settings, given[0])}. Score the result with spacy w2v evaluate."
        )
