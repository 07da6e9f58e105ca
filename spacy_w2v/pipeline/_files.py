"""The files of the component: the manifest meta.json, which has the checksums of the others, and arrays as .npy files.

Version 2 of the format had no checksums. It is read if its parts are consistent.
"""

import math
from collections.abc import Callable, Collection
from io import BytesIO
from pathlib import Path

import numpy as np
import srsly

from spacy_w2v._arrays import Tree
from spacy_w2v._atomic import (
    check_files,
    describe_content,
    describe_files,
    manifest_content,
    read_bounded,
)
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.model._arrays import Array, parse_array, read_array
from spacy_w2v.model._run_record import JsonDict, RunRecord
from spacy_w2v.objectives._huffman import check_tree
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.pipeline._meta import FORMAT, FORMAT_VERSION, META_FILE, Meta, Shapes, SubwordsBlock, read_meta
from spacy_w2v.pipeline._state import Fitted, Outputs, State
from spacy_w2v.subwords._table import SubwordTable

FILES_OF_PART = {
    "counts": ("counts",),
    "common": ("common",),
    "output": ("output_vectors", "tree_offsets", "tree_nodes", "tree_codes"),
    "subwords": ("subword_vectors", "subword_buckets"),
}
"""The arrays of each part that `exclude` can name. Each array is a file NAME.npy."""

TYPES: dict[str, type[np.generic]] = {
    "counts": np.int64,
    "common": np.float32,
    "output_vectors": np.float32,
    "tree_offsets": np.int64,
    "tree_nodes": np.uint32,
    "tree_codes": np.uint8,
    "subword_vectors": np.float32,
    "subword_buckets": np.uint32,
}
"""The data type of each array."""

Load = Callable[[str, object, tuple[int, ...]], Array | None]
"""Returns the array of a file, or None if the file does not exist.

Its arguments are the name, the entry of the manifest (None if there is none) and the shape. It raises StorageError if
the file does not match them.
"""


def write_state(state: State, directory: Path, *, exclude: Collection[str]) -> None:
    """Write the files of the component to a directory. Files of an earlier state are removed.

    Args:
        state: What to save.
        directory: The directory, which is created if it is missing.
        exclude: Parts to leave out.
    """
    meta, arrays = _parts(state, exclude)
    directory.mkdir(parents=True, exist_ok=True)
    for name in TYPES:
        (directory / f"{name}.npy").unlink(missing_ok=True)
    for name, array in arrays.items():
        np.save(directory / name, array, allow_pickle=False)
    (directory / META_FILE).write_bytes(manifest_content({**meta, "files": describe_files(directory, arrays)}))


def read_state(directory: Path, *, exclude: Collection[str]) -> State:
    """Read the files of the component.

    Args:
        directory: The directory.
        exclude: Parts to leave out.

    Raises:
        StorageError: A file is missing, damaged or of another kind.
    """

    def load(name: str, described: object, shape: tuple[int, ...]) -> Array | None:
        path = directory / f"{name}.npy"
        if not path.is_file():
            return None
        if described is not None:
            check_files(directory, {path.name: described})
        return read_array(path, TYPES[name], shape)

    path = directory / META_FILE
    return _state(read_bounded(path) if path.is_file() else None, load, f"{directory}/", exclude)


def state_to_bytes(state: State, *, exclude: Collection[str]) -> bytes:
    """Return the content of the files by name, as msgpack, without the parts in `exclude`."""
    meta, arrays = _parts(state, exclude)
    files: dict[str, bytes] = {}
    for name, array in arrays.items():
        buffer = BytesIO()
        np.save(buffer, array, allow_pickle=False)
        files[name] = buffer.getvalue()
    described = {name: describe_content(content) for name, content in files.items()}
    files[META_FILE] = manifest_content({**meta, "files": described})
    content: bytes = srsly.msgpack_dumps(files)
    return content


def state_from_bytes(content: bytes, *, name: str, exclude: Collection[str]) -> State:
    """Read the result of `state_to_bytes`.

    Args:
        content: The bytes.
        name: Name of the component, for errors.
        exclude: Parts to leave out.

    Raises:
        StorageError: The content is damaged.
    """
    try:
        files = dict(srsly.msgpack_loads(content))
    except Exception as error:  # msgpack raises errors of many types
        raise StorageError(f"The bytes of the component '{name}' are damaged: {error}") from None
    if not all(isinstance(file, bytes) for file in files.values()):
        raise StorageError(f"The bytes of the component '{name}' must contain files, but are damaged.")

    def load(array: str, described: object, shape: tuple[int, ...]) -> Array | None:
        file: bytes | None = files.get(f"{array}.npy")
        if file is None:
            return None
        if described is not None and described != describe_content(file):
            raise StorageError(
                f"{name}/{array}.npy must have the checksum in its manifest, but its content has changed."
            )
        return parse_array(file, TYPES[array], shape, name=f"{name}/{array}.npy")

    return _state(files.get(META_FILE), load, f"{name}/", exclude)


def _parts(state: State, exclude: Collection[str]) -> tuple[JsonDict, dict[str, Array]]:
    """Return the content of meta.json except "files", and the array of each other file."""
    fitted, outputs = state.fitted, state.outputs
    arrays: dict[str, Array] = {}
    record = state.record.to_json() if state.record is not None else {}
    meta: JsonDict = {"format": FORMAT, "format_version": FORMAT_VERSION, "fitted": None, "vectors": record}
    if fitted is not None:
        own_arrays = {"counts": fitted.counts, "common": fitted.common}
        own = {name: array for name, array in own_arrays.items() if array is not None and name not in exclude}
        meta["fitted"] = {**fitted.meta.model_dump(), "shapes": _shapes(own)}
        arrays |= own
    if outputs is not None and "output" not in exclude:
        own = {"output_vectors": outputs.vectors}
        if outputs.tree is not None:
            own |= {f"tree_{name}": getattr(outputs.tree, name) for name in ("offsets", "nodes", "codes")}
        meta["update"] = {"n_steps": outputs.n_steps, "shapes": _shapes(own)}
        arrays |= own
    if (subwords := state.subwords) is not None and "subwords" not in exclude:
        rows: dict[str, Array] = {"subword_vectors": subwords.matrix, "subword_buckets": subwords.buckets}
        meta["subwords"] = {"settings": subwords.settings.model_dump(), "shapes": _shapes(rows)}
        arrays |= rows
    return meta, {f"{name}.npy": array for name, array in arrays.items()}


def _shapes(arrays: dict[str, Array]) -> dict[str, list[int]]:
    return {name: list(array.shape) for name, array in arrays.items()}


def _state(content: bytes | None, load: Load, place: str, exclude: Collection[str]) -> State:
    """Return the state that files contain.

    Args:
        content: Content of meta.json; None if there is no such file.
        load: Loads an array.
        place: Prefix of file names in errors.
        exclude: Parts to leave out.

    Raises:
        StorageError: A file is missing or damaged.
    """
    meta = read_meta(content, place)
    record = meta.record(place)
    if (about := meta.fitted) is None:
        return State(record=record)

    def read(part: str, shapes: Shapes) -> dict[str, Array]:
        names = [name for name in FILES_OF_PART[part] if name in shapes and part not in exclude]
        return {name: _read_array(load, name, place, meta, tuple(shapes[name])) for name in names}

    size = about.table.vector_size
    common = read("common", about.shapes).get("common", np.zeros((0, size), np.float32))
    counts = read("counts", about.shapes).get("counts")
    if common.ndim != 2 or common.shape[1] != size or not np.isfinite(common).all():
        raise StorageError(
            f"{place}common.npy must contain vectors of {size} finite numbers, but does not. It is damaged."
        )
    if counts is not None and (
        counts.ndim != 1 or len(counts) > about.table.n_rows or (counts < 0).any() or not about.n_tokens
    ):
        raise StorageError(
            f"{place}counts.npy must contain counts of {about.table.n_rows} rows, but does not. It is damaged."
        )
    fitted = Fitted(meta=about, counts=counts, common=common)
    outputs = None
    if meta.update is not None and (arrays := read("output", meta.update.shapes)):
        outputs = _outputs(arrays, meta, record, place)
    subwords = None
    if meta.subwords is not None and (arrays := read("subwords", meta.subwords.shapes)):
        subwords = _subwords(arrays, meta.subwords, size=size, place=place)
    return State(fitted, record, outputs, subwords)


def _subwords(arrays: dict[str, Array], about: SubwordsBlock, *, size: int, place: str) -> SubwordTable:
    """Return the table of subwords. Raises StorageError if its arrays do not fit each other."""
    vectors, buckets = (arrays.get(name) for name in FILES_OF_PART["subwords"])
    fits = vectors is not None and buckets is not None and vectors.shape == (len(buckets), size)
    if vectors is None or buckets is None or not fits or not np.isfinite(vectors).all():
        raise StorageError(
            f"{place}subword_vectors.npy must contain vectors of {size} finite numbers for the buckets in "
            "subword_buckets.npy, but does not. It is damaged."
        )
    settings = SubwordSettings.model_validate(about.settings.model_dump())
    if len(np.unique(buckets)) < len(buckets) or buckets.max(initial=0) >= settings.buckets:
        raise StorageError(
            f"{place}subword_buckets.npy must contain different numbers below {settings.buckets}, but does not. It is "
            "damaged."
        )
    return SubwordTable(settings, buckets, vectors)


def _outputs(arrays: dict[str, Array], meta: Meta, record: RunRecord | None, place: str) -> Outputs:
    """Return what further training needs.

    Args:
        arrays: The arrays of the part "output".
        meta: Content of meta.json.
        record: Record of the model.
        place: Prefix of file names in errors.

    Raises:
        StorageError: The arrays do not fit the model.
    """
    assert meta.fitted is not None
    assert meta.update is not None
    if record is None:
        raise StorageError(
            f"{place}{META_FILE} must contain the record of the vectors to train, but does not. It is damaged."
        )
    model = record.model
    n_words = math.prod(meta.fitted.shapes.get("counts", [meta.fitted.table.n_rows]))
    objective = objective_of(model)
    n_rows, size = objective.shapes(n_words)["output"][0], meta.fitted.table.vector_size
    vectors = arrays.get("output_vectors")
    fits = vectors is not None and vectors.shape == (n_rows, size) and model.vector_size == size
    if vectors is None or not fits or not np.isfinite(vectors).all():
        raise StorageError(
            f"{place}output_vectors.npy must contain {n_rows} vectors of {size} finite numbers, but does not. It is "
            "damaged."
        )
    if "tree_offsets" not in arrays:
        return Outputs(vectors, None, meta.update.n_steps)
    try:
        tree = Tree(arrays["tree_offsets"], arrays["tree_nodes"], arrays["tree_codes"], longest=0)
        if tree.offsets.shape != (n_words + 1,) or not objective.has_tree:
            raise ValueError("it has other words")
        tree = tree._replace(longest=check_tree(tree))
    except (KeyError, ValueError) as error:
        raise StorageError(
            f"{place}tree_*.npy must contain a tree of {n_words} words, but {error}. It is damaged."
        ) from None
    return Outputs(vectors, tree, meta.update.n_steps)


def _read_array(load: Load, name: str, place: str, meta: Meta, shape: tuple[int, ...]) -> Array:
    array = load(name, meta.files.get(f"{name}.npy"), shape)
    if array is None:
        raise StorageError(
            f"The component needs its {name}.npy, but there is no {place}{name}.npy. Save the pipeline again."
        )
    return array
