"""Keeps the state of a run in a directory while it goes on."""

import time
from collections.abc import Callable
from pathlib import Path

from spacy_w2v._atomic import replaced_directory
from spacy_w2v.errors import StorageError
from spacy_w2v.training._remedies import resume_option
from spacy_w2v.training._state import RunState
from spacy_w2v.training.callbacks._callback import Callback

SHARE_OF_TIME = 0.05
"""Of a run that writing checkpoints may take."""


class ModelCheckpoint(Callback):
    """Writes the state every so often, and when the process is asked to end."""

    def __init__(
        self,
        path: Path,
        *,
        every_s: float,
        write_to: Callable[[RunState, Path], None],
        message: Callable[[str], None] = lambda text: None,
        kept_epoch: int | None = None,
    ):
        """Keep the state in a directory.

        Args:
            path: The directory.
            every_s: Seconds between two checkpoints, or more where writing takes long; 0 for one after each task.
            write_to: Fills the directory.
            message: Called when a checkpoint cannot be written, which does not end the run.
            kept_epoch: Epoch of the state that is there already.
        """
        self.path = path
        self.every_s = every_s
        self.write_to = write_to
        self.message = message
        self.kept_epoch = kept_epoch
        self.next = time.monotonic() + every_s

    def wants_pause(self) -> bool:
        """Return whether it is time to write one."""
        return time.monotonic() >= self.next

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Write the state in place of the last one, or report that this is not possible."""
        try:
            self.write(state)
        except (OSError, StorageError) as error:
            then = "the newest state is lost" if stopping else "training continues without"
            self.message(f"No checkpoint could be written, and {then}: {error}")

    def on_pause_end(self, seconds: float) -> None:
        """Plan the next one."""
        pause = max(self.every_s, seconds / SHARE_OF_TIME) if self.every_s else 0.0
        self.next = time.monotonic() + pause

    def write(self, state: RunState) -> None:
        """Write the state in place of the last one. Raises StorageError and OSError."""
        with replaced_directory(self.path) as directory:
            self.write_to(state, directory)
        self.kept_epoch = state.epoch

    def describe(self) -> str:
        """Return a sentence, after a space, on where the last good state is; empty if there is none."""
        if self.kept_epoch is None:
            return ""
        return (
            f" The last good state, of epoch {self.kept_epoch}, is kept in {self.path}: a model to load, or to resume "
            f"from with {resume_option()} and a lower alpha."
        )
