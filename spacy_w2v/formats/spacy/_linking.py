"""A second place for an exported pipeline, whose files are the same on disk: the output directory of a run itself.

`spacy.load("vectors")` then works as `spacy.load("vectors/spacy")` does. The files are hard links, so that vectors are
on the disk once. Each place stays complete if the other one is moved, copied, removed or replaced. Only what writes to
a file in place, as `nlp.to_disk` does, changes both.
"""

import os
import shutil
from pathlib import Path

from spacy_w2v.errors import StorageError

CONFIG_FILE = "config.cfg"
META_FILE = "meta.json"


def link_pipeline(pipeline: Path, directory: Path, *, run_config: str) -> None:
    """Make a directory a pipeline too, by links to the files of an exported one.

    Args:
        pipeline: The directory of the exported pipeline.
        directory: The directory that becomes a pipeline, which has none of its files yet.
        run_config: The text of the run's config, which the config of the directory also is.

    Raises:
        OSError: A file cannot be written.
    """
    for entry in sorted(pipeline.iterdir()):
        if entry.name != CONFIG_FILE:
            _link(entry, directory / entry.name)
    (directory / CONFIG_FILE).write_text(joined_config(pipeline / CONFIG_FILE, run_config), encoding="utf-8")


def joined_config(pipeline_config: Path, run_config: str) -> str:
    """Return the text of a config from which spaCy loads the pipeline and `spacy w2v train` repeats the run.

    It is the run's config with `[nlp]` and `[components]` of the exported pipeline, and with the sections and settings
    of that pipeline that the run's config lacks.

    Args:
        pipeline_config: The config file of the exported pipeline.
        run_config: The text of the run's config.
    """
    from confection import Config

    exported = Config().from_disk(pipeline_config, interpolate=False)
    run = Config().from_str(run_config, interpolate=False)
    joined = Config({**exported, **run}, section_order=exported.section_order)
    for name, section in exported.items():
        own = name in ("nlp", "components")
        joined[name] = section if own else {**section, **run.get(name, {})}
    text: str = joined.to_str()
    return text


def output_of_run(pipeline: Path) -> Path | None:
    """Return the output directory of the run that a pipeline is the export of, if that is a pipeline too."""
    above = pipeline.absolute().parent if pipeline.name in ("", "..") else pipeline.parent
    is_export = pipeline.name == "spacy" and is_of_run(above)
    return above if is_export else None


def is_of_run(path: Path) -> bool:
    """Return whether a directory is the output of a run and a pipeline."""
    return (path / "model" / META_FILE).is_file() and (path / META_FILE).is_file()


def check_not_of_run(path: Path) -> None:
    """Raise StorageError if a directory is the output of a run, whose pipeline another one would replace.

    The model and the other exports in it would then have other vectors than the pipeline.
    """
    if is_of_run(path):
        raise StorageError(
            f"A pipeline must have a directory of its own, but {path} also has the model that its vectors are from. "
            "Choose another directory."
        )


def _link(source: Path, target: Path) -> None:
    """Link a file, or all files of a directory. On file systems without hard links, files are copied."""
    if source.is_dir():
        target.mkdir()
        for entry in sorted(source.iterdir()):
            _link(entry, target / entry.name)
        return
    try:
        os.link(source, target)
    except OSError:  # for example exFAT, and some network drives
        shutil.copy2(source, target)
