"""What the component knows of a table's rows and of a corpus, and its files: meta.json, counts.npy, common.npy."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from spacy_w2v.component.word_rows import TableFacts
from spacy_w2v.errors import StorageError
from spacy_w2v.types import Counts, Vectors

FORMAT = "spacy-w2v component"
FORMAT_VERSION = 1
META_FILE = "meta.json"
FILE_OF_PART = {"counts": "counts.npy", "common": "common.npy"}
"""Parts that can be left out, by the names that `exclude` takes."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What is known of one table and of the corpus behind it."""

    table: TableFacts
    counts: Counts | None
    """v; of the words of the table's first rows, in order; None where they are not known."""
    n_tokens: int
    """Of the corpus, words that the table lacks included."""
    common: Vectors
    """k × d: the common components of texts, orthonormal, the strongest first."""
    sif_a: float
    """With which the common components were found, and ..."""
    frequencies: str
    """... with which frequencies."""


def fitted_to_files(fitted: Fitted | None, facts: dict[str, Any], *, exclude: Collection[str]) -> dict[str, bytes]:
    """Return the content of each file, by name; facts are kept in meta.json."""
    parts = {} if fitted is None else {"counts": fitted.counts, "common": fitted.common}
    written = {part: array for part, array in parts.items() if array is not None and part not in exclude}
    meta: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, "fitted": None, "vectors": facts}
    if fitted is not None:
        meta["fitted"] = {
            "table": fitted.table._asdict(),
            "n_tokens": fitted.n_tokens,
            "sif_a": fitted.sif_a,
            "frequencies": fitted.frequencies,
            "shapes": {part: list(array.shape) for part, array in written.items()},
        }
    files = {META_FILE: (json.dumps(meta, indent=2, ensure_ascii=False) + "\n").encode()}
    for part, array in written.items():
        buffer = BytesIO()
        np.save(buffer, array, allow_pickle=False)
        files[FILE_OF_PART[part]] = buffer.getvalue()
    return files


def fitted_from_files(
    files: Mapping[str, bytes], *, place: str, exclude: Collection[str]
) -> tuple[Fitted | None, dict[str, Any]]:
    """Return what files hold, and the facts. Parts that are left out are as if they were not known.

    place: what stands before a file's name in errors. Raises StorageError for what is missing, damaged or foreign.
    """
    meta = _read_meta(files, place)
    try:
        facts, about = dict(meta["vectors"]), meta["fitted"]
        if about is None:
            return None, facts
        table = TableFacts(**about["table"])
        parts = {
            part: _read_array(files, name, place, tuple(about["shapes"][part]))
            for part, name in FILE_OF_PART.items()
            if part in about["shapes"] and part not in exclude
        }
        fitted = Fitted(
            table=table,
            counts=parts.get("counts"),
            n_tokens=about["n_tokens"],
            common=parts.get("common", np.zeros((0, table.vector_size), np.float32)),
            sif_a=about["sif_a"],
            frequencies=about["frequencies"],
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{place}{META_FILE} is damaged: {error}") from None
    return fitted, facts


def _read_meta(files: Mapping[str, bytes], place: str) -> dict[str, Any]:
    path = f"{place}{META_FILE}"
    if META_FILE not in files:
        raise StorageError(f"The component needs its {META_FILE}, but there is no {path}. Save the pipeline anew.")
    try:
        meta = json.loads(files[META_FILE])
    except ValueError as error:
        raise StorageError(f"{path} must be JSON, but is damaged: {error}") from None
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StorageError(f"{path} must describe a {FORMAT}, but is of another kind.")
    if (version := meta.get("format_version")) != FORMAT_VERSION:
        raise StorageError(
            f"{path} must have format version {FORMAT_VERSION}, was: {version}. Read it with the version that wrote it."
        )
    return meta


def _read_array(files: Mapping[str, bytes], name: str, place: str, shape: tuple[int, ...]) -> Any:
    if name not in files:
        raise StorageError(f"The component needs its {name}, but there is no {place}{name}. Save the pipeline anew.")
    try:
        array = np.load(BytesIO(files[name]), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise StorageError(f"{place}{name} is damaged: {error}") from None
    if array.shape != shape:
        raise StorageError(f"{place}{name} must have the shape {shape}, was: {array.shape}. It is damaged.")
    return array
