"""Ways to train a model: in memory, or with its results in a directory; with lock and checkpoint."""

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from spacy_w2v._atomic import check_free_space, staged_directory
from spacy_w2v.config._export import ExportFormat, ExportSettings, check_fits
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import check_words, export_all
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.formats.spacy._writing import check_can_be_saved
from spacy_w2v.model._storage import write_model
from spacy_w2v.training._checkpoint import CheckpointPlace
from spacy_w2v.training._results import CONFIG_FILE, LOG_FILE, MODEL_DIRECTORY, RESULTS, check_free, checkpoint_of
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._json_lines_logger import JsonLinesLogger


@dataclass(frozen=True)
class TrainedDirectory:
    """A model whose results are in a directory."""

    model: Word2Vec
    places: list[Path]
    """Its results, within the directory."""


def train_model(
    run: TrainingRun,
    callbacks: Sequence[Callback] = (),
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Word2Vec:
    """Train a model in memory.

    Args:
        run: What to train.
        callbacks: Are called while the run goes on, and closed in the end.
        checkpoint: Directory that keeps the state of the run while it goes, locked meanwhile; None to keep none.
        resume: Continue from the checkpoint, which must be there.
        overwrite: Start again even if there is a checkpoint of an earlier run, which is lost once training begins.

    Returns:
        The model.

    Raises:
        ConfigError: For settings that do not go together, or not with the checkpoint.
        Word2VecError: As the errors of `spacy_w2v.errors` say.
    """
    with closing(CallbackList(callbacks)) as callback:
        if checkpoint is None and resume:
            raise ConfigError("resume needs a checkpoint, but checkpoint is None. Name its directory.")
        place = CheckpointPlace(checkpoint, resume=resume, overwrite=overwrite) if checkpoint is not None else None
        with place.held() if place is not None else nullcontext():
            return run.execute(callback, checkpoint=place)


def train_to_directory(
    run: TrainingRun,
    output_path: Path,
    callbacks: Sequence[Callback] = (),
    *,
    overwrite: bool = False,
    resume: bool = False,
    also: Sequence[ExportFormat] = (),
) -> TrainedDirectory:
    """Train a model whose results appear in a directory when all of them are there.

    Args:
        run: What to train.
        output_path: The directory. While the run goes, its state is kept in `checkpoint_of(output_path)`, which is
            removed once the results are on the disk.
        callbacks: Are called while the run goes on, and closed in the end.
        overwrite: Replace earlier results, or start again where an earlier run was stopped.
        resume: Continue from the checkpoint, which must be there.
        also: Formats that the caller makes of the model.

    Returns:
        The model and the places of its results.

    Raises:
        StorageError: If there is no room or no right to write.
        Word2VecError: As the errors of `spacy_w2v.errors` say.
    """
    with closing(CallbackList(callbacks)) as callback:
        check_fits(run.settings.export, also=also)
        if "spacy" in run.settings.export.formats:
            check_can_be_saved(run.nlp)
        check_free(output_path, overwrite=overwrite)
        place = CheckpointPlace(checkpoint_of(output_path), shown=output_path, resume=resume, overwrite=overwrite)
        with place.held():
            check_free(output_path, overwrite=overwrite)  # again: another run may have ended just before it was held
            with staged_directory(output_path, replaces=RESULTS) as directory:
                checks = _ResultsCheck(run.settings.export, directory, shown=output_path, message=callback.on_message)
                with closing(JsonLinesLogger(directory / LOG_FILE)) as log:
                    model = run.execute(CallbackList([log, callback, checks]), checkpoint=place)
                places = _write_results(run, model, directory)
    return TrainedDirectory(model, [Path(MODEL_DIRECTORY), *places, Path(LOG_FILE)])


class _ResultsCheck(Callback):
    """Raises, before training, what would be wrong with the results after it."""

    def __init__(self, export: ExportSettings, directory: Path, *, shown: Path, message: Callable[[str], None]):
        """directory: where results are written; shown: what errors name in place of it."""
        self.export = export
        self.directory = directory
        self.shown = shown
        self.message = message

    def on_vocabulary(self, words: Sequence[str]) -> None:
        """Check that the words can be written, and report those that change."""
        for note in check_words(words, self.export):
            self.message(note)

    def on_build(self, n_bytes: int) -> None:
        """Check that there is room on the disk."""
        check_free_space(self.directory, n_bytes, shown=self.shown)


def _write_results(run: TrainingRun, model: Word2Vec, directory: Path) -> list[Path]:
    """Write the model, its config and its exports, and return the places of the exports."""
    (directory / MODEL_DIRECTORY).mkdir()
    write_model(model, directory / MODEL_DIRECTORY)
    (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
    return export_all(model.word_vectors(), directory, run.settings.export, nlp=run.nlp)
