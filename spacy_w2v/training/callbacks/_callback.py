"""The base classes of callbacks for the events of a training run."""

from collections.abc import Mapping, Sequence

from spacy_w2v.cooccurrence._counting import CountingCallback, CountingProgress
from spacy_w2v.corpus._encoding import EncodingCallback, EncodingProgress
from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.phrases._progress import PhraseCallback, PhraseProgress
from spacy_w2v.training._state import RunState, TaskResult, TrainingProgress


class Callback(EncodingCallback, PhraseCallback, CountingCallback):
    """Base class of callbacks for `train`. Its methods do nothing; override those that you need.

    All methods are called in the main thread. An exception in one of them ends the run.

    Example:
        >>> class PrintLosses(spacy_w2v.Callback):
        ...     def on_epoch_end(self, result):
        ...         print(f"{result.epoch}: {result.loss:.1f}")
        >>> model = spacy_w2v.train("news.txt", vector_size=50, epochs=2, callbacks=[PrintLosses()])
        1: 2.9
        2: 2.6
    """

    def on_message(self, text: str) -> None:
        """Receive a message to the user, such as what is done about an odd value.

        Args:
            text: A sentence without a full stop.
        """

    def on_encoding(self, progress: EncodingProgress) -> None:
        """Receive the progress of encoding the corpus.

        Args:
            progress: It has `n_documents`, `n_tokens`, `fraction` and `seconds`.
        """

    def on_phrases(self, progress: PhraseProgress) -> None:
        """Receive the progress of finding phrases in the corpus and joining them, if [w2v.phrases] asks for phrases.

        Args:
            progress: It has `step` ("counting" or "joining"), `n_tokens`, `fraction` and `seconds`.
        """

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Receive the summary of corpus, vocabulary and initial vectors, before training.

        Args:
            summary: It has `corpus.n_tokens`, `vocabulary.n_words`, `vocabulary.coverage` and others.
        """

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """Receive the words of the vocabulary, before training.

        Args:
            words: The words, most frequent first.
        """

    def on_counting(self, progress: CountingProgress) -> None:
        """Receive the progress of counting co-occurrences, for losses that learn from counts.

        Args:
            progress: It has `n_tokens`, `n_cells`, `fraction` and `seconds`.
        """

    def on_resume(self, results: Sequence[EpochResult], history: Sequence[ScorePoint]) -> None:
        """Receive what was done before, when training resumes from a checkpoint.

        Args:
            results: The results of the complete epochs.
            history: All scores.
        """

    def on_progress(self, progress: TrainingProgress) -> None:
        """Receive the progress of training, after each chunk of 100,000 tokens.

        Args:
            progress: It has `epoch`, `n_tokens`, `n_tokens_total`, `loss` (of the last 20 chunks), `learning_rate` and
                `seconds`.
        """

    def on_scores(self, point: ScorePoint) -> None:
        """Receive the scores of the vectors, as [w2v.evaluation] asks for them.

        Args:
            point: It has `scores` by set, `score` (that decides which vectors are best), `epoch`, `ends_epoch` and
                `n_tokens`. After a point that ends an epoch, `on_epoch_end` follows.
        """

    def on_epoch_end(self, result: EpochResult) -> None:
        """Receive the result of an epoch. Tasks of the next epoch may be running.

        Args:
            result: It has `epoch`, `loss`, `words_per_s`, `alpha`, `seconds` and `scores` (None without scores).
        """

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Receive the results of all epochs, after the last chunk.

        Args:
            results: The results of the complete epochs.
        """

    def on_analogies(self, scores: Mapping[str, AnalogyScore]) -> None:
        """Receive the scores of analogies, after training.

        Args:
            scores: The scores by set, each with `accuracy`, `n_used` and others.
        """

    def close(self) -> None:
        """Release resources. This is called at the end, also after an error, and may be called more than once."""


class RunCallback(Callback):
    """Base class of callbacks that take part in a run: they may pause it, and act while no task is running."""

    def on_build(self, n_bytes: int) -> None:
        """Receive the size of results and checkpoint on disk, in bytes, before the weights are created."""

    def on_task_end(self, result: TaskResult) -> None:
        """Receive the result of a task, before it is added to its epoch."""

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


def replay(callback: Callback, results: Sequence[EpochResult], history: Sequence[ScorePoint]) -> None:
    """Tell a callback of the epochs and scores before a run was resumed, in the order of training.

    Args:
        callback: Its `on_scores` and `on_epoch_end` are called.
        results: The results of the complete epochs.
        history: All scores.
    """
    for result in results:
        for point in history:
            if point.epoch == result.epoch:
                callback.on_scores(point)
        callback.on_epoch_end(result)
    for point in history:
        if point.epoch > len(results):
            callback.on_scores(point)
