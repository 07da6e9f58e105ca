"""spaCy's loggers (console, Weights & Biases, MLflow, TensorBoard and others), called after each epoch of a run.

A logger is a function (nlp, stdout, stderr) -> (log_step, finalize). It reads `nlp.config`, and `nlp.pipeline` for the
columns of its table. It is therefore given a pipeline with the config of the run and one component, "w2v".
"""

import io
import math
import sys
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING

from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.config._loading import parse_config
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._resolved_config import ResolvedConfig, SpacyLogger
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback, replay
from spacy_w2v.training.callbacks._progress_bar import ProgressBar
from spacy_w2v.training.scoring._sets import names_of_sets

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

NAME = "w2v"
"""Name of the loss, which loggers show as "Loss w2v" or "loss_w2v"."""


NAME_IN_CONFIG = "The logger of [w2v.training.logger]"
"""What errors call the logger of a config."""


RULE = "callbacks must be objects of spacy_w2v.Callback or loggers of spaCy, such as spacy.registry.loggers.get(name)()"
OTHER_FUNCTIONS = "For other functions, derive a class from spacy_w2v.Callback, with a method such as on_epoch_end."


def callbacks_of(resolved: ResolvedConfig, bar: ProgressBar, *, progress: bool = True) -> list[Callback]:
    """Return the callbacks that show the progress of a run: the progress bar, and spaCy's logger if the config has one.

    Args:
        resolved: The config.
        bar: The progress bar. With a logger, it does not print epochs, and makes room for the logger's output.
        progress: Whether to show the bar. If not, it only prints errors of the logger.

    Raises:
        ConfigError: The logger cannot be set up.
    """
    shown: list[Callback] = [bar] if progress else []
    if resolved.logger is None:
        return shown
    bar.shows_epochs = False
    nlp = make_logged_pipeline(resolved.config, resolved.settings)
    return [*shown, SpacyLoggerCallback(resolved.logger, nlp, bar)]


def as_callbacks(given: object, bar: ProgressBar, *, config: str, settings: W2VSettings) -> list[Callback]:
    """Return the callbacks of a list that has callbacks and loggers of spaCy.

    Args:
        given: What the user passed.
        bar: The progress bar, which makes room for the output of loggers.
        config: The config of the run, as text.
        settings: The settings of the run.

    Raises:
        ConfigError: An entry is neither a callback nor a logger, or a logger cannot be set up.
    """
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ConfigError(f"callbacks must be a list, was: {given!r}. Put the callback into brackets.")
    callbacks: list[Callback] = []
    for each in given:
        if isinstance(each, Callback):
            callbacks.append(each)
        elif isinstance(each, type) or not callable(each):
            remedy = "Create one, with parentheses." if isinstance(each, type) else ""
            raise ConfigError(f"{RULE}, was: {each!r}. {remedy}".rstrip())
        else:
            bar.shows_epochs = False
            nlp = make_logged_pipeline(parse_config(config), settings)
            try:
                callbacks.append(SpacyLoggerCallback(each, nlp, bar, name="A logger in callbacks"))
            except ConfigError as error:
                raise ConfigError(f"{RULE}, was: {each!r}. {error} {OTHER_FUNCTIONS}") from error
    return callbacks


class SpacyLoggerCallback(Callback):
    """Calls a spaCy logger after each epoch, as spaCy's training loop does after each evaluation.

    A row that the logger gets is an epoch, or scores within an epoch. If the logger fails, it is not called again, and
    the run continues.
    """

    def __init__(self, set_up: SpacyLogger, nlp: "Language", bar: ProgressBar, *, name: str = NAME_IN_CONFIG):
        """Set up the logger. Its output is buffered until the corpus has been read.

        Args:
            set_up: The logger.
            nlp: The pipeline that it reads.
            bar: The progress bar on the same terminal.
            name: What errors call the logger.

        Raises:
            ConfigError: The logger cannot be set up.
        """
        self.bar = bar
        self.stdout = BufferedStream(sys.stdout)
        self.checkpoints: list[tuple[float, int]] = []
        self._point: ScorePoint | None = None
        self._loss = math.nan
        self.works = True
        self.closed = False
        try:
            functions: object = set_up(nlp, self.stdout, sys.stderr)
        except Exception as error:  # of the logger's service
            raise ConfigError(f"{name} cannot be set up: {first_line(error)}") from error
        if not isinstance(functions, tuple | list) or len(functions) != 2 or not all(map(callable, functions)):
            raise ConfigError(
                f"{name} must return two functions, log_step and finalize, but returns: {type(functions).__name__}."
            )
        self.log_step, self.finalize = functions

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Print the buffered output of the logger."""
        with self.bar.hidden():
            self.stdout.release()

    def on_resume(self, results: Sequence[EpochResult], history: Sequence[ScorePoint]) -> None:
        """Log the epochs and scores of the run before it was resumed."""
        replay(self, results, history)

    def on_progress(self, progress: TrainingProgress) -> None:
        """Keep the loss, for scores within an epoch."""
        self._loss = progress.loss

    def on_scores(self, point: ScorePoint) -> None:
        """Log scores within an epoch, or keep those of an epoch for its row."""
        if point.ends_epoch:
            self._point = point
        elif not math.isnan(self._loss):  # it is not known of scores before a run was resumed
            other = {"speed": point.n_tokens / max(point.seconds, 1e-9)}
            self._log(point.epoch, self._loss, other, point, seconds=point.seconds, words=point.n_tokens)

    def on_epoch_end(self, result: EpochResult) -> None:
        """Log an epoch."""
        point, self._point = self._point, None
        other = {"speed": result.words_per_s, "learning_rate": result.alpha, "n_pairs": result.n_pairs}
        words = round(result.words_per_s * result.seconds)
        self._log(result.epoch, result.loss, other, point, seconds=result.seconds, words=words)

    def _log(
        self,
        epoch: int,
        loss: float,
        other: Mapping[str, float],
        point: ScorePoint | None,
        *,
        seconds: float,
        words: int,
    ) -> None:
        """Pass a row to the logger, unless it failed before. Higher scores are better, as loggers expect."""
        if not self.works:
            return
        step = len(self.checkpoints) + 1
        score = -loss if point is None or point.score is None else point.score
        scores = {} if point is None else {name: value for name, value in point.scores.items() if value is not None}
        self.checkpoints.append((score, step))
        info = {
            "epoch": epoch,
            "step": step,
            "score": score,
            "other_scores": {**other, **scores},
            "losses": {NAME: loss},
            "checkpoints": list(self.checkpoints),
            "seconds": math.floor(seconds),
            "words": words,
        }
        try:
            with self.bar.hidden():
                self.log_step(info)
        except Exception as error:  # a failing logger must not end training
            self.works = False
            self.bar.on_message(f"The logger failed and is not called again. Training continues: {error!r}")

    def close(self) -> None:
        """Let the logger finish."""
        if self.closed:
            return
        self.closed = True
        try:
            self.finalize()
        except Exception as error:  # as above
            self.bar.on_message(f"The logger could not finish: {error!r}")
        del self.log_step, self.finalize  # they hold the bar that spaCy's ConsoleLogger does not close


class BufferedStream(io.TextIOBase):
    """Buffers output until it is released, so that the header of a table stays together with its rows."""

    def __init__(self, stream: IO[str]):
        self.stream = stream
        self.buffered: list[str] | None = []

    def write(self, text: str) -> int:
        """Write the text, or buffer it."""
        if self.buffered is not None:
            self.buffered.append(text)
        elif self.isatty() and text != "\n":
            self.stream.write(f"\r{text}")  # the logger's own progress bar leaves the cursor in mid-line
        else:
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the underlying stream."""
        if self.buffered is None:
            self.stream.flush()

    def isatty(self) -> bool:
        """Return whether the underlying stream is a terminal."""
        return self.stream.isatty()

    def release(self) -> None:
        """Write the buffered output, and stop buffering."""
        if self.buffered is not None:
            text, self.buffered = "".join(self.buffered), None
            self.stream.write(text)
            self.stream.flush()


class _TrainableStub:
    """A component that only tells loggers that it is trained."""

    is_trainable = True


def make_logged_pipeline(config: "Config", settings: W2VSettings) -> "Language":
    """Return a blank pipeline whose config has the [w2v] block, in the form that loggers read.

    A step is an epoch, or scores within an epoch, whose number is not known before the corpus is read.
    """
    from confection import Config
    from spacy.language import Language

    class LoggedLanguage(Language):  # type: ignore[misc]  # spaCy is Any for mypy here
        """A pipeline with a trainable component that has no factory."""

        @property
        def pipeline(self) -> list[tuple[str, _TrainableStub]]:
            return [(NAME, _TrainableStub())]

    nlp, epochs = LoggedLanguage(), settings.training.epochs
    nlp.lang = config["nlp"]["lang"]
    training = {
        "seed": config["w2v"]["training"]["seed"],
        "max_steps": epochs if settings.evaluation.every_words is None else 0,
        "max_epochs": epochs,
        "eval_frequency": 1,
        "score_weights": _score_weights(settings.evaluation),
    }
    nlp.config = Config({"nlp": config["nlp"], "training": training, "w2v": config["w2v"]}).copy()
    return nlp


def _score_weights(settings: EvaluationSettings) -> dict[str, float]:
    """Return the share of each set in the score that decides. Loggers show each in a column, as a percentage."""
    names = names_of_sets(settings)
    if settings.score is None:
        return {name: 1 / len(names) for name in names}
    return {name: float(name == settings.score) for name in names}
