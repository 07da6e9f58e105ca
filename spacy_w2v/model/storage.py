"""The directory of a trained model: arrays as .npy, tables as Arrow, the rest as a config and a JSON file.

config.cfg           the complete config of the run
meta.json            format version, fingerprint, facts of the run, size of each file
vocabulary.arrow     columns word (large_string), count (int64), by rank
forms.arrow          columns orth (large_string), word (uint32, its rank), count (int64)
input_vectors.npy    float32, v × d
output_vectors.npy   float32, v × d; with hierarchical softmax (v - 1) × d, of the inner nodes of its tree
tree.npz             only of a model with a tree of its own, and format version 2: offsets, nodes, codes (`Tree`)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import StorageError, did_you_mean
from spacy_w2v.kernels.arguments import Tree
from spacy_w2v.model.trained import TrainedModel
from spacy_w2v.model.vocabulary import Vocabulary
from spacy_w2v.types import Vectors

FORMAT = "spacy-w2v model"
FORMAT_VERSION = 1
VERSION_WITH_TREE = 2
"""Of models with a tree of their own: programs that know no such trees must not read them as if they had none."""
META_FILE = "meta.json"
CONFIG_FILE = "config.cfg"
VOCABULARY_FILE = "vocabulary.arrow"
FORMS_FILE = "forms.arrow"
INPUT_FILE = "input_vectors.npy"
OUTPUT_FILE = "output_vectors.npy"
TREE_FILE = "tree.npz"
MODEL_FILES = (META_FILE, CONFIG_FILE, VOCABULARY_FILE, FORMS_FILE, INPUT_FILE, OUTPUT_FILE, TREE_FILE)
"""Names of all that a model may consist of."""

ROWS_WRITTEN = 1024
"""Rows that are copied at a time where they lie apart in memory."""


def write_model(model: TrainedModel, directory: Path) -> None:
    """Write a model to a directory that exists and is empty, save for files that are to be kept with it."""
    (directory / CONFIG_FILE).write_text(model.config, encoding="utf-8")
    vocabulary = pa.table(
        {
            "word": pa.array(model.vocabulary.words, pa.large_string()),
            "count": pa.array(model.vocabulary.counts, pa.int64()),
        }
    )
    _write_table(vocabulary, directory / VOCABULARY_FILE)
    _write_table(model.vocabulary.forms, directory / FORMS_FILE)
    _write_vectors(model.input_vectors, directory / INPUT_FILE)
    _write_vectors(model.output_vectors, directory / OUTPUT_FILE)
    if model.own_tree is not None:
        tree = model.own_tree
        np.savez(directory / TREE_FILE, offsets=tree.offsets, nodes=tree.nodes, codes=tree.codes)
    files = {path.name: path.stat().st_size for path in sorted(directory.iterdir())}
    version = FORMAT_VERSION if model.own_tree is None else VERSION_WITH_TREE
    meta = {"format": FORMAT, "format_version": version, "files": files, **model.meta}
    (directory / META_FILE).write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_model(directory: Path, *, mmap: bool = False) -> TrainedModel:
    """Read a model; with mmap its vectors stay on disk, read-only.

    Raises StorageError if the directory is missing, damaged or of another kind.
    """
    meta = read_meta(directory)
    files = meta.pop("files", None)
    check_files(directory, files)
    try:
        table = _read_table(directory / VOCABULARY_FILE)
        vocabulary = Vocabulary(
            words=table["word"].to_pylist(),
            counts=table["count"].to_numpy(),
            forms=_read_table(directory / FORMS_FILE),
        )
        return TrainedModel(
            vocabulary=vocabulary,
            input_vectors=read_vectors(directory / INPUT_FILE, mmap=mmap),
            output_vectors=read_vectors(directory / OUTPUT_FILE, mmap=mmap),
            config=(directory / CONFIG_FILE).read_text(encoding="utf-8"),
            meta=meta,
            own_tree=_read_tree(directory / TREE_FILE) if TREE_FILE in files else None,
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise StorageError(f"The model in {directory} is damaged: {error}") from error


def read_meta(directory: Path) -> dict[str, Any]:
    """Return the meta data of a model. Raises StorageError as `read_model` does."""
    path = directory / META_FILE
    if not path.is_file():
        raise StorageError(_no_model(directory))
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StorageError(f"{path} must be JSON, but is damaged: {error}") from None
    if not isinstance(meta, dict) or meta.pop("format", None) != FORMAT:
        raise StorageError(_of_another_kind(directory, meta))
    if (version := meta.pop("format_version", None)) not in (FORMAT_VERSION, VERSION_WITH_TREE):
        raise StorageError(
            f"{path} must have format version {FORMAT_VERSION} or {VERSION_WITH_TREE}, was: {version}. "
            "Read it with the version that wrote it."
        )
    return meta


def _no_model(directory: Path) -> str:
    """Return the text for a path without the meta data of a model."""
    rule = "A model must be a directory made by spacy w2v train"
    if directory.is_file():
        return f"{rule}, but {directory} is a file."
    if directory.exists():
        return f"{rule}, but {directory} has no {META_FILE}. It is the directory 'model' below --output."
    try:
        beside = [path.name for path in directory.parent.iterdir() if path.is_dir()]
    except OSError:  # nor does the directory above exist, or it may not be read
        beside = []
    return f"{rule}, but {directory} does not exist. {did_you_mean(directory.name, beside)}".rstrip()


def _of_another_kind(directory: Path, meta: object) -> str:
    """Return the text for meta data of something else, such as the pipeline that training exports beside a model."""
    path = directory / META_FILE
    if not isinstance(meta, dict) or "spacy_version" not in meta:
        return f"{path} must describe a {FORMAT}, but is of another kind."
    above = directory.resolve().parent if directory.name in ("", "..") else directory.parent
    if (above / "model" / META_FILE).is_file():
        return f"{path} must describe a {FORMAT}, but {directory} is a spaCy pipeline. The model is above it: {above}"
    return f"{path} must describe a {FORMAT}, but {directory} is a spaCy pipeline. Load it with spacy.load."


def check_files(directory: Path, sizes: object) -> None:
    """Raise StorageError unless all files of a model have the sizes that its meta data tells under "files"."""
    if not isinstance(sizes, dict):
        raise StorageError(f"{directory / META_FILE} must name the files of the model, but is damaged.")
    for name, size in sizes.items():
        actual = (directory / name).stat().st_size if (directory / name).exists() else None
        if actual != size:
            raise StorageError(f"{directory / name} must have {size} bytes, but has: {actual}. The model is damaged.")


def read_vectors(path: Path, *, mmap: bool) -> Vectors:
    """Return the vectors in a file; with mmap they stay on disk, read-only."""
    vectors: Vectors = np.load(path, mmap_mode="r" if mmap else None)
    return vectors


def _write_vectors(vectors: Vectors, path: Path) -> None:
    """Write as np.save does, to the byte, which takes eight times as long where rows have gaps between them."""
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(vectors.dtype), "fortran_order": False, "shape": vectors.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(vectors), ROWS_WRITTEN):
            np.ascontiguousarray(vectors[start : start + ROWS_WRITTEN]).tofile(file)


def _read_tree(path: Path) -> Tree:
    with np.load(path) as arrays:
        offsets = arrays["offsets"]
        return Tree(offsets, arrays["nodes"], arrays["codes"], longest=int(np.diff(offsets).max(initial=0)))


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def _read_table(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
