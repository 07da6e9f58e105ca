"""What a training run calls while it goes on."""

from collections.abc import Sequence

from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress


class Callback(EncodingCallback):
    """Base of all callbacks: its methods do nothing, and a callback has those that it needs.

    All are called in the main thread, in the order in which they stand here. What one raises ends the run. Those about
    encoding, `on_message` and `on_encoding`, come from `EncodingCallback`.
    """

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Receive what was found of corpus, vocabulary and starting point, before training starts."""

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """Receive the words by falling count, before training starts."""

    def on_build(self, n_bytes: int) -> None:
        """Receive the bytes that results and checkpoint take on disk, before the weights are made."""

    def on_resume(self, results: Sequence[EpochResult]) -> None:
        """Receive the epochs that were done before, when training resumes from a checkpoint."""

    def on_task_end(self, result: TaskResult) -> None:
        """Receive what one task came to, before it is added to those of its epoch."""

    def on_progress(self, progress: TrainingProgress) -> None:
        """Receive how far training has come, after each task."""

    def on_epoch_end(self, result: EpochResult) -> None:
        """Receive the result of an epoch. Tasks of the next one may be running."""

    def wants_pause(self) -> bool:
        """Return whether training is to pause, for `on_pause`; asked after each task."""
        return False

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Act while no task is running and the weights stay as they are.

        Args:
            state: What the run has come to.
            stopping: Whether the process was asked to end, and will after this.
        """

    def on_pause_end(self, seconds: float) -> None:
        """Receive how long training stood still."""

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Receive the results of all epochs, when the last task is done."""

    def close(self) -> None:
        """Let go of what the callback holds. Called in the end, also after an error, and perhaps more than once."""
