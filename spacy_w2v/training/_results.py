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
    without_links,
)
from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._cache_directory import default_cache_dir, tidy
from spacy_w2v.corpus._fingerprint import changed_parts, clauses_of, corpus_fingerprint
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats._exporting import FORMATS
from spacy_w2v.formats.spacy._writing import PIPELINE_FILES, check_no_components
from spacy_w2v.model._run_record import RunRecord
from spacy_w2v.model._storage import read_export_settings, read_record
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.training._fixed_settings import changed_in_block, changed_settings
from spacy_w2v.training._run import TrainingRun

CONFIG_FILE = "config.cfg"
LOG_FILE = "training.jsonl"
MODEL_DIRECTORY = "model"
REPORT_FILE = "report.html"
RESULTS = {
    *(MODEL_DIRECTORY, CONFIG_FILE, LOG_FILE, REPORT_FILE, *PIPELINE_FILES),
    *(Path(form.place).parts[0] for form in FORMATS.values()),
}
"""The names of all results in the output directory. A later run keeps anything else, such as `model-best`."""

CHECKPOINT_DIRECTORY = "checkpoint"
"""The name of the checkpoint if it must be inside the output; see `checkpoint_of`."""

IRRELEVANT_SETTINGS = {
    "tokens": {"n_process"},
    "phrases": {"memory_gb"},
    "cooccurrence": {"memory_gb"},
    "training": {"workers", "checkpoint_every_s"},
    "evaluation": {"analogies"},
    "distributed": {"engine", "address", "machines"},
}
"""Settings, by block, that do not affect the vectors.

With several workers or machines, vectors differ a little in any case.
"""


def check_free(output_path: Path, *, overwrite: bool) -> None:
    """Raise StorageError if the results of a run may not be written to a directory; see `check_output`."""
    of_checkpoint = (CHECKPOINT_DIRECTORY, f".{CHECKPOINT_DIRECTORY}") if _needs_checkpoint_inside(output_path) else ()
    check_output(output_path, overwrite=overwrite, marker_file=LOG_FILE, allowed_prefixes=of_checkpoint)
    check_no_components(output_path)  # of a pipeline that was saved there later


def finish_killed_run(output_path: Path) -> bool:
    """Finish a run that was killed after its results were complete: move the results, and remove the checkpoint.

    The leftovers of a partly removed checkpoint are removed too.

    Returns:
        Whether there was the checkpoint of such a run.

    Raises:
        StorageError: The results or the checkpoint cannot be moved or removed.
    """
    finish_interrupted(output_path)
    checkpoint = checkpoint_of(output_path)
    if not checkpoint.exists() and has_leftovers(checkpoint):
        with exclusive_writer(checkpoint, shown=output_path):  # a run in progress also has none for a moment
            recover_directory(checkpoint)
            if not checkpoint.exists():
                remove_directory(checkpoint)
    run = _run_of(output_path / MODEL_DIRECTORY)
    was_complete = run is not None and run == _run_of(checkpoint)
    if was_complete:
        with exclusive_writer(checkpoint, shown=output_path):
            remove_directory(checkpoint)
    return was_complete


def is_done(output_path: Path, run: TrainingRun) -> bool:
    """Return whether a run that is to be resumed is already complete, with all its exports.

    This calls `finish_killed_run` first. If the run is complete, leftovers of killed runs are removed from the cache.

    Args:
        output_path: The output directory.
        run: The run.

    Raises:
        StorageError: There is no checkpoint, and the output has the results of another run, or exports with other
            settings.
        CorpusError: The source of the run does not exist.
    """
    is_same_run = finish_killed_run(output_path)
    if not is_result(output_path) or checkpoint_of(output_path).exists():
        return False
    if is_same_run:  # whatever its texts were, which may be gone, such as those of standard input
        changes = _relevant_changes(read_record(output_path / MODEL_DIRECTORY), run.settings)
    else:
        changes = differences(output_path, run)
    of_exports = changed_exports(output_path, run)
    if changes or of_exports:
        raise _other_results(output_path, changes, of_exports)
    tidy(run.cache_dir or default_cache_dir())
    return True


def _other_results(output_path: Path, changes: list[str], of_exports: list[str]) -> StorageError:
    """Return the error for complete results that differ from the run that is to be resumed."""
    replace = worded(python="overwrite=True", command_line="--overwrite without --resume")
    if changes:
        return StorageError(
            f"Only an interrupted run can be resumed, but {output_path} has the complete results of a run with "
            "differences:\n"
            + "\n".join([*changes, *of_exports])
            + f"\nName another output, or replace the results: {replace}."
        )
    return StorageError(
        f"The run is complete, but its results in {output_path} were exported with other settings:\n"
        + "\n".join(of_exports)
        + "\nExport the model again: spacy w2v export has options for these settings. To train it again and replace "
        f"the results, use {replace}."
    )


def _run_of(model_path: Path) -> str | None:
    """Return the id of the run of a model or checkpoint; None if it is unknown."""
    try:
        return read_record(model_path).run
    except StorageError:
        return None


def summary_of(model: TrainedModel) -> str:
    """Return a sentence with the time, loss and speed of a model's training."""
    last = model.record.results[-1]
    return (
        f"Trained {len(model):,} vectors in {last.seconds:.1f} s: loss {last.loss:.4f}, {last.words_per_s:,.0f} words/s"
    )


def explain_loss(model: TrainedModel) -> str | None:
    """Return what a newcomer should know about the loss if it has risen in the last epochs; None if it has not."""
    losses = [result.loss for result in model.record.results]
    if not model.objective.spec.has_steps or losses[-1] <= min(losses):
        return None
    return (
        "The loss rose in the last epochs. That is usual when the learning rate falls, because it is measured before "
        "each step, and the vectors may still have improved. Compare the scores of runs: spacy w2v evaluate"
    )


def is_result(output_path: Path) -> bool:
    """Return whether a directory holds the results of a run."""
    return (output_path / LOG_FILE).is_file() and (output_path / MODEL_DIRECTORY).is_dir()


def differences(output_path: Path, run: TrainingRun) -> list[str]:
    """Return the differences between a run and the one with results in a directory, as lines of text.

    Settings of exports are left out: see `changed_exports`.

    Raises:
        StorageError: The results are damaged.
        CorpusError: The source of the run does not exist.
    """
    record = read_record(output_path / MODEL_DIRECTORY)
    lines = _relevant_changes(record, run.settings)
    now = corpus_fingerprint(
        run.source,
        run.nlp,
        run.settings.tokens,
        max_vocab_size=run.settings.vocabulary.max_vocab_size,
        code_path=run.code_path,
    )
    if now.source is None:
        return [*lines, "the source cannot be identified"]
    changed = set(changed_parts(record.corpus_fingerprint, now.to_json())) & {"format", "source", "tokenizer"}
    return lines + clauses_of(changed)


def _relevant_changes(record: RunRecord, now: W2VSettings) -> list[str]:
    """Return a line for each setting that affects the vectors and has changed. `rounds` does only on a cluster."""
    decides = record.evaluation.decides or now.evaluation.decides
    irrelevant = (
        IRRELEVANT_SETTINGS if decides else IRRELEVANT_SETTINGS | {"evaluation": EvaluationSettings.model_fields}
    )
    lines = changed_settings(record, now, irrelevant)
    if record.distributed.engine is None or now.distributed.engine is None:
        return lines
    of_machines = IRRELEVANT_SETTINGS["distributed"]
    return lines + changed_in_block("distributed", record.distributed, now.distributed, of_machines)


def changed_exports(output_path: Path, run: TrainingRun) -> list[str]:
    """Return a line for each setting of `[w2v.export]` that differs from the one that results were exported with.

    It is no difference if the results are in more formats than the run asks for.

    Raises:
        StorageError: The results are damaged.
    """
    before, now = read_export_settings(output_path / MODEL_DIRECTORY), run.settings.export
    missing = [name for name in now.formats if name not in before.formats]
    lines = changed_in_block("export", before, now, changeable=() if missing else ("formats",))
    return [*lines, f"there are no files of the format {' and '.join(missing)}"] if missing else lines


def checkpoint_of(output_path: Path) -> Path:
    """Return the path of the checkpoint of an output: next to it, on the same disk.

    It is inside the output if that is a mount point, or if its parent directory is not writable.
    """
    if output_path.is_symlink() or output_path.name in ("", ".."):
        output_path = _resolved(output_path)
    if _needs_checkpoint_inside(output_path):
        return output_path / CHECKPOINT_DIRECTORY
    return output_path.with_name(f"{output_path.name}.checkpoint")


def _needs_checkpoint_inside(output_path: Path) -> bool:
    """Return whether the checkpoint must be inside the output, since it cannot be next to it on the same disk."""
    path = _resolved(output_path)
    with reporting_unwritable(output_path):
        return path.is_dir() and (os.path.ismount(path) or not os.access(path.parent, os.W_OK))


def _resolved(output_path: Path) -> Path:
    """Return a path with its links resolved. Raises StorageError if they form a cycle or may not be read."""
    with reporting_unwritable(output_path):
        return without_links(output_path)
