"""What progress.json of a checkpoint must tell, so that a run can go on from it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, NonNegativeFloat, NonNegativeInt, model_validator

from spacy_w2v.model._facts import EpochFacts, Facts, check_block

Counters = Annotated[
    tuple[float, NonNegativeInt, NonNegativeInt],
    BeforeValidator(lambda values: tuple(values) if isinstance(values, list) else values),
]
"""Of a task that is done: its loss, its pairs, and the tokens that were kept."""


class KeptSettings(Facts):
    """The block "settings": the blocks of `[w2v]`, without settings that may change."""

    tokens: dict[str, Any]  # Any: settings, which are compared
    vocabulary: dict[str, Any]
    model: dict[str, Any]
    initial: dict[str, Any]
    training: dict[str, Any]


class Identity(Facts):
    """The block "corpus", as `corpus_identity`."""

    fingerprint: dict[str, Any]  # Any: JSON values, which are compared
    n_tokens: int = Field(ge=1)
    content: str
    initial: str | None = None


class LearningRate(Facts):
    """An entry of "learning_rates"."""

    n_tasks_done: NonNegativeInt
    alpha: float = Field(gt=0)
    min_alpha: NonNegativeFloat


class State(Facts):
    """The block "state", as `RunState.to_json`."""

    epoch: int = Field(ge=1)
    n_tasks_done: NonNegativeInt
    seconds: NonNegativeFloat
    epochs: list[EpochFacts]
    running_epoch: list[Counters]


class Progress(Facts):
    """All of it."""

    settings: KeptSettings
    corpus: Identity
    learning_rates: list[LearningRate] = Field(min_length=1)
    state: State

    @model_validator(mode="after")
    def numbers_agree(self) -> "Progress":
        """Refuse what cannot have come about in one run."""
        if [result.epoch for result in self.state.epochs] != list(range(1, len(self.state.epochs) + 1)):
            raise ValueError("state.epochs must be numbered from 1 on")
        changes = [rate.n_tasks_done for rate in self.learning_rates]
        if changes[0] != 0 or changes != sorted(changes) or changes[-1] > self.state.n_tasks_done:
            raise ValueError("learning_rates must begin with the run, and change within it")
        return self


def check_progress(values: object, *, path: str) -> None:
    """Raise StorageError if the content of progress.json is not what it must be. path: of the file, in errors."""
    check_block(Progress, values, path=path)
