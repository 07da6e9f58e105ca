"""What progress.json of a checkpoint holds, so that a run can resume from it."""

from typing import Annotated

from pydantic import BeforeValidator, Field, NonNegativeFloat, NonNegativeInt, model_validator

from spacy_w2v.model._blocks import AtLeastOne, Block
from spacy_w2v.model._recorded_settings import RecordedTokensSettings
from spacy_w2v.model._run_record import EpochResult, LearningRate
from spacy_w2v.training._lasting_settings import LastingSettings

Counters = Annotated[
    tuple[float, NonNegativeInt, NonNegativeInt],
    BeforeValidator(lambda values: tuple(values) if isinstance(values, list) else values),
]
"""Of a task that is done: its loss, its pairs, and the tokens that were kept."""


class CorpusIdentity(Block):
    """The block "corpus": what distinguishes a corpus from another."""

    fingerprint: dict[str, object]
    """How it was made."""
    n_tokens: AtLeastOne
    content: str
    """A hash of its words, counts and chunks."""
    initial: str | None = None
    """A hash of the vectors that the run starts from, if there are any."""

    def known_fingerprint(self) -> dict[str, object]:
        """Return the fingerprint without settings of tokens that only a newer version knows."""
        tokens = self.fingerprint.get("tokens")
        if not isinstance(tokens, dict):
            return self.fingerprint
        known = {name: value for name, value in tokens.items() if name in RecordedTokensSettings.model_fields}
        return self.fingerprint | {"tokens": known}


class SavedState(Block):
    """The block "state": how far the run has come."""

    epoch: AtLeastOne
    """The first epoch that is not done."""
    n_tasks_done: NonNegativeInt
    seconds: NonNegativeFloat
    epochs: list[EpochResult]
    running_epoch: list[Counters]
    """Of the tasks of that epoch that are done, in the order of the plan."""


class Progress(Block):
    """All of it."""

    settings: LastingSettings
    corpus: CorpusIdentity
    learning_rates: list[LearningRate] = Field(min_length=1)
    """Those that the run began with, and each change."""
    state: SavedState

    @model_validator(mode="after")
    def numbers_agree(self) -> "Progress":
        """Refuse what cannot have come about in one run."""
        if [result.epoch for result in self.state.epochs] != list(range(1, len(self.state.epochs) + 1)):
            raise ValueError("state.epochs must be numbered from 1 on")
        changes = [rate.n_tasks_done for rate in self.learning_rates]
        if changes[0] != 0 or changes != sorted(changes) or changes[-1] > self.state.n_tasks_done:
            raise ValueError("learning_rates must begin with the run, and change within it")
        return self
