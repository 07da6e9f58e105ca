"""The directory of a trained model: arrays as .npy, tables as Arrow, the config, and a JSON file.

config.cfg           the complete config of the run
meta.json            a manifest: format version, size and checksum of each file, the record of the run, its own checksum
vocabulary.arrow     columns word (large_string), count (int64), by rank
forms.arrow          columns orth (large_string), word (uint32, its rank), count (int64)
input_vectors.npy    float32, v × d
output_vectors.npy   float32, v × d; with hierarchical softmax (v - 1) × d, one row for each inner node of the tree
tree.npz             offsets, nodes, codes (`Tree`), if counts and settings do not determine the tree
subwords_vectors.npy float32, rows × d; the rows of subwords, of which the input vectors are composed, if there are any
subword_buckets.npy  uint32; the bucket of each of these rows, after those that belong to words

Version 4 of the format has model.safetensors instead of the .npy files, with the arrays "input", "output" and so on.
Version 5 is that of models with subwords. It has either of them.
Versions 1 and 2 of the format (2: with a tree) have no checksums. They are read if their files are consistent.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from spacy_w2v._arrays import Parameters, TokenIds, Vectors
from spacy_w2v._atomic import check_files, describe_files, parse_json, parse_manifest, read_bounded, write_manifest
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.config._renamed import NEW_NAMES
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.errors._wording import did_you_mean, worded
from spacy_w2v.model._arrays import Array, check_numbers, parse_array, read_array
from spacy_w2v.model._blocks import parse_block
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.model._safetensors import checked_tensor, read_tensors, write_tensors
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.objectives._input_rows import SUBWORDS
from spacy_w2v.objectives._registry import objective_of, parameter_names

FORMAT = "spacy-w2v model"
FORMAT_VERSION = 3
WITH_SAFETENSORS = 4
"""The version of the format whose arrays are in one .safetensors file."""
WITH_SUBWORDS = 5
"""The version of the format of models with subwords."""
WITHOUT_CHECKSUMS = (1, 2)
"""Versions of the format that have no checksums."""
META_FILE = "meta.json"
CONFIG_FILE = "config.cfg"
VOCABULARY_FILE = "vocabulary.arrow"
FORMS_FILE = "forms.arrow"
TREE_FILE = "tree.npz"
TENSORS_FILE = "model.safetensors"
BUCKETS = "subword_buckets"
"""The name of the array of buckets in TENSORS_FILE."""
BUCKETS_FILE = f"{BUCKETS}.npy"
REQUIRED_FILES = (CONFIG_FILE, VOCABULARY_FILE, FORMS_FILE)
"""The files of every model, besides meta.json and the files of its parameters."""

MODEL_RULE = "A model must be a directory that spacy w2v train or Word2Vec.save wrote"
"""The beginning of errors for anything that is not a model."""

AnyModel = TypeVar("AnyModel", bound=TrainedModel)


def parameter_file(name: str) -> str:
    """Return the name of the file that holds a parameter, such as "input"."""
    return f"{name}_vectors.npy" if name in ("input", "output", SUBWORDS) else f"{name}.npy"


def best_file(name: str) -> str:
    """Return the name of the file in a checkpoint that holds a parameter as it was at the best score so far."""
    return f"best-{parameter_file(name)}"


INPUT_FILE = parameter_file("input")
MODEL_FILES = (
    META_FILE,
    *REQUIRED_FILES,
    *(parameter_file(name) for name in (*parameter_names(), SUBWORDS)),
    BUCKETS_FILE,
    TREE_FILE,
    TENSORS_FILE,
)
"""The names of all files that a model may have."""

PROGRESS_FILE = "progress.json"
"""In a checkpoint, which is also a model: the progress of the run."""
CHECKPOINT_FILES = (PROGRESS_FILE, *(best_file(name) for name in (*parameter_names(), SUBWORDS)))
"""The names of the files that a checkpoint may have besides those of a model."""

ROWS_PER_WRITE = 1024
"""Rows that are copied at a time if they are not contiguous in memory."""


def write_model(model: TrainedModel, directory: Path, *, safetensors: bool = False) -> None:
    """Write a model to an existing directory. Files that it already contains become part of the model.

    Args:
        model: The model.
        directory: The directory.
        safetensors: Whether to write the arrays to one .safetensors file instead of .npy files.
    """
    from spacy_w2v.model._tables import write_tree, write_vocabulary  # which needs pyarrow

    (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
    write_vocabulary(model.vocabulary, directory / VOCABULARY_FILE, directory / FORMS_FILE)
    arrays: dict[str, Array] = dict(model.parameters)
    if model.buckets is not None:
        arrays[BUCKETS] = model.buckets
    if safetensors:
        write_tensors(directory / TENSORS_FILE, arrays)
    else:
        for name, array in arrays.items():
            write_vectors(array, directory / parameter_file(name))
    if model.stored_tree is not None:
        write_tree(model.stored_tree, directory / TREE_FILE)
    files = describe_files(directory, sorted(path.name for path in directory.iterdir()))
    version = WITH_SAFETENSORS if safetensors else FORMAT_VERSION
    version = version if model.buckets is None else WITH_SUBWORDS
    meta = {"format": FORMAT, "format_version": version, "files": files, **model.record.to_json()}
    write_manifest(directory / META_FILE, meta)


def read_model(
    directory: Path,
    *,
    kind: type[AnyModel],
    mmap: bool = False,
    trust_config: bool = False,
) -> AnyModel:
    """Read a model, and check that it is undamaged.

    Args:
        directory: The directory that `write_model` wrote.
        kind: The class of the model to return, for example a subclass with exports.
        mmap: Map the vectors into memory, read-only, instead of reading them.
        trust_config: See `TrainedModel.trusts_config`.

    Raises:
        StorageError: The directory is missing or damaged, or does not hold a model.
    """
    from spacy_w2v.model._tables import read_tree, read_vocabulary  # which needs pyarrow

    record, files, version = _read_meta(directory)
    objective = objective_of(record.model)
    in_one_file = version == WITH_SAFETENSORS or (version == WITH_SUBWORDS and (directory / TENSORS_FILE).is_file())
    names = [*objective.shapes(1), *((SUBWORDS, BUCKETS) if record.model.subwords.mode is not None else ())]
    files_of_arrays = [TENSORS_FILE] if in_one_file else [parameter_file(name) for name in names]
    check_files(directory, files, needed=(*REQUIRED_FILES, *files_of_arrays))
    vocabulary = read_vocabulary(directory / VOCABULARY_FILE, directory / FORMS_FILE)
    if TREE_FILE in files and not objective.has_tree:
        raise StorageError(
            f"{directory / TREE_FILE} belongs to hierarchical softmax, but the model has another loss. It is damaged."
        )
    shapes, buckets = objective.shapes(len(vocabulary)), None
    if record.model.subwords.mode is not None:
        buckets = _read_buckets(directory, record.model.subwords, in_one_file=in_one_file)
        n_own = len(vocabulary) if record.model.subwords.has_own_rows else 0
        shapes[SUBWORDS] = (n_own + len(buckets), record.model.vector_size)
    read_parameters = _read_tensors if in_one_file else _read_arrays
    return kind(
        vocabulary=vocabulary,
        parameters=read_parameters(directory, shapes, positive=objective.accumulators, mmap=mmap),
        config=_read_config(directory / CONFIG_FILE),
        record=record,
        stored_tree=read_tree(directory / TREE_FILE, n_words=len(vocabulary)) if TREE_FILE in files else None,
        buckets=buckets,
        trusts_config=trust_config,
    )


def _read_arrays(
    directory: Path, shapes: Mapping[str, tuple[int, ...]], *, positive: frozenset[str], mmap: bool
) -> Parameters:
    """Return the arrays of a model from their .npy files, after checking their numbers. Raises StorageError."""
    files = {name: directory / parameter_file(name) for name in shapes}
    for name, shape in shapes.items():
        check_numbers(files[name], shape, positive=name in positive)
    return {name: read_array(files[name], np.float32, shape, mmap=mmap) for name, shape in shapes.items()}


def _read_tensors(
    directory: Path, shapes: Mapping[str, tuple[int, ...]], *, positive: frozenset[str], mmap: bool
) -> Parameters:
    """Return the arrays of a model from its .safetensors file, after checking their numbers. Raises StorageError."""
    path = directory / TENSORS_FILE
    tensors = read_tensors(path)
    mapped = {
        name: checked_tensor(tensors, name, path=path, shape=shape, positive=name in positive)
        for name, shape in shapes.items()
    }
    return mapped if mmap else {name: np.array(array) for name, array in mapped.items()}


def _read_buckets(directory: Path, settings: SubwordSettings, *, in_one_file: bool) -> TokenIds:
    """Return the buckets of the rows of subwords. Raises StorageError if they are not different ones of a table."""
    path = directory / (TENSORS_FILE if in_one_file else BUCKETS_FILE)
    if in_one_file:
        array = read_tensors(path).arrays.get(BUCKETS, np.zeros(0))
        buckets = np.array(array, np.uint32) if array.dtype == np.uint32 and array.ndim == 1 else None
    else:
        buckets = parse_array(path.read_bytes(), np.uint32, None, name=str(path))
    if buckets is None or (buckets >= settings.buckets).any() or len(np.unique(buckets)) < len(buckets):
        raise StorageError(
            f"{path} must have the buckets of subwords, all different and below {settings.buckets:,}, but has not. It "
            "is damaged."
        )
    return buckets


def read_record(directory: Path) -> RunRecord:
    """Return the record of a model. Raises StorageError as `read_model` does."""
    return _read_meta(directory).record


def read_export_settings(directory: Path) -> ExportSettings:
    """Return the settings of `[w2v.export]` in the config of a model, with the defaults of those that it lacks.

    Raises:
        StorageError: The config is missing or damaged.
    """
    from spacy_w2v.config._loading import parse_config

    path = directory / CONFIG_FILE
    if not path.is_file():
        raise StorageError(describe_absence(directory, rule=MODEL_RULE))
    block = parse_config(_read_config(path), interpolate=False).get("w2v", {}).get("export", {})
    named = {NEW_NAMES.get(("w2v.export", name), name): value for name, value in block.items()}
    known = {name: value for name, value in named.items() if name in ExportSettings.model_fields}
    return parse_block(ExportSettings, known, path=str(path), section="w2v.export")


class _Meta(NamedTuple):
    """The content of meta.json."""

    record: RunRecord
    files: Any
    """The entries of the files. Any: `check_files` checks it."""
    version: int
    """The version of the format."""


def _read_meta(directory: Path) -> _Meta:
    """Return the content of a model's meta.json. Raises StorageError as `read_model` does."""
    path = directory / META_FILE
    if not path.is_file():
        raise StorageError(describe_absence(directory, rule=MODEL_RULE))
    content = read_bounded(path)
    meta = parse_json(content, name=str(path))
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StorageError(_describe_other_kind(directory, meta))
    version = meta.get("format_version")
    if type(version) is not int or version not in range(1, WITH_SUBWORDS + 1):
        raise StorageError(
            f"{path} must have a format version from 1 to {WITH_SUBWORDS}, was: {version!r:.100}. Read it with the "
            "version of spacy-w2v that wrote it."
        )
    meta = parse_manifest(content, name=str(path), checked=version not in WITHOUT_CHECKSUMS)
    values = {name: value for name, value in meta.items() if name not in ("format", "format_version", "files")}
    return _Meta(parse_record(RunRecord, values, path=str(path)), meta.get("files"), version)


def is_model(directory: Path) -> bool:
    """Return whether a directory holds a model, or parts of one."""
    return any((directory / name).is_file() for name in (INPUT_FILE, VOCABULARY_FILE, FORMS_FILE))


def describe_absence(path: Path, *, rule: str) -> str:
    """Return an error text for a path without meta.json: the rule, what is there, and similar names."""
    if path.is_file():
        return f"{rule}, but {path} is a file."
    if path.exists():
        results = worded(python="the results of a run", command_line="--output")
        return f"{rule}, but {path} has no {META_FILE}. A model is the directory 'model' in {results}."
    try:
        beside = [other.name for other in path.parent.iterdir()]
    except OSError:  # the parent directory is missing or may not be read
        beside = []
    return f"{rule}, but {path} does not exist. {did_you_mean(path.name, beside)}".rstrip()


def describe_model_above(directory: Path) -> str:
    """Return a sentence that names the output directory with the model of a spaCy export; empty if there is none."""
    above = directory.resolve().parent if directory.name in ("", "..") else directory.parent
    return f"The model is in the directory above: {above}" if (above / "model" / META_FILE).is_file() else ""


def _describe_other_kind(directory: Path, meta: object) -> str:
    """Return an error text for a meta.json that is not of a model, but for example of the pipeline exported with it."""
    path = directory / META_FILE
    if not isinstance(meta, dict) or "spacy_version" not in meta:
        return f"{path} must describe a {FORMAT}, but does not. Name the directory of a model."
    remedy = describe_model_above(directory) or "Load it with spacy.load."
    return f"{path} must describe a {FORMAT}, but {directory} is a spaCy pipeline. {remedy}"


def _read_config(path: Path) -> str:
    """Return the text of a config, after checking that it can be parsed. Nothing that it names is created.

    Raises:
        StorageError: The file is not a config.
    """
    from spacy_w2v.config._loading import parse_config

    try:
        text = read_bounded(path).decode("utf-8")
        parse_config(text, interpolate=False)
    except (UnicodeDecodeError, ConfigError) as error:
        raise StorageError(f"{path} must be a config, but is damaged: {error}") from None
    return text


def write_vectors(vectors: Vectors, path: Path) -> None:
    """Write the same bytes as np.save, which is eight times slower if rows are not contiguous."""
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(vectors.dtype), "fortran_order": False, "shape": vectors.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(vectors), ROWS_PER_WRITE):
            np.ascontiguousarray(vectors[start : start + ROWS_PER_WRITE]).tofile(file)
