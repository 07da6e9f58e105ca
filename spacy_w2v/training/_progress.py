"""Shows how a job goes: progress bars in a terminal, plain lines elsewhere, and a log as JSON lines."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TextIO

from spacy_w2v._system.terminal import shown_lines
from spacy_w2v.corpus._encoding import EncodingProgress
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.training._listener import TrainingListener
from spacy_w2v.training._state import TrainingProgress

BAR_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
BAR_FORMAT_UNKNOWN = "{desc} {elapsed}{postfix}"
LINE_EVERY_S = 10.0
"""Seconds between plain lines."""


@contextmanager
def silent() -> Iterator[TrainingListener]:
    """Show nothing."""
    yield TrainingListener()


class ProgressBars(AbstractContextManager[TrainingListener]):
    """Shows encoding and training on a stream: bars if it is a terminal, else a line now and then."""

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stderr
        self.display: _Bar | _Lines | None = None
        self.phase = ""

    def __enter__(self) -> TrainingListener:
        return TrainingListener(
            message=self.message,
            encoding=self.encoding,
            corpus=self.corpus,
            progress=self.training,
            epoch=self.epoch,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the display that is shown."""
        if self.display is not None:
            self.display.close()
            self.display = None
            self.phase = ""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take a bar from the screen while others print to it; it comes back below."""
        bar = self.display.bar if isinstance(self.display, _Bar) else None
        if bar is None:
            yield
            return
        bar.clear()
        try:
            yield
        finally:
            bar.refresh()

    def message(self, text: str) -> None:
        """Print a line."""
        self.close()
        print(shown_lines(text), file=self.stream, flush=True)

    def encoding(self, progress: EncodingProgress) -> None:
        """Show how far encoding has come."""
        display = self._show("Encoding")
        rate = progress.n_tokens / progress.seconds
        facts = [
            f"{progress.n_documents:,} documents",
            f"{progress.n_tokens:,} tokens",
            f"{rate:,.0f} tokens/s",
        ]
        display.update(progress.fraction, progress.seconds, facts)
        if progress.fraction == 1.0:
            self.close()

    def corpus(self, summary: CorpusSummary) -> None:
        """Print how many documents were left out, if any."""
        found = summary.corpus
        if found.n_null + found.n_not_text:
            self.message(f"Left out {found.n_null:,} null documents and {found.n_not_text:,} that are not text")

    def corpus_in_a_line(self, summary: CorpusSummary) -> None:
        """Print how many documents were left out, if any, and a sentence on the corpus and its vocabulary."""
        self.corpus(summary)
        if (words := summary.vocabulary) is not None:
            self.message(
                f"Corpus: {summary.corpus.n_tokens:,} tokens, {words.n_words:,} words, which cover {words.coverage:.1%}"
            )

    def training(self, progress: TrainingProgress) -> None:
        """Show how far training has come."""
        display = self._show("Training")
        rate = progress.n_tokens / progress.seconds
        loss = "" if math.isnan(progress.loss) else f"loss {progress.loss:.4f}"
        facts = [
            f"epoch {progress.epoch}",
            f"{rate:,.0f} words/s",
            loss,
            f"learning rate {progress.alpha:.5f}",
        ]
        fraction = progress.n_tokens / progress.n_tokens_total
        display.update(fraction, progress.seconds, [fact for fact in facts if fact])

    def epoch(self, result: EpochResult) -> None:
        """Print the result of an epoch."""
        line = f"Epoch {result.epoch}: loss {result.loss:.4f}, {result.words_per_s:,.0f} words/s"
        if self.display is not None:
            self.display.write(line)

    def _show(self, phase: str) -> "_Bar | _Lines":
        if self.phase != phase or self.display is None:
            self.close()
            self.phase = phase
            self.display = _Bar(self.stream, phase) if self.stream.isatty() else _Lines(self.stream, phase)
        return self.display


class _Bar:
    """A tqdm bar."""

    def __init__(self, stream: TextIO, phase: str):
        from tqdm import tqdm

        self.bar = tqdm(total=1.0, desc=phase, bar_format=BAR_FORMAT_UNKNOWN, file=stream, leave=True)

    def update(self, fraction: float | None, seconds: float, facts: list[str]) -> None:
        self.bar.set_postfix_str(", ".join(facts), refresh=False)
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
        self.next_s = LINE_EVERY_S / 10  # the first rate is worth a line after a second

    def update(self, fraction: float | None, seconds: float, facts: list[str]) -> None:
        if seconds < self.next_s and fraction != 1.0:
            return
        self.next_s = seconds + LINE_EVERY_S
        share = ""
        if fraction:
            left_s = seconds * (1.0 - fraction) / fraction
            share = f" {fraction:.0%}, {left_s:.0f} s left"
        self.write(f"{self.phase}{share}: {', '.join(facts)}")

    def write(self, line: str) -> None:
        print(line, file=self.stream, flush=True)

    def close(self) -> None:
        """Lines need no end."""


class TrainingLog(AbstractContextManager["TrainingLog"]):
    """training.jsonl: a line for the corpus, one for each epoch, one for the end; each has a key "event"."""

    def __init__(self, path: Path):
        self.file: IO[str] = path.open("w", encoding="utf-8")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.file.close()

    def listener(self) -> TrainingListener:
        """Return the part that logs a job while it runs; its epochs of earlier sittings too."""

        def log_earlier_epochs(results: list[EpochResult]) -> None:
            for result in results:
                self.epoch(result)

        return TrainingListener(corpus=self.corpus, resumed=log_earlier_epochs, epoch=self.epoch)

    def corpus(self, summary: CorpusSummary) -> None:
        """Log what the corpus and the vocabulary are."""
        self._write("corpus", summary.to_json())

    def epoch(self, result: EpochResult) -> None:
        """Log the result of an epoch."""
        self._write("epoch", result.model_dump())

    def end(self, model: TrainedModel) -> None:
        """Log the end."""
        last = model.record.results[-1]
        self._write("end", {"seconds": last.seconds, "words_per_s": last.words_per_s, "loss": last.loss})

    def _write(self, event: str, values: Mapping[str, object]) -> None:
        self.file.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
        self.file.flush()
