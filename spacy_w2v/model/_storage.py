"""The directory of a trained model: arrays as .npy, tables as Arrow, the rest as a config and a JSON file.

config.cfg           the complete config of the run
meta.json            a manifest: format version, size and checksum of each file, the record of the run, its own checksum
vocabulary.arrow     columns word (large_string), count (int64), by rank
forms.arrow          columns orth (large_string), word (uint32, its rank), count (int64)
input_vectors.npy    float32, v × d
output_vectors.npy   float32, v × d; with hierarchical softmax (v - 1) × d, of the inner nodes of its tree
tree.npz             only of a model with a tree of its own: offsets, nodes, codes (`Tree`)

Versions 1 and 2 of the format (2: with a tree) had no checksums. They are read as far as they hold together.
"""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v._atomic import check_files, describe_files, parse_json, parse_manifest, read_bounded, write_manifest
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.errors._wording import did_you_mean, worded
from spacy_w2v.model._arrays import check_finite, read_array
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.model._tables import read_tree, read_vocabulary, write_tree, write_vocabulary
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.objectives._registry import objective_of, parameter_names

FORMAT = "spacy-w2v model"
FORMAT_VERSION = 3
WITHOUT_CHECKSUMS = (1, 2)
"""Versions of the format."""
META_FILE = "meta.json"
CONFIG_FILE = "config.cfg"
VOCABULARY_FILE = "vocabulary.arrow"
FORMS_FILE = "forms.arrow"
TREE_FILE = "tree.npz"
NEEDED = (CONFIG_FILE, VOCABULARY_FILE, FORMS_FILE)
"""Those that every model has, beside meta.json and the files of its parameters."""

PROGRESS_FILE = "progress.json"
"""Beside the files of a model that is a checkpoint: how far its training is."""

RULE = "A model must be a directory made by spacy w2v train"
"""How errors begin for what is not a model."""

AnyModel = TypeVar("AnyModel", bound=TrainedModel)


def parameter_file(name: str) -> str:
    """Return the name of the file that has a parameter."""
    return f"{name}_vectors.npy" if name in ("input", "output") else f"{name}.npy"


INPUT_FILE = parameter_file("input")
MODEL_FILES = (META_FILE, *NEEDED, *(parameter_file(name) for name in parameter_names()), TREE_FILE)
"""Names of all that a model may consist of."""

ROWS_WRITTEN = 1024
"""Rows that are copied at a time where they lie apart in memory."""


def write_model(model: TrainedModel, directory: Path) -> None:
    """Write a model to a directory that exists and is empty, save for files that are to be kept with it."""
    (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
    write_vocabulary(model.vocabulary, directory / VOCABULARY_FILE, directory / FORMS_FILE)
    for name, array in model.parameters.items():
        _write_vectors(array, directory / parameter_file(name))
    if model.stored_tree is not None:
        write_tree(model.stored_tree, directory / TREE_FILE)
    files = describe_files(directory, sorted(path.name for path in directory.iterdir()))
    meta = {"format": FORMAT, "format_version": FORMAT_VERSION, "files": files, **model.record.to_json()}
    write_manifest(directory / META_FILE, meta)


def read_model(
    directory: Path,
    *,
    kind: type[AnyModel],
    mmap: bool = False,
    trust_config: bool = False,
) -> AnyModel:
    """Read a model, and check all of it.

    Args:
        directory: Where `write_model` wrote it.
        kind: The class of what is returned, such as one with exports.
        mmap: Whether the vectors stay on disk, read-only.
        trust_config: See `TrainedModel.trusts_config`.

    Raises:
        StorageError: The directory is missing, damaged or of another kind.
    """
    record, files = _read_meta(directory)
    objective = objective_of(record.model)
    names = {name: parameter_file(name) for name in objective.shapes(1)}
    check_files(directory, files, needed=(*NEEDED, *names.values()))
    vocabulary = read_vocabulary(directory / VOCABULARY_FILE, directory / FORMS_FILE)
    if TREE_FILE in files and not objective.has_tree:
        raise StorageError(f"{directory / TREE_FILE} belongs to hierarchical softmax, but the model has another loss.")
    shapes = objective.shapes(len(vocabulary))
    for name, shape in shapes.items():
        check_finite(directory / names[name], shape)
    return kind(
        vocabulary=vocabulary,
        parameters={
            name: read_array(directory / names[name], np.float32, shape, mmap=mmap) for name, shape in shapes.items()
        },
        config=_read_config(directory / CONFIG_FILE),
        record=record,
        stored_tree=read_tree(directory / TREE_FILE, n_words=len(vocabulary)) if TREE_FILE in files else None,
        trusts_config=trust_config,
    )


def read_record(directory: Path) -> RunRecord:
    """Return the record of a model. Raises StorageError as `read_model` does."""
    return _read_meta(directory)[0]


def _read_meta(directory: Path) -> tuple[RunRecord, Any]:  # Any: what `check_files` checks
    """Return the record of a model, and what its manifest says of its files."""
    path = directory / META_FILE
    if not path.is_file():
        raise StorageError(describe_absence(directory, rule=RULE))
    content = read_bounded(path)
    meta = parse_json(content, name=str(path))
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StorageError(_of_another_kind(directory, meta))
    version = meta.get("format_version")
    if type(version) is not int or version not in (*WITHOUT_CHECKSUMS, FORMAT_VERSION):
        raise StorageError(
            f"{path} must have a format version from 1 to {FORMAT_VERSION}, was: {version!r:.100}. Read it with the "
            "version of spacy-w2v that wrote it."
        )
    meta = parse_manifest(content, name=str(path), checked=version not in WITHOUT_CHECKSUMS)
    values = {name: value for name, value in meta.items() if name not in ("format", "format_version", "files")}
    return parse_record(RunRecord, values, path=str(path)), meta.get("files")


def is_model(directory: Path) -> bool:
    """Return whether a directory holds a model, or what is left of one."""
    return any((directory / name).is_file() for name in (INPUT_FILE, VOCABULARY_FILE, FORMS_FILE))


def describe_absence(path: Path, *, rule: str) -> str:
    """Return the text of an error for a path that has no meta.json: the rule, what is there, and what may be meant."""
    if path.is_file():
        return f"{rule}, but {path} is a file."
    if path.exists():
        results = worded(python="the results of a run", command_line="--output")
        return f"{rule}, but {path} has no {META_FILE}. A model is the directory 'model' below {results}."
    try:
        beside = [other.name for other in path.parent.iterdir()]
    except OSError:  # nor does the directory above exist, or it may not be read
        beside = []
    return f"{rule}, but {path} does not exist. {did_you_mean(path.name, beside)}".rstrip()


def describe_model_above(directory: Path) -> str:
    """Return a sentence with the place of the model of a run, for its export to spaCy; empty if there is none."""
    above = directory.resolve().parent if directory.name in ("", "..") else directory.parent
    return f"The model is above it: {above}" if (above / "model" / META_FILE).is_file() else ""


def _of_another_kind(directory: Path, meta: object) -> str:
    """Return the text for meta data of something else, such as the pipeline that training exports beside a model."""
    path = directory / META_FILE
    if not isinstance(meta, dict) or "spacy_version" not in meta:
        return f"{path} must describe a {FORMAT}, but is of another kind."
    remedy = describe_model_above(directory) or "Load it with spacy.load."
    return f"{path} must describe a {FORMAT}, but {directory} is a spaCy pipeline. {remedy}"


def _read_config(path: Path) -> str:
    """Return the text of a config that can be parsed; what it names is not made. Raises StorageError."""
    from spacy_w2v.config._loading import parse_config

    try:
        text = read_bounded(path).decode("utf-8")
        parse_config(text, interpolate=False)
    except (UnicodeDecodeError, ConfigError) as error:
        raise StorageError(f"{path} must be a config, but is damaged: {error}") from None
    return text


def _write_vectors(vectors: Vectors, path: Path) -> None:
    """Write as np.save does, to the byte, which takes eight times as long where rows have gaps between them."""
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(vectors.dtype), "fortran_order": False, "shape": vectors.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(vectors), ROWS_WRITTEN):
            np.ascontiguousarray(vectors[start : start + ROWS_WRITTEN]).tofile(file)
