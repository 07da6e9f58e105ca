"""The files of the component: meta.json, and arrays as .npy."""

import json
from collections.abc import Callable, Collection
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray

from spacy_w2v.component.state import Fitted, Outputs, State
from spacy_w2v.component.word_rows import TableFacts
from spacy_w2v.errors import StorageError
from spacy_w2v.kernels.arguments import Tree

FORMAT = "spacy-w2v component"
FORMAT_VERSION = 2
META_FILE = "meta.json"
FILES_OF_PART = {
    "counts": ("counts",),
    "common": ("common",),
    "output": ("output_vectors", "tree_offsets", "tree_nodes", "tree_codes"),
}
"""Arrays of the parts that can be left out, by the names that `exclude` takes; each is a file NAME.npy."""

Array = NDArray[Any]  # Any: each has its own dtype
Load = Callable[[str], Array | None]
"""Returns the array of a file by its name, None if there is none; raises ValueError, OSError, EOFError if damaged."""


def write_state(state: State, directory: Path, *, exclude: Collection[str]) -> None:
    """Write the files to a directory, which is made if it is missing; those of an earlier state go."""
    meta, arrays = _parts(state, exclude)
    directory.mkdir(parents=True, exist_ok=True)
    for names in FILES_OF_PART.values():
        for name in names:
            (directory / f"{name}.npy").unlink(missing_ok=True)
    (directory / META_FILE).write_bytes(meta)
    for name, array in arrays.items():
        np.save(directory / name, array, allow_pickle=False)


def read_state(directory: Path, *, exclude: Collection[str]) -> State:
    """Read what `write_state` wrote. Parts that are left out are as if they were not known.

    Raises StorageError, which names the file, for what is missing, damaged or foreign.
    """

    def load(name: str) -> Array | None:
        path = directory / name
        return np.load(path, allow_pickle=False) if path.is_file() else None

    path = directory / META_FILE
    return _state(path.read_bytes() if path.is_file() else None, load, f"{directory}/", exclude)


def state_to_bytes(state: State, *, exclude: Collection[str]) -> bytes:
    """Return the content of the files, by name, as msgpack."""
    meta, arrays = _parts(state, exclude)
    files = {META_FILE: meta}
    for name, array in arrays.items():
        buffer = BytesIO()
        np.save(buffer, array, allow_pickle=False)
        files[name] = buffer.getvalue()
    content: bytes = srsly.msgpack_dumps(files)
    return content


def state_from_bytes(content: bytes, *, name: str, exclude: Collection[str]) -> State:
    """Read what `state_to_bytes` returned. name: of the component. Raises StorageError as `read_state` does."""
    try:
        files = dict(srsly.msgpack_loads(content))
    except Exception as error:  # msgpack raises many kinds
        raise StorageError(f"The bytes of the component '{name}' are damaged: {error}") from None

    def load(name: str) -> Array | None:
        return np.load(BytesIO(files[name]), allow_pickle=False) if name in files else None

    return _state(files.get(META_FILE), load, f"{name}/", exclude)


def _parts(state: State, exclude: Collection[str]) -> tuple[bytes, dict[str, Array]]:
    """Return the content of meta.json, and the array of each other file."""
    fitted, outputs = state.fitted, state.outputs
    arrays: dict[str, Array] = {}
    meta: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, "fitted": None, "vectors": state.facts}
    if fitted is not None:
        known = {"counts": fitted.counts, "common": fitted.common}
        own = {name: array for name, array in known.items() if array is not None and name not in exclude}
        meta["fitted"] = {
            "table": fitted.table._asdict(),
            "n_tokens": fitted.n_tokens,
            "sif_a": fitted.sif_a,
            "frequencies": fitted.frequencies,
            "shapes": _shapes(own),
        }
        arrays |= own
    if outputs is not None and "output" not in exclude:
        own = {"output_vectors": outputs.vectors}
        if outputs.tree is not None:
            own |= {f"tree_{name}": getattr(outputs.tree, name) for name in ("offsets", "nodes", "codes")}
        meta["update"] = {"n_steps": outputs.n_steps, "shapes": _shapes(own)}
        arrays |= own
    content = (json.dumps(meta, indent=2, ensure_ascii=False) + "\n").encode()
    return content, {f"{name}.npy": array for name, array in arrays.items()}


def _shapes(arrays: dict[str, Array]) -> dict[str, list[int]]:
    return {name: list(array.shape) for name, array in arrays.items()}


def _state(content: bytes | None, load: Load, place: str, exclude: Collection[str]) -> State:
    """Return what files hold. place: what stands before a file's name in errors."""
    meta = _read_meta(content, place)

    def read(part: str, shapes: dict[str, list[int]]) -> dict[str, Array]:
        names = [name for name in FILES_OF_PART[part] if name in shapes and part not in exclude]
        return {name: _read_array(load, f"{name}.npy", place, tuple(shapes[name])) for name in names}

    try:
        facts, about, update = dict(meta["vectors"]), meta["fitted"], meta.get("update")
        if about is None:
            return State(facts=facts)
        table = TableFacts(**about["table"] | {"checksums": tuple(about["table"]["checksums"])})
        common = read("common", about["shapes"]).get("common")
        fitted = Fitted(
            table=table,
            counts=read("counts", about["shapes"]).get("counts"),
            n_tokens=about["n_tokens"],
            common=np.zeros((0, table.vector_size), np.float32) if common is None else common,
            sif_a=about["sif_a"],
            frequencies=about["frequencies"],
        )
        arrays = read("output", update["shapes"]) if update is not None else {}
        outputs = _outputs(arrays, update["n_steps"]) if update is not None and arrays else None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{place}{META_FILE} is damaged: {error}") from None
    return State(fitted, facts, outputs)


def _outputs(arrays: dict[str, Array], n_steps: int) -> Outputs:
    tree = None
    if "tree_offsets" in arrays:
        offsets = arrays["tree_offsets"]
        longest = int(np.diff(offsets).max(initial=0))
        tree = Tree(offsets, arrays["tree_nodes"], arrays["tree_codes"], longest=longest)
    return Outputs(arrays["output_vectors"], tree, n_steps)


def _read_meta(content: bytes | None, place: str) -> dict[str, Any]:
    path = f"{place}{META_FILE}"
    if content is None:
        raise StorageError(f"The component needs its {META_FILE}, but there is no {path}. Save the pipeline anew.")
    try:
        meta = json.loads(content)
    except ValueError as error:
        raise StorageError(f"{path} must be JSON, but is damaged: {error}") from None
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StorageError(f"{path} must describe a {FORMAT}, but is of another kind.")
    if (version := meta.get("format_version")) != FORMAT_VERSION:
        raise StorageError(
            f"{path} must have format version {FORMAT_VERSION}, was: {version}. Read it with the version that wrote it."
        )
    return meta


def _read_array(load: Load, name: str, place: str, shape: tuple[int, ...]) -> Array:
    try:
        array = load(name)
    except (ValueError, OSError, EOFError) as error:
        raise StorageError(f"{place}{name} is damaged: {error}") from None
    if array is None:
        raise StorageError(f"The component needs its {name}, but there is no {place}{name}. Save the pipeline anew.")
    if array.shape != shape:
        raise StorageError(f"{place}{name} must have the shape {shape}, was: {array.shape}. It is damaged.")
    return array
