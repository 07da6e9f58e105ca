"""spaCy's loggers, for the console, Weights & Biases, MLflow and others, called after each epoch of a run.

A logger is a function (nlp, stdout, stderr) -> (log_step, finalize). It reads `nlp.config`, and for the columns of a
table `nlp.pipeline`, so it is handed a pipeline with the config of the run and one component, "w2v", that has a loss.
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
"""Of the loss: loggers show it as "Loss w2v" and "loss_w2v"."""


def callbacks_of(resolved: ResolvedConfig, bar: ProgressBar, *, progress: bool = True) -> list[Callback]:
    """Return what shows how a run goes: the progress bar and, if the config names one, spaCy's logger.

    Args:
        resolved: The config.
        bar: Shown on the same screen; it makes room for what the logger prints, and leaves epochs to it.
        progress: Whether the bar is to be shown; if not, it only prints what goes wrong with the logger.

    Returns:
        The callbacks.

    Raises:
        ConfigError: If the logger cannot be set up.
    """
    shown: list[Callback] = [bar] if progress else []
    if resolved.logger is None:
        return shown
    bar.shows_epochs = False
    nlp = pipeline_of(resolved.config, epochs=resolved.settings.training.epochs)
    return [*shown, SpacyLoggerCallback(resolved.logger, nlp, bar)]


class SpacyLoggerCallback(Callback):
    """Calls a logger of spaCy's after each epoch, as spaCy's training loop does after each evaluation.

    A logger that fails is not called any more, and the run continues.
    """

    def __init__(self, set_up: SpacyLogger, nlp: "Language", bar: ProgressBar):
        """Set the logger up; what it prints is held back until the corpus is known. Raises ConfigError."""
        self.bar = bar
        self.stdout = HeldStream(sys.stdout)
        self.checkpoints: list[tuple[float, int]] = []
        self.works = True
        self.closed = False
        try:
            self.log_step, self.finalize = set_up(nlp, self.stdout, sys.stderr)
        except Exception as error:  # of whatever service it speaks to
            raise ConfigError(f"The logger of [w2v.training.logger] cannot be set up: {first_line(error)}") from error

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Let the logger print from now on."""
        with self.bar.hidden():
            self.stdout.release()

    def on_resume(self, results: Sequence[EpochResult]) -> None:
        """Log the epochs that were done before."""
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
        except Exception as error:  # training must not be lost with it
            self.works = False
            self.bar.on_message(f"The logger failed and is not called any more; training continues: {error!r}")

    def _info(self, result: EpochResult) -> dict[str, Any]:  # Any: as spaCy's loggers take it
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
        except Exception as error:  # likewise
            self.bar.on_message(f"The logger could not finish: {error!r}")
        del self.log_step, self.finalize  # and with them the bar that spaCy's ConsoleLogger does not close


class HeldStream(io.TextIOBase):
    """Holds back what is written until it is released: a table's head stays together with its rows."""

    def __init__(self, stream: IO[str]):
        self.stream = stream
        self.held: list[str] | None = []

    def write(self, text: str) -> int:
        """Write, or hold the text back."""
        if self.held is not None:
            self.held.append(text)
        elif self.isatty() and text != "\n":
            self.stream.write(f"\r{text}")  # a bar of the logger's own, below ours, leaves the cursor in mid-line
        else:
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what the stream below buffers."""
        if self.held is None:
            self.stream.flush()

    def isatty(self) -> bool:
        """Return whether it ends in a terminal."""
        return self.stream.isatty()

    def release(self) -> None:
        """Write what was held back, and hold nothing from now on."""
        if self.held is not None:
            text, self.held = "".join(self.held), None
            self.stream.write(text)
            self.stream.flush()


class _LossOnly:
    """Stands for a component that is trained."""

    is_trainable = True


def pipeline_of(config: "Config", *, epochs: int) -> "Language":
    """Return a blank pipeline with the [w2v] block of a config, as loggers read it: an epoch is a step."""
    from confection import Config
    from spacy.language import Language

    class LoggedLanguage(Language):  # type: ignore[misc]  # spaCy is Any for mypy here
        """A pipeline that shows a trainable component, which has no factory."""

        @property
        def pipeline(self) -> list[tuple[str, _LossOnly]]:
            return [(NAME, _LossOnly())]

    nlp = LoggedLanguage()
    nlp.lang = config["nlp"]["lang"]
    training = {
        "seed": config["w2v"]["training"]["seed"],
        "max_steps": epochs,
        "max_epochs": epochs,
        "eval_frequency": 1,
        "score_weights": {},  # columns of a table beside the loss, which would take each for a percentage
    }
    nlp.config = Config({"nlp": config["nlp"], "training": training, "w2v": config["w2v"]}).copy()
    return nlp
