"""Writes the state of a run to a checkpoint: a model, the progress, and the best weights so far."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spacy_w2v._arrays import Parameters
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.model._run_record import Unfinished
from spacy_w2v.model._storage import best_file, write_model, write_vectors
from spacy_w2v.training._checkpoint import write_progress
from spacy_w2v.training._fixed_settings import fixed_settings
from spacy_w2v.training._progress_record import Progress
from spacy_w2v.training._stages import Built, Prepared, Trained
from spacy_w2v.training._state import RunState
from spacy_w2v.training.scoring._scoring import Scoring


@dataclass(frozen=True, eq=False)
class CheckpointWriter:
    """Writes the state of a run to a directory, from which it can be loaded as a model or resumed."""

    settings: W2VSettings
    prepared: Prepared
    built: Built
    parameters: Parameters
    """The trained parameters without padding, which training changes in place."""
    scoring: Scoring | None
    """The scores of the run, and its best weights; None without scores."""
    make_model: Callable[[Trained], Word2Vec]

    def write(self, state: RunState, directory: Path) -> None:
        """Write the current weights as a model, with the progress, and the best weights if they are others.

        Args:
            state: The state of the run. No task may be running.
            directory: An empty directory.
        """
        assert self.prepared.identity is not None
        progress = Progress(
            settings=fixed_settings(self.settings),
            corpus=self.prepared.identity,
            learning_rates=self.built.learning_rates,
            state=state.saved(),
        )
        unfinished = Unfinished(epoch=state.epoch, n_tokens=state.n_tokens, n_tokens_total=state.schedule.n_tokens)
        scores = None
        if (scoring := self.scoring) is not None:
            scores = scoring.summary()
            progress = progress.model_copy(update={"scores": scores.history})
            if scoring.selected is not None and scoring.selected.n_tasks_done != state.n_done:
                for name, array in (scoring.selected_weights or {}).items():
                    write_vectors(array, directory / best_file(name))
        write_progress(directory, progress)
        inputs = self.prepared.inputs
        parameters = inputs.completed(self.parameters, self.built.parameters[inputs.parameter])
        model = self.make_model(Trained(state.finished, parameters, scores, unfinished))
        write_model(model, directory)
