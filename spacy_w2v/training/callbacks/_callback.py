"""The base class of callbacks for the events of a training run."""

from collections.abc import Sequence

from spacy_w2v.cooccurrence._counting import CountingCallback
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress


class Callback(EncodingCallback, CountingCallback):
    """Base class of callbacks. Its methods do nothing; override those that you need.

    All methods are called in the main thread, in the order below. An exception in one of them ends the run. The methods
    for encoding, `on_message` and `on_encoding`, are those of `EncodingCallback`. `on_counting`, after
    `on_vocabulary`, is that of `CountingCallback`.
    """

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Receive the summary of corpus, vocabulary and initial vectors, before training."""

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """Receive the words of the vocabulary, most frequent first, before training."""

    def on_build(self, n_bytes: int) -> None:
        """Receive the size of results and checkpoint on disk, in bytes, before the weights are created."""

    def on_resume(self, results: Sequence[EpochResult]) -> None:
        """Receive the results of the complete epochs, when training resumes from a checkpoint."""

    def on_task_end(self, result: TaskResult) -> None:
        """Receive the result of a task, before it is added to its epoch."""

    def on_progress(self, progress: TrainingProgress) -> None:
        """Receive the progress of training, after each task."""

    def on_epoch_end(self, result: EpochResult) -> None:
        """Receive the result of an epoch. Tasks of the next epoch may be running."""

    def wants_pause(self) -> bool:
        """Return whether training should pause to call `on_pause`. This is called after each task."""
        return False

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """Act during a pause, in which no task is running and the weights do not change.

        Args:
            state: The state of the run.
            stopping: Whether the process will end after the pause, because of a signal.
        """

    def on_pause_end(self, seconds: float) -> None:
        """Receive the duration of a pause in seconds."""

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Receive the results of all epochs, after the last task."""

    def close(self) -> None:
        """Release resources. This is called at the end, also after an error, and may be called more than once."""
