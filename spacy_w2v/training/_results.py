"""The directory of a run's results: the model, its exports, the config and the log."""

import os
from pathlib import Path

from spacy_w2v._atomic import (
    check_output,
    exclusive_writer,
    finish_interrupted,
    has_leftovers,
    recover_directory,
    remove_directory,
    reporting_unwritable,
)
from spacy_w2v.corpus._cache_directory import default_cache_dir, tidy
from spacy_w2v.corpus._fingerprint import PARTS, changed_parts, corpus_fingerprint
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._exporting import FORMATS
from spacy_w2v.model._storage import read_record
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.training._lasting_settings import changed_settings
from spacy_w2v.training._run import TrainingRun

CONFIG_FILE = "config.cfg"
LOG_FILE = "training.jsonl"
MODEL_DIRECTORY = "model"
RESULTS = {MODEL_DIRECTORY, CONFIG_FILE, LOG_FILE, *(Path(form.place).parts[0] for form in FORMATS.values())}
"""Names of all that a run may write to its directory. A later run leaves anything else there, as `model-best`."""

CHECKPOINT_DIRECTORY = "checkpoint"
"""Within an output that nothing can be written beside; elsewhere beside it, see `checkpoint_of`."""

NO_MATTER = {"tokens": {"n_process"}, "training": {"workers", "checkpoint_every_s"}}
"""Settings by block that make no other vectors, or (workers) only by chance."""


def check_free(output_path: Path, *, overwrite: bool) -> None:
    """Raise StorageError if the results of a run may not be written to a directory; see `check_output`."""
    of_checkpoint = (CHECKPOINT_DIRECTORY, f".{CHECKPOINT_DIRECTORY}") if _stands_alone(output_path) else ()
    check_output(output_path, overwrite=overwrite, marker_file=LOG_FILE, allowed_prefixes=of_checkpoint)


def finish_earlier(output_path: Path) -> bool:
    """Bring a run to its end that was killed when its results were complete: move them, and remove its checkpoint.

    Returns whether there was such a checkpoint; what is left of one is removed too. Raises StorageError.
    """
    finish_interrupted(output_path)
    checkpoint = checkpoint_of(output_path)
    if not checkpoint.exists() and has_leftovers(checkpoint):
        with exclusive_writer(checkpoint, shown=output_path):  # a run under way has none for a moment too
            recover_directory(checkpoint)
            if not checkpoint.exists():
                remove_directory(checkpoint)
    run = _run_of(output_path / MODEL_DIRECTORY)
    was_complete = run is not None and run == _run_of(checkpoint)
    if was_complete:
        with exclusive_writer(checkpoint, shown=output_path):
            remove_directory(checkpoint)
    return was_complete


def is_done(output_path: Path, run: TrainingRun, *, overwrite: bool = False) -> bool:
    """Return whether a run to be resumed is done already, after finishing what `finish_earlier` does.

    What killed runs have left in the cache is removed then. Raises StorageError, also if no run was stopped and the
    results are those of another run, unless they may be replaced (overwrite); and CorpusError if the run's source does
    not exist.
    """
    done = finish_earlier(output_path)
    if not done and is_result(output_path) and not checkpoint_of(output_path).exists():
        changes = differences(output_path, run)
        if changes and not overwrite:
            replace = worded(python="overwrite=True", command_line="--overwrite instead of --resume")
            raise StorageError(
                f"A run can only be resumed if it was stopped, but {output_path} has the results of another:\n"
                + "\n".join(changes)
                + f"\nName another output, or replace them by {replace}."
            )
        done = not changes
    if done:
        tidy(run.cache_dir or default_cache_dir())
    return done


def _run_of(model_path: Path) -> str | None:
    """Return the id of the run that a model or checkpoint is of; None if it is unknown."""
    try:
        return read_record(model_path).run
    except StorageError:
        return None


def summary_of(model: TrainedModel) -> str:
    """Return a sentence on how the training of a model went."""
    last = model.record.results[-1]
    return (
        f"Trained {len(model):,} vectors in {last.seconds:.1f} s: loss {last.loss:.4f}, {last.words_per_s:,.0f} words/s"
    )


def is_result(output_path: Path) -> bool:
    """Return whether a directory holds the results of a run."""
    return (output_path / LOG_FILE).is_file() and (output_path / MODEL_DIRECTORY).is_dir()


def differences(output_path: Path, run: TrainingRun) -> list[str]:
    """Return, a line each, by what a run differs from the one whose results are in a directory; none if it is the same.

    Raises StorageError if the results are damaged, CorpusError if the run's source does not exist.
    """
    record = read_record(output_path / MODEL_DIRECTORY)
    lines = changed_settings(record, run.settings, NO_MATTER)
    now = corpus_fingerprint(
        run.source,
        run.nlp,
        run.settings.tokens,
        max_vocab_size=run.settings.vocabulary.max_vocab_size,
        code_path=run.code_path,
    )
    if now.source is None:
        return [*lines, "the source cannot be recognised again"]
    changed = set(changed_parts(record.corpus_fingerprint, now.to_json())) & {"format", "source", "tokenizer"}
    return lines + [PARTS[part] for part in PARTS if part in changed]


def checkpoint_of(output_path: Path) -> Path:
    """Return where the state of a run is kept: beside its output, on the same disk.

    An output that is a mount point, or in a directory that cannot be written, has it within.
    """
    if output_path.is_symlink() or output_path.name in ("", ".."):
        output_path = _resolved(output_path)
    if _stands_alone(output_path):
        return output_path / CHECKPOINT_DIRECTORY
    return output_path.with_name(f"{output_path.name}.checkpoint")


def _stands_alone(output_path: Path) -> bool:
    """Return whether nothing can be written beside an output, or only to another disk."""
    path = _resolved(output_path)
    with reporting_unwritable(output_path):
        return path.is_dir() and (os.path.ismount(path) or not os.access(path.parent, os.W_OK))


def _resolved(output_path: Path) -> Path:
    """Return where the links of a path lead. Raises StorageError if they go round in circles, or may not be read."""
    with reporting_unwritable(output_path):
        return output_path.resolve()
