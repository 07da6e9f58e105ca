"""Counts of words in the lookups of a vocab, which spaCy saves with it: the entry, whatever the table of vectors is.

It has "keys" (ids of spaCy's strings, uint64), "counts" (int64) and "checksums" (uint32, of some vectors), as
little-endian bytes, and "n_tokens", the number of tokens in the corpus.
"""

import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v.errors import StorageError

TABLE_NAME = "w2v_frequencies"

Found = TypeVar("Found")


class StoredCounts(NamedTuple):
    """The values of the entry."""

    keys: NDArray[np.uint64]
    """The ids of the words."""
    counts: Counts
    checksums: NDArray[np.uint32]
    """Those of the vectors by which the table is recognized that the counts belong to."""
    n_tokens: int


def store_counts(vocab: Any, stored: StoredCounts) -> None:  # Any: spaCy's Vocab has no types
    """Store counts in a vocab. Earlier ones are replaced."""
    if vocab.lookups.has_table(TABLE_NAME):
        vocab.lookups.remove_table(TABLE_NAME)
    entries = {
        "keys": stored.keys.astype("<u8").tobytes(),
        "counts": np.asarray(stored.counts, "<i8").tobytes(),
        "checksums": stored.checksums.astype("<u4").tobytes(),
        "n_tokens": stored.n_tokens,
    }
    vocab.lookups.add_table(TABLE_NAME, entries)


def stored_counts(lookups: Any) -> StoredCounts | None:
    """Return the counts that lookups hold; None if they hold none that are valid."""
    if not lookups.has_table(TABLE_NAME):
        return None
    entries = lookups.get_table(TABLE_NAME)
    try:
        keys, counts = np.frombuffer(entries["keys"], "<u8"), np.frombuffer(entries["counts"], "<i8")
        checksums, n_tokens = np.frombuffer(entries["checksums"], "<u4"), int(entries["n_tokens"])
    except (KeyError, TypeError, ValueError):
        return None
    if len(counts) != len(keys) or counts.min(initial=0) < 0 or n_tokens < 1:
        return None
    return StoredCounts(keys, counts, checksums, n_tokens)


def checksums_of(rows: Iterable[NDArray[Any]]) -> NDArray[np.uint32]:
    """Return the checksum of each row, uint32[n]."""
    return np.array([zlib.crc32(np.ascontiguousarray(row).tobytes()) for row in rows], np.uint32)


def find_stored(
    vocab: Any, read: Callable[[Any, Any], Found | None], *, vectors: str | Path | None = None
) -> Found | None:
    """Return what a function reads from the lookups of a vocab, or from those of the pipeline of its vectors.

    Args:
        vocab: The vocab.
        read: Takes lookups and the vectors table. Returns None if the lookups have nothing for the table.
        vectors: The pipeline from which `[initialize]` loaded the table, a directory or package. spaCy does not copy
            its lookups, so they are read from there.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    found = read(vocab.lookups, vocab.vectors)
    return read(lookups_of(vectors), vocab.vectors) if found is None and vectors is not None else found


def lookups_of(pipeline: str | Path) -> Any:
    """Return the lookups of a saved pipeline, empty if it has none. Raises StorageError if they are damaged."""
    from spacy.lookups import Lookups
    from spacy.util import get_package_path, is_package

    if is_package(str(pipeline)):  # as in spaCy, a package comes before a directory
        places = sorted(get_package_path(str(pipeline)).glob("*/vocab"))
    else:
        places = [Path(pipeline) / "vocab"]
    for place in places:
        if (place / "lookups.bin").is_file():
            try:
                return Lookups().from_disk(place)
            except Exception as error:  # msgpack raises errors of many types
                raise StorageError(f"{place / 'lookups.bin'} is damaged: {error}. Export the vectors again.") from error
    return Lookups()
