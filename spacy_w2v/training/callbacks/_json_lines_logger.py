"""A logger that writes the events of a run as JSON lines, to training.jsonl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback


class JsonLinesLogger(Callback):
    """Writes a line for the corpus, for each epoch and for the end of training, each with a key "event"."""

    def __init__(self, path: Path):
        """Open the file for writing."""
        self.file: IO[str] = path.open("w", encoding="utf-8")
        self._of_cluster: dict[str, float] = {}

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Log the summary of corpus and vocabulary."""
        self._write("corpus", summary.to_json())

    def on_resume(self, results: Sequence[EpochResult]) -> None:
        """Log the epochs that were completed before."""
        for result in results:
            self.on_epoch_end(result)

    def on_progress(self, progress: TrainingProgress) -> None:
        """Keep the number of machines of a cluster and the time that they spent on merging, for the last line."""
        if progress.n_machines is not None:
            self._of_cluster = {"n_machines": progress.n_machines, "merging_s": progress.merging_s}

    def on_epoch_end(self, result: EpochResult) -> None:
        """Log the result of an epoch."""
        self._write("epoch", result.model_dump())

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Log the end of training."""
        last = results[-1]
        self._write(
            "end", {"seconds": last.seconds, "words_per_s": last.words_per_s, "loss": last.loss} | self._of_cluster
        )

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _write(self, event: str, values: Mapping[str, object]) -> None:
        self.file.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
        self.file.flush()
