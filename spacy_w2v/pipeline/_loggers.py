"""spaCy's loggers, for the console, Weights & Biases, MLflow and others, called after each epoch of a run.

A logger is a function (nlp, stdout, stderr) -> (log_step, finalize). It reads `nlp.config`, and for the columns of a
table `nlp.pipeline`, so it is handed a pipeline with the config of the run and one component, "w2v", that has a loss.
"""

import io
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._listener import TrainingListener
from spacy_w2v.training._progress import ProgressBars
from spacy_w2v.training._resolved_config import ResolvedConfig, SpacyLogger

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

NAME = "w2v"
"""Of the loss: loggers show it as "Loss w2v" and "loss_w2v"."""


@contextmanager
def with_logger(job: ResolvedConfig, shown: TrainingListener, bars: ProgressBars) -> Iterator[TrainingListener]:
    """Give a listener that tells `shown` of a run and, if the config names one, a logger, which then shows the epochs.

    bars: what is shown on the same screen; it makes room for what the logger prints, which begins when the corpus is
    known. Raises ConfigError if the logger cannot be set up. One that fails later is not called any more, and the
    run goes on.
    """
    if job.logger is None:
        yield shown
        return
    stdout = HeldStream(sys.stdout)
    nlp = pipeline_of(job.config, epochs=job.settings.training.epochs)
    epochs = LoggedEpochs(job.logger, nlp, stdout, message=bars.message)

    def corpus(summary: CorpusSummary) -> None:
        shown.corpus(summary)
        with bars.aside():
            stdout.release()

    def log(result: EpochResult) -> None:
        with bars.aside():
            epochs.log(result)

    def resumed(results: list[EpochResult]) -> None:
        shown.resumed(results)
        for result in results:
            log(result)

    try:
        yield replace(shown, corpus=corpus, resumed=resumed, epoch=log)
    finally:
        epochs.finish()


class LoggedEpochs:
    """Tells a logger of epochs, for as long as it raises nothing."""

    def __init__(
        self, set_up: SpacyLogger, nlp: "Language", stdout: io.TextIOBase, *, message: Callable[[str], None]
    ) -> None:
        """Set a logger up. Raises ConfigError if that fails; what fails later goes to `message`."""
        self.message = message
        self.checkpoints: list[tuple[float, int]] = []
        self.works = True
        try:
            self.log_step, self.finalize = set_up(nlp, stdout, sys.stderr)
        except Exception as error:  # of whatever service it speaks to
            raise ConfigError(f"The logger of [w2v.training.logger] cannot be set up: {first_line(error)}") from error

    def log(self, result: EpochResult) -> None:
        """Tell the logger of an epoch."""
        if not self.works:
            return
        score = -result.loss
        self.checkpoints.append((score, result.epoch))
        info = {
            "epoch": result.epoch,
            "step": result.epoch,
            "score": score,  # higher is better, as loggers expect
            "other_scores": {"speed": result.words_per_s, "learning_rate": result.alpha, "n_pairs": result.n_pairs},
            "losses": {NAME: result.loss},
            "checkpoints": list(self.checkpoints),
            "seconds": math.floor(result.seconds),
            "words": round(result.words_per_s * result.seconds),
        }
        try:
            self.log_step(info)
        except Exception as error:  # training must not be lost with it
            self.works = False
            self.message(f"The logger failed and is not called any more; training goes on: {error!r}")

    def finish(self) -> None:
        """Tell the logger that there is no more to come."""
        try:
            self.finalize()
        except Exception as error:  # likewise
            self.message(f"The logger could not finish: {error!r}")
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
        """A pipeline that tells of a trainable component, which has no factory."""

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
