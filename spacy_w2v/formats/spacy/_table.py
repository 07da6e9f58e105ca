"""Writing the files of spaCy's vectors table without having the table in memory."""

from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import srsly
from spacy.strings import get_string_id
from spacy.symbols import IDS
from spacy.vectors import BaseVectors, Vectors
from srsly.msgpack import Packer

from spacy_w2v._arrays import Vectors as Matrix
from spacy_w2v.formats._matrices import write_matrix
from spacy_w2v.formats.spacy._keys import WORDS_PER_BLOCK, TableKeys


class TableOnDisk(BaseVectors):  # type: ignore[misc]  # spaCy's classes have no types
    """A vectors table that can only be saved. `nlp.to_disk` writes the same files as for spaCy's own table.

    For a million words and their case variants, spaCy's `StringStore` and dict alone would take 1.1 GB.
    """

    mode = "default"

    def __init__(
        self, keys: TableKeys, blocks: Callable[[], Iterator[Matrix]], *, shape: tuple[int, int], dtype: str, name: str
    ) -> None:
        """Create the table.

        Args:
            keys: The keys.
            blocks: Returns the vectors in blocks of rows.
            shape: Number of rows and dimensions.
            dtype: Data type of the vectors.
            name: Name of the table.
        """
        self.keys = keys
        self.name = name
        self._shape, self._dtype, self._blocks = shape, dtype, blocks

    def __len__(self) -> int:
        return self._shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and dimensions."""
        return self._shape

    @property
    def vectors_length(self) -> int:
        """Number of dimensions."""
        return self._shape[1]

    @property
    def n_keys(self) -> int:
        """Number of keys."""
        return len(self.keys.ids)

    def to_disk(self, path: Path, *, exclude: Collection[str] = ()) -> None:
        """Write vectors, keys, settings and strings to the directory of a vocab.

        Args:
            path: The directory.
            exclude: Ignored.
        """
        strings = self.strings  # spaCy sets those of the vocab
        Vectors(strings=strings).to_disk(
            path, exclude=["strings"]
        )  # writes the settings, and files that are replaced below
        _write_strings(path / "strings.json", self.keys, others=list(strings))
        _write_rows(path / "key2row", self.keys)
        write_matrix(path / "vectors", self._blocks(), shape=self._shape, dtype=self._dtype)


def _write_strings(path: Path, keys: TableKeys, *, others: list[str]) -> None:
    """Write the texts of keys and other strings, sorted and without duplicates, as `StringStore.to_disk` does."""
    is_stored = (keys.ids != 0) & ~np.isin(
        keys.ids, np.fromiter(IDS.values(), np.uint64)
    )  # the store has neither symbols nor ""
    own = np.fromiter(map(get_string_id, others), np.uint64, len(others))
    is_new = ~np.isin(own, keys.ids)
    more = pa.array([string for string, new in zip(others, is_new, strict=True) if new], pa.large_string())
    texts = pa.chunked_array([keys.texts.filter(pa.array(is_stored)), more]).combine_chunks()
    texts = texts.take(pc.sort_indices(texts))  # the order of UTF-8 bytes is that of code points
    with path.open("w", encoding="utf8") as file:
        for start in range(0, len(texts), WORDS_PER_BLOCK):
            block = srsly.json_dumps(texts[start : start + WORDS_PER_BLOCK].to_pylist(), indent=2)
            file.write(("[\n" if start == 0 else ",\n") + block.removeprefix("[\n").removesuffix("\n]"))
        file.write("\n]" if len(texts) else "[]")


def _write_rows(path: Path, keys: TableKeys) -> None:
    """Write the row of each key as msgpack, as `srsly.write_msgpack` does for a dict."""
    packer: Any = Packer(use_bin_type=True)  # Any: it has no types
    with path.open("wb") as file:
        file.write(packer.pack_map_header(len(keys.ids)))
        for block in keys.blocks():
            pairs = zip(block.ids.tolist(), block.rows.tolist(), strict=True)
            file.write(b"".join(map(packer.pack, chain.from_iterable(pairs))))
