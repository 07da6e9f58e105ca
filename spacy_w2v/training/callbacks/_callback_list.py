"""A callback that calls several callbacks."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from spacy_w2v.cooccurrence._counting import CountingProgress
from spacy_w2v.corpus._encoding import EncodingProgress
from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.phrases._progress import PhraseProgress
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback, RunCallback


class CallbackList(RunCallback):
    """Calls several callbacks in order, and closes them in reverse order."""

    def __init__(self, callbacks: Iterable[Callback] = ()):
        self.callbacks = list(callbacks)
        self.of_run = [callback for callback in self.callbacks if isinstance(callback, RunCallback)]

    def on_message(self, text: str) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_message(text)

    def on_encoding(self, progress: EncodingProgress) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_encoding(progress)

    def on_phrases(self, progress: PhraseProgress) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_phrases(progress)

    def on_counting(self, progress: CountingProgress) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_counting(progress)

    def on_corpus(self, summary: CorpusSummary) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_corpus(summary)

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_vocabulary(words)

    def on_build(self, n_bytes: int) -> None:
        """See RunCallback."""
        for callback in self.of_run:
            callback.on_build(n_bytes)

    def on_resume(self, results: Sequence[EpochResult], history: Sequence[ScorePoint]) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_resume(results, history)

    def on_task_end(self, result: TaskResult) -> None:
        """See RunCallback."""
        for callback in self.of_run:
            callback.on_task_end(result)

    def on_progress(self, progress: TrainingProgress) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_progress(progress)

    def on_scores(self, point: ScorePoint) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_scores(point)

    def on_epoch_end(self, result: EpochResult) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_epoch_end(result)

    def wants_pause(self) -> bool:
        """Return whether any callback wants a pause."""
        return any(callback.wants_pause() for callback in self.of_run)

    def on_pause(self, state: RunState, *, stopping: bool) -> None:
        """See RunCallback."""
        for callback in self.of_run:
            callback.on_pause(state, stopping=stopping)

    def on_pause_end(self, seconds: float) -> None:
        """See RunCallback."""
        for callback in self.of_run:
            callback.on_pause_end(seconds)

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_train_end(results)

    def on_analogies(self, scores: Mapping[str, AnalogyScore]) -> None:
        """See Callback."""
        for callback in self.callbacks:
            callback.on_analogies(scores)

    def close(self) -> None:
        """Close all callbacks, even if closing one of them fails."""
        with ExitStack() as stack:
            for callback in self.callbacks:
                stack.callback(callback.close)
