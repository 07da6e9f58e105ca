"""The content of progress.json in a checkpoint, from which a run is resumed."""

from typing import Annotated

from pydantic import BeforeValidator, Field, NonNegativeFloat, NonNegativeInt, model_validator

from spacy_w2v.model._blocks import AtLeastOne, Block
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._recorded_settings import RecordedTokensSettings
from spacy_w2v.model._run_record import EpochResult, LearningRate
from spacy_w2v.training._fixed_settings import FixedSettings

Counters = Annotated[
    tuple[float, NonNegativeInt, NonNegativeInt],
    BeforeValidator(lambda values: tuple(values) if isinstance(values, list) else values),
]
"""The result of a completed task: its loss, its predictions, and the tokens kept by subsampling."""


class CorpusIdentity(Block):
    """The block "corpus": the identity of a corpus."""

    fingerprint: dict[str, object]
    """The fingerprint of its source, tokenizer and settings."""
    n_tokens: AtLeastOne
    content: str
    """A hash of its words, counts and chunks."""
    initial: str | None = None
    """A hash of the vectors that the run starts from; None without such vectors."""
    word_pairs: str | None = None
    """A hash of the word pairs by which vectors are scored; None without scores."""

    def known_fingerprint(self) -> dict[str, object]:
        """Return the fingerprint without unknown token settings, which a newer version may have written."""
        tokens = self.fingerprint.get("tokens")
        if not isinstance(tokens, dict):
            return self.fingerprint
        known = {name: value for name, value in tokens.items() if name in RecordedTokensSettings.model_fields}
        return self.fingerprint | {"tokens": known}


class SavedState(Block):
    """The block "state": the progress of the run."""

    epoch: AtLeastOne
    """The first epoch that is not complete, from 1."""
    n_tasks_done: NonNegativeInt
    seconds: NonNegativeFloat
    """Time spent on training."""
    epochs: list[EpochResult]
    """The results of the complete epochs."""
    running_epoch: list[Counters]
    """The results of the completed tasks of that epoch, in the order of the plan."""


class Progress(Block):
    """The content of progress.json."""

    settings: FixedSettings
    corpus: CorpusIdentity
    learning_rates: list[LearningRate] = Field(min_length=1)
    """The initial settings of the learning rate, and each change."""
    state: SavedState
    scores: list[ScorePoint] = Field(default_factory=list)
    """The scores so far, in the order of training."""

    @model_validator(mode="after")
    def numbers_agree(self) -> "Progress":
        """Check that the numbers of epochs and tasks are consistent."""
        if [result.epoch for result in self.state.epochs] != list(range(1, len(self.state.epochs) + 1)):
            raise ValueError("state.epochs must be numbered from 1")
        changes = [rate.n_tasks_done for rate in self.learning_rates]
        if changes[0] != 0 or changes != sorted(changes) or changes[-1] > self.state.n_tasks_done:
            raise ValueError("learning_rates must begin with the run, and change within it")
        scored = [point.n_tasks_done for point in self.scores]
        if scored != sorted(set(scored)) or max(scored, default=0) > self.state.n_tasks_done:
            raise ValueError("scores must be of points of the run, each once")
        return self
