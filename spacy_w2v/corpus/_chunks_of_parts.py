"""Reads the chunks of a corpus of several parts, with the type ids of the whole corpus.

Each part has type ids of its own. The file of type ids has, for each part in order, the id in the whole corpus of each
of its types. A chunk's ids are looked up when it is read. For 100,000 tokens this takes 0.9 ms with opening the part,
less than a hundredth of training on them. A table from the types of a part to words, for the kernel, would take 10 ms,
because it has an entry for each of a million types, and consecutive tasks are chunks of different parts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import Chunk, TokenIds
from spacy_w2v.corpus._arrow_files import ChunkReader, check_file, checked_file

TYPE_IDS = np.dtype("<u4")
"""The type of the numbers in the file of type ids."""


class PartTokens(NamedTuple):
    """What is needed to read the tokens of a part."""

    path: Path
    """The file of tokens."""
    n_chunks: int
    n_type_ids: int
    """The number of type ids of the part."""


class ChunkReaderOfParts:
    """Reads chunks, which are numbered through all parts. Only one part is open at a time."""

    def __init__(self, parts: Sequence[PartTokens], type_ids: Path, *, n_type_ids: int):
        """Initialize a reader, without opening a file yet.

        Args:
            parts: The parts.
            type_ids: The file of type ids.
            n_type_ids: The number of type ids of the whole corpus.
        """
        self.parts = parts
        self.path = type_ids
        self.n_type_ids = n_type_ids
        self._last_chunks = np.cumsum([part.n_chunks for part in parts])  # and one more each
        self._last_ids = np.cumsum([part.n_type_ids for part in parts])
        self._part = -1  # the number of the part that is open
        self._reader: ChunkReader | None = None
        self._ids: TokenIds = np.zeros(0, np.uint32)

    def __len__(self) -> int:
        """Return the number of chunks."""
        return int(self._last_chunks[-1])

    def read(self, number: int) -> Chunk:
        """Return a chunk as read-only arrays.

        Raises:
            StorageError: The chunk or the file of type ids is damaged.
        """
        part = int(np.searchsorted(self._last_chunks, number, side="right"))
        reader = self._open(part)
        chunk = reader.read(number - int(self._last_chunks[part]) + self.parts[part].n_chunks)
        with checked_file(self.path):
            tokens = self._ids.take(chunk.tokens)
        check_file(not tokens.size or tokens.max() < self.n_type_ids, self.path, f"type ids below {self.n_type_ids}")
        tokens.flags.writeable = False
        return Chunk(tokens=tokens, offsets=chunk.offsets)

    def _open(self, number: int) -> ChunkReader:
        if self._reader is None or number != self._part:
            part = self.parts[number]
            self._reader = ChunkReader(part.path, n_type_ids=part.n_type_ids)
            self._ids = self.type_ids_of(number)
            self._part = number
        return self._reader

    def type_ids_of(self, number: int) -> TokenIds:
        """Return the type id in the whole corpus of each type id of a part.

        It is a memory map of a part of the file, of which only the pages of types that occur take memory.

        Args:
            number: The number of the part, from 0.

        Raises:
            StorageError: The file is damaged.
        """
        n_ids = self.parts[number].n_type_ids
        if n_ids == 0:
            return np.zeros(0, np.uint32)
        offset = TYPE_IDS.itemsize * (int(self._last_ids[number]) - n_ids)
        with checked_file(self.path):
            return np.memmap(self.path, TYPE_IDS, "r", offset=offset, shape=(n_ids,))
