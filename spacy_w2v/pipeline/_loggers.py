"""spaCy's loggers (console, Weights & Biases, MLflow and others), called after each epoch of a run.

A logger is a function (nlp, stdout, stderr) -> (log_step, finalize). It reads `nlp.config`, and `nlp.pipeline` for the
columns of its table. It is therefore given a pipeline with the config of the run and one component, "w2v".
"""

import io
import math
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._resolved_config import ResolvedConfig, SpacyLogger
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.callbacks._progress_bar import ProgressBar

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

NAME = "w2v"
"""Name of the loss, which loggers show as "Loss w2v" or "loss_w2v"."""


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
    nlp = make_logged_pipeline(resolved.config, epochs=resolved.settings.training.epochs)
    return [*shown, SpacyLoggerCallback(resolved.logger, nlp, bar)]


class SpacyLoggerCallback(Callback):
    """Calls a spaCy logger after each epoch, as spaCy's training loop does after each evaluation.

    If the logger fails, it is not called again, and the run continues.
    """

    def __init__(self, set_up: SpacyLogger, nlp: "Language", bar: ProgressBar):
        """Set up the logger. Its output is buffered until the corpus has been read.

        Args:
            set_up: The logger.
            nlp: The pipeline that it reads.
            bar: The progress bar on the same terminal.

        Raises:
            ConfigError: The logger cannot be set up.
        """
        self.bar = bar
        self.stdout = BufferedStream(sys.stdout)
        self.checkpoints: list[tuple[float, int]] = []
        self.works = True
        self.closed = False
        try:
            self.log_step, self.finalize = set_up(nlp, self.stdout, sys.stderr)
        except Exception as error:  # of the logger's service
            raise ConfigError(f"The logger of [w2v.training.logger] cannot be set up: {first_line(error)}") from error

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Print the buffered output of the logger."""
        with self.bar.hidden():
            self.stdout.release()

    def on_resume(self, results: Sequence[EpochResult]) -> None:
        """Log the epochs that were completed before."""
        for result in results:
            self.on_epoch_end(result)

    def on_epoch_end(self, result: EpochResult) -> None:
        """Log an epoch."""
        if not self.works:
            return
        self.checkpoints.append((-result.loss, result.epoch))
        try:
            with self.bar.hidden():
                self.log_step(self._info(result))
        except Exception as error:  # a failing logger must not end training
            self.works = False
            self.bar.on_message(f"The logger failed and is not called again. Training continues: {error!r}")

    def _info(self, result: EpochResult) -> dict[str, Any]:  # Any: the format of spaCy's loggers
        return {
            "epoch": result.epoch,
            "step": result.epoch,
            "score": -result.loss,  # higher is better, as loggers expect
            "other_scores": {"speed": result.words_per_s, "learning_rate": result.alpha, "n_pairs": result.n_pairs},
            "losses": {NAME: result.loss},
            "checkpoints": list(self.checkpoints),
            "seconds": math.floor(result.seconds),
            "words": round(result.words_per_s * result.seconds),
        }

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


def make_logged_pipeline(config: "Config", *, epochs: int) -> "Language":
    """Return a blank pipeline whose config has the [w2v] block, in the form that loggers read. A step is an epoch."""
    from confection import Config
    from spacy.language import Language

    class LoggedLanguage(Language):  # type: ignore[misc]  # spaCy is Any for mypy here
        """A pipeline with a trainable component that has no factory."""

        @property
        def pipeline(self) -> list[tuple[str, _TrainableStub]]:
            return [(NAME, _TrainableStub())]

    nlp = LoggedLanguage()
    nlp.lang = config["nlp"]["lang"]
    training = {
        "seed": config["w2v"]["training"]["seed"],
        "max_steps": epochs,
        "max_epochs": epochs,
        "eval_frequency": 1,
        "score_weights": {},  # they would be shown as percentages in columns of their own
    }
    nlp.config = Config({"nlp": config["nlp"], "training": training, "w2v": config["w2v"]}).copy()
    return nlp
