"""Whom a training run reports to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from spacy_w2v.corpus._encoding import EncodingListener, EncodingProgress
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._state import TrainingProgress


@dataclass(frozen=True)
class TrainingListener:
    """What is called while a run goes on."""

    message: Callable[[str], None] = lambda text: None
    encoding: Callable[[EncodingProgress], None] = lambda progress: None
    corpus: Callable[[CorpusSummary], None] = lambda summary: None
    """Called with what was found of corpus and vocabulary before training starts."""
    vocabulary: Callable[[Sequence[str]], None] = lambda words: None
    """Called with the words, by falling count; may raise."""
    room: Callable[[int], None] = lambda n_bytes: None
    """Called with the size of the results and a checkpoint, in bytes, before training starts; may raise."""
    resumed: Callable[[list[EpochResult]], None] = lambda results: None
    """Called with the epochs that were done before, when training resumes from a checkpoint."""
    progress: Callable[[TrainingProgress], None] = lambda progress: None
    epoch: Callable[[EpochResult], None] = lambda result: None

    def followed_by(self, other: "TrainingListener") -> "TrainingListener":
        """Return a listener that calls this one first, and then the other one."""
        return TrainingListener(
            **{part.name: _both(getattr(self, part.name), getattr(other, part.name)) for part in fields(self)}
        )

    def for_encoding(self) -> EncodingListener:
        """Return the part that encoding calls."""
        return EncodingListener(message=self.message, progress=self.encoding)


def _both(first: Callable[[Any], None], second: Callable[[Any], None]) -> Callable[[Any], None]:  # Any: what they take
    def call(value: Any) -> None:
        first(value)
        second(value)

    return call
