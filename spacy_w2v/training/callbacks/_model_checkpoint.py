"""A callback that writes checkpoints."""

import time
from collections.abc import Callable
from pathlib import Path

from spacy_w2v._atomic import replaced_directory
from spacy_w2v.errors import StorageError
from spacy_w2v.training._remedies import resume_option
from spacy_w2v.training._state import RunState
from spacy_w2v.training.callbacks._callback import RunCallback

MAX_TIME_SHARE = 0.05
"""Largest share of a run's time that writing checkpoints may take."""


class ModelCheckpoint(RunCallback):
    """Writes checkpoints at regular intervals, and before the process ends because of a signal."""

    def __init__(
        self,
        path: Path,
        *,
        every_s: float,
        write_to: Callable[[RunState, Path], None],
        message: Callable[[str], None] = lambda text: None,
        checkpoint_epoch: int | None = None,
    ):
        """Create the callback.

        Args:
            path: The directory of the checkpoint.
            every_s: Seconds between checkpoints, or more if writing takes long; 0 for one after each task.
            write_to: Writes a state to a directory.
            message: Reports that a checkpoint cannot be written, which does not end the run.
            checkpoint_epoch: Epoch of the checkpoint that already exists, if any.
        """
        self.path = path
        self.every_s = every_s
        self.write_to = write_to
        self.message = message
        self.checkpoint_epoch = checkpoint_epoch
        self.next = time.monotonic() + every_s

    def wants_pause(self) -> bool:
        """Return whether the next checkpoint is due."""
        return time.monotonic() >= self.next

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Write a checkpoint over the last one, or report that this is not possible."""
        try:
            self.write(state)
        except (OSError, StorageError) as error:
            effect = "so the latest progress is lost" if stopping else "but training continues"
            self.message(f"The checkpoint could not be written, {effect}: {error}")

    def on_pause_end(self, seconds: float) -> None:
        """Set the time of the next checkpoint."""
        pause = max(self.every_s, seconds / MAX_TIME_SHARE) if self.every_s else 0.0
        self.next = time.monotonic() + pause

    def write(self, state: RunState) -> None:
        """Write a checkpoint over the last one. Raises StorageError and OSError."""
        with replaced_directory(self.path) as directory:
            self.write_to(state, directory)
        self.checkpoint_epoch = state.epoch

    def describe(self) -> str:
        """Return a sentence about the last checkpoint, after a space."""
        if self.checkpoint_epoch is None:
            return " There is no checkpoint yet, so start again from the beginning."
        return (
            f" The last checkpoint, of epoch {self.checkpoint_epoch}, is in {self.path}. Load it as a model, or resume "
            f"from it with {resume_option()} and a lower alpha."
        )
