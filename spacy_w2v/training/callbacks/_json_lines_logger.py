"""A logger that writes the events of a run as JSON lines, to training.jsonl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.model._evaluation_record import ScorePoint
from spacy_w2v.model._run_record import CorpusSummary, EpochResult
from spacy_w2v.training._state import TrainingProgress
from spacy_w2v.training.callbacks._callback import Callback, replay


class JsonLinesLogger(Callback):
    """Writes a line for the corpus, for each epoch, for scores within an epoch, and for the end of training.

    Each line has a key "event". The line of an epoch has its scores. A last line has those of analogies, if any.
    """

    def __init__(self, path: Path):
        """Open the file for writing."""
        self.file: IO[str] = path.open("w", encoding="utf-8")
        self._of_cluster: dict[str, float] = {}

    def on_corpus(self, summary: CorpusSummary) -> None:
        """Log the summary of corpus and vocabulary."""
        self._write("corpus", summary.to_json())

    def on_resume(self, results: Sequence[EpochResult], history: Sequence[ScorePoint]) -> None:
        """Log the epochs that were completed before, and the scores."""
        replay(self, results, history)

    def on_progress(self, progress: TrainingProgress) -> None:
        """Keep the number of machines of a cluster and the time that they spent on merging, for the last line."""
        if progress.n_machines is not None:
            self._of_cluster = {"n_machines": progress.n_machines, "merging_s": progress.merging_s}

    def on_scores(self, point: ScorePoint) -> None:
        """Log scores within an epoch."""
        if not point.ends_epoch:
            kept = {"epoch", "n_tokens", "scores", "seconds"}
            self._write("scores", point.model_dump(include=kept))

    def on_epoch_end(self, result: EpochResult) -> None:
        """Log the result of an epoch."""
        self._write("epoch", result.to_json())

    def on_train_end(self, results: Sequence[EpochResult]) -> None:
        """Log the end of training."""
        last = results[-1]
        self._write(
            "end", {"seconds": last.seconds, "words_per_s": last.words_per_s, "loss": last.loss} | self._of_cluster
        )

    def on_analogies(self, scores: Mapping[str, AnalogyScore]) -> None:
        """Log the scores of analogies."""
        self._write("analogies", {"scores": {name: score.model_dump() for name, score in scores.items()}})

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _write(self, event: str, values: Mapping[str, object]) -> None:
        self.file.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
        self.file.flush()
