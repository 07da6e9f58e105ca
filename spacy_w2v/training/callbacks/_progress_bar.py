"""A callback that shows the progress of a run: progress bars in a terminal, plain lines elsewhere."""

import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from spacy_w2v._system.terminal import shown_lines
from spacy_w2v.cooccurrence._counting import CountingProgress
from spacy_w2v.corpus._encoding import EncodingProgress
from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.phrases._progress import PhraseProgress
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.callbacks._compiling_notice import CompilingNotice

BAR_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
BAR_FORMAT_UNKNOWN = "{desc} {elapsed}{postfix}"
COLUMNS_OF_REST = len("Training  37%|") + len("| 00:12<00:20") + len(", ")
"""What `BAR_FORMAT` takes besides the bar and the details."""
COLUMNS_OF_BAR = 10
"""The shortest bar that shows something."""
LINE_EVERY_S = 10.0
"""Seconds between plain lines."""


class ProgressBar(Callback):
    """Shows the progress of encoding, joining phrases, counting and training.

    In a terminal it draws bars, elsewhere it prints a line every 10 seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        show_corpus: Callable[[CorpusSummary], None] | None = None,
        announces_compiling: bool = True,
    ):
        """Create the callback.

        Args:
            stream: The stream to print to; None for standard error.
            show_corpus: Prints a summary of the corpus; None to print only the number of documents left out, if they
                were left out before, from a corpus in the cache. Otherwise there are warnings about them.
            announces_compiling: Whether to say that kernels are compiled, if they are, until `close`.
        """
        self.stream = stream or sys.stderr
        self.show_corpus = show_corpus
        self.shows_epochs = True
        """Whether to print the result of each epoch. A logger may do this instead."""
        self.display: _Bar | _Lines | None = None
        self.phase = ""
        self._has_encoded = False
        self._scores = ""
        self._in_notebook = stream is None and in_notebook()
        self._notice = CompilingNotice(self._say) if announces_compiling else None

    def close(self) -> None:
        """Close the current bar, and stop listening to the compiler."""
        if self._notice is not None:
            self._notice.close()
        self._close_display()

    def _say(self, text: str) -> None:
        """Print a line, which may come from another thread, above the bar if there is one."""
        if self.display is not None:
            self.display.write(text)
        else:
            print(text, file=self.stream, flush=True)

    def _close_display(self) -> None:
        if self.display is not None:
            self.display.close()
            self.display = None
            self.phase = ""

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the bar while other output is printed, and show it again below."""
        bar = self.display.bar if isinstance(self.display, _Bar) else None
        if bar is None:
            yield
            return
        bar.clear()
        try:
            yield
        finally:
            bar.refresh()

    def on_message(self, text: str) -> None:
        """Print a line."""
        self._close_display()
        print(shown_lines(text), file=self.stream, flush=True)

    def on_encoding(self, progress: EncodingProgress) -> None:
        """Show the progress of encoding."""
        self._has_encoded = True
        self._show_reading("Encoding", progress)

    def on_annotating(self, progress: EncodingProgress) -> None:
        """Show the progress of annotating texts for `spacy w2v annotate`."""
        self._show_reading("Annotating", progress)

    def _show_reading(self, phase: str, progress: EncodingProgress) -> None:
        display = self._show(phase)
        is_new = 1.0 - progress.found / progress.fraction if progress.fraction else 1.0  # the share of what was read
        rate = is_new * progress.n_tokens / progress.seconds
        details = [
            f"{progress.n_documents:,} documents",
            f"{progress.n_tokens:,} tokens",
            *([f"{rate:,.0f} tokens/s"] if is_new > 0 else []),
        ]
        display.update(progress.fraction, progress.seconds, details, found=progress.found)
        if progress.fraction == 1.0:
            self._close_display()

    def on_phrases(self, progress: PhraseProgress) -> None:
        """Show the progress of finding and joining phrases."""
        display = self._show("Counting pairs" if progress.step == "counting" else "Joining phrases")
        display.update(progress.fraction, progress.seconds, [f"{progress.n_tokens:,} tokens"])
        if progress.fraction == 1.0:
            self._close_display()

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Call `show_corpus`, or print the number of documents that were left out before, if any."""
        found = summary.corpus
        if self.show_corpus is not None:
            self._close_display()
            self.show_corpus(summary)
        elif found.n_null + found.n_not_text and not self._has_encoded:
            self.on_message(f"Left out {found.n_null:,} null documents and {found.n_not_text:,} that are not text")

    def on_counting(self, progress: CountingProgress) -> None:
        """Show the progress of counting co-occurrences."""
        display = self._show("Counting")
        details = [f"{progress.n_tokens:,} tokens", f"{progress.n_cells:,} cells"]
        display.update(progress.fraction, progress.seconds, details)
        if progress.fraction == 1.0:
            self._close_display()

    def on_progress(self, progress: TrainingProgress) -> None:
        """Show the progress of training."""
        display = self._show("Training")
        rate = progress.n_tokens / progress.seconds
        loss = "" if math.isnan(progress.loss) else f"loss {progress.loss:.4f}"
        learning_rate = "" if progress.learning_rate is None else f"learning rate {progress.learning_rate:.5f}"
        details = [
            f"epoch {progress.epoch}",
            f"{rate:,.0f} words/s",
            loss,
            self._scores,
            learning_rate,
            _describe_machines(progress),
        ]
        fraction = progress.n_tokens / progress.n_tokens_total
        display.update(fraction, progress.seconds, [detail for detail in details if detail])

    def on_scores(self, point: ScorePoint) -> None:
        """Keep the scores, to show them from now on."""
        self._scores = describe_scores(point.scores)

    def on_epoch_end(self, result: EpochResult) -> None:
        """Print the result of an epoch."""
        if self.shows_epochs and self.display is not None:
            scores = f", {describe_scores(result.scores)}" if result.scores else ""
            self.display.write(
                f"Epoch {result.epoch}: loss {result.loss:.4f}, {result.words_per_s:,.0f} words/s{scores}"
            )

    def on_analogies(self, scores: Mapping[str, AnalogyScore]) -> None:
        """Print the scores of analogies."""
        for name, score in scores.items():
            solved = "no question" if score.accuracy is None else f"{score.accuracy:.1%} of {score.n_used:,} questions"
            self.on_message(f"Analogies of {name}: {solved}")

    def _show(self, phase: str) -> "_Bar | _Lines":
        if self.phase != phase or self.display is None:
            self._close_display()
            self.phase = phase
            shows_bars = self._in_notebook or self.stream.isatty()
            self.display = _Bar(self.stream, phase) if shows_bars else _Lines(self.stream, phase)
        return self.display


def _describe_machines(progress: TrainingProgress) -> str:
    """Return the machines of a cluster and the time that they spent on merging; nothing without a cluster."""
    if progress.n_machines is None:
        return ""
    machines = "1 machine" if progress.n_machines == 1 else f"{progress.n_machines} machines"
    return f"{machines}, {progress.merging_s:.1f} s of merging"


def describe_scores(scores: Mapping[str, float | None]) -> str:
    """Return scores by set on one line, such as "wordsim353 0.612, simlex999 0.287"."""
    return ", ".join(f"{name} {'–' if value is None else format(value, '.3f')}" for name, value in scores.items())


def fitting(details: Sequence[str], *, n_columns: int | None) -> str:
    """Return as many details, from the first, as leave room for a bar.

    Args:
        details: The details, the most important first.
        n_columns: The width of the terminal; None if it is unknown.
    """
    text = ", ".join(details)
    while n_columns is not None and details and len(text) > n_columns - COLUMNS_OF_REST - COLUMNS_OF_BAR:
        details = details[:-1]
        text = ", ".join(details)
    return text


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook, whose output is no terminal but shows bars."""
    kernel = sys.modules.get("ipykernel.zmqshell")
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return kernel is not None and isinstance(shell, kernel.ZMQInteractiveShell)


class ProgressBarWithCorpus(ProgressBar):
    """A progress bar that also prints a sentence about the corpus and its vocabulary."""

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Print a sentence about corpus and vocabulary, and what `ProgressBar` prints."""
        super().on_corpus(summary)
        if (words := summary.vocabulary) is not None:
            self.on_message(
                f"Corpus: {summary.corpus.n_tokens:,} tokens, {words.n_words:,} words, which cover {words.coverage:.1%}"
            )


class _Bar:
    """A tqdm bar, which is a widget in a notebook that has ipywidgets."""

    def __init__(self, stream: TextIO, phase: str):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about ipywidgets: without them, the bar is made of characters
            from tqdm.auto import tqdm

        self.bar = tqdm(
            total=1.0, desc=phase, bar_format=BAR_FORMAT_UNKNOWN, file=stream, leave=True, dynamic_ncols=True
        )

    def update(self, fraction: float | None, seconds: float, details: list[str], *, found: float = 0.0) -> None:
        self.bar.initial = found  # took no time
        self.bar.set_postfix_str(fitting(details, n_columns=self.bar.ncols), refresh=False)
        if fraction is None:
            self.bar.refresh()
        else:
            self.bar.bar_format = BAR_FORMAT
            self.bar.update(fraction - self.bar.n)

    def write(self, line: str) -> None:
        self.bar.write(line, file=self.bar.fp)

    def close(self) -> None:
        self.bar.close()


class _Lines:
    """A line every few seconds."""

    def __init__(self, stream: TextIO, phase: str):
        self.stream = stream
        self.phase = phase
        self.next_s = LINE_EVERY_S / 10  # show the first line early, after a second
        self.is_complete = False

    def update(self, fraction: float | None, seconds: float, details: list[str], *, found: float = 0.0) -> None:
        ends = fraction == 1.0 and not self.is_complete  # machines of a cluster report many results at once
        if seconds < self.next_s and not ends:
            return
        self.is_complete |= ends
        self.next_s = seconds + LINE_EVERY_S
        share = ""
        if fraction:
            share = f" {fraction:.0%}"
        if fraction and fraction > found:  # what was found took no time
            left_s = seconds * (1.0 - fraction) / (fraction - found)
            share += f", {left_s:.0f} s left"
        self.write(f"{self.phase}{share}: {', '.join(details)}")

    def write(self, line: str) -> None:
        print(line, file=self.stream, flush=True)

    def close(self) -> None:
        """Do nothing: lines need not be closed."""
