"""Training a model with locks and checkpoints: in memory, or with results in a directory."""

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from spacy_w2v._atomic import check_free_space, staged_directory
from spacy_w2v.config._export import ExportFormat, check_fits
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import FORMATS, check_words, export_all
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.formats.spacy._linking import link_pipeline
from spacy_w2v.formats.spacy._writing import check_can_be_saved
from spacy_w2v.model._storage import write_model
from spacy_w2v.training._checkpoint import CheckpointDirectory
from spacy_w2v.training._preset_run import PresetRun
from spacy_w2v.training._results import CONFIG_FILE, LOG_FILE, MODEL_DIRECTORY, RESULTS, check_free, checkpoint_of
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training.callbacks._callback import Callback, RunCallback
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._json_lines_logger import JsonLinesLogger


@dataclass(frozen=True)
class TrainedDirectory:
    """A trained model and its results in a directory."""

    model: Word2Vec
    places: list[Path]
    """Paths of the results, relative to the directory."""


def train_model(
    run: TrainingRun | PresetRun,
    callbacks: Sequence[Callback] = (),
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Word2Vec:
    """Train a model in memory.

    Args:
        run: The run.
        callbacks: Callbacks for the events of the run. They are closed at the end.
        checkpoint: Directory for checkpoints, locked during the run; None for no checkpoints.
        resume: Resume from the checkpoint, which must exist.
        overwrite: Start from the beginning even if there is a checkpoint. It is removed when training begins.

    Returns:
        The model.

    Raises:
        ConfigError: Settings are inconsistent, or differ from those of the checkpoint.
        Word2VecError: See `spacy_w2v.errors`.
    """
    with closing(CallbackList(callbacks)) as callback:
        if checkpoint is None and resume:
            raise ConfigError("resume needs a checkpoint, but checkpoint is None. Pass its directory.")
        checkpoint_directory = (
            CheckpointDirectory(checkpoint, resume=resume, overwrite=overwrite) if checkpoint is not None else None
        )
        with checkpoint_directory.locked() if checkpoint_directory is not None else nullcontext():
            return run.execute(callback, checkpoint=checkpoint_directory)


def train_to_directory(
    run: TrainingRun,
    output_path: Path,
    callbacks: Sequence[Callback] = (),
    *,
    overwrite: bool = False,
    resume: bool = False,
    also: Sequence[ExportFormat] = (),
) -> TrainedDirectory:
    """Train a model and write its results to a directory, which appears when all results are complete.

    Args:
        run: The run.
        output_path: The directory. Checkpoints are in `checkpoint_of(output_path)` during the run, and removed once the
            results are on disk.
        callbacks: Callbacks for the events of the run. They are closed at the end.
        overwrite: Replace earlier results, or start from the beginning even if there is a checkpoint.
        resume: Resume from the checkpoint, which must exist.
        also: Formats to which the caller exports the model, which are checked too.

    Returns:
        The model and the paths of its results.

    Raises:
        StorageError: The results cannot be written, or the checkpoint cannot be read.
        Word2VecError: See `spacy_w2v.errors`.
    """
    with closing(CallbackList(callbacks)) as callback:
        check_fits(run.settings.export, also=also, keeps_model=True)
        if "spacy" in run.settings.export.formats:
            check_can_be_saved(run.nlp)
        check_free(output_path, overwrite=overwrite)
        checkpoint_directory = CheckpointDirectory(
            checkpoint_of(output_path), shown=output_path, resume=resume, overwrite=overwrite
        )
        with checkpoint_directory.locked():
            check_free(output_path, overwrite=overwrite)  # again: another run may have ended before this one's lock
            with staged_directory(output_path, replaces=RESULTS) as directory:
                checks = _ResultsCheck(run.settings, directory, shown=output_path, message=callback.on_message)
                with closing(JsonLinesLogger(directory / LOG_FILE)) as log:
                    model = run.execute(CallbackList([log, callback, checks]), checkpoint=checkpoint_directory)
                places = _write_results(run, model, directory)
    return TrainedDirectory(model, [Path(MODEL_DIRECTORY), *places, Path(LOG_FILE)])


class _ResultsCheck(RunCallback):
    """Checks before training whether the results can be written after it."""

    def __init__(self, settings: W2VSettings, directory: Path, *, shown: Path, message: Callable[[str], None]):
        """Create the callback.

        Args:
            settings: The settings of the run.
            directory: The directory where results are written.
            shown: The directory to name in errors instead.
            message: Reports a message to the user.
        """
        self.export = settings.export
        self.delimiter = settings.phrases.delimiter if settings.phrases.is_on else None
        self.directory = directory
        self.shown = shown
        self.message = message

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """Check that the words can be written, and report words that exports change."""
        for note in check_words(words, self.export, delimiter=self.delimiter):
            self.message(note)

    def on_build(self, n_bytes: int) -> None:
        """Check the free space on disk."""
        check_free_space(self.directory, n_bytes, shown=self.shown)


def _write_results(run: TrainingRun, model: Word2Vec, directory: Path) -> list[Path]:
    """Write the model, its exports and its config, and return the paths of the exports.

    If a pipeline is among them, the directory itself becomes one too.
    """
    (directory / MODEL_DIRECTORY).mkdir()
    write_model(model, directory / MODEL_DIRECTORY)
    places = export_all(model.word_vectors(), directory, run.settings.export, nlp=run.nlp)
    if (place := Path(FORMATS["spacy"].place)) in places:
        link_pipeline(directory / place, directory, run_config=model.config)
    else:
        (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
    return places
