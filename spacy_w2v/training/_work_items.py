"""Work items: the parts of an epoch. A worker trains one item at a time."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Chunk
from spacy_w2v.corpus._store import Corpus

Item = Any
"""The first argument of a kernel, such as a Chunk. Any: each kind of item has its own kernels."""


class ItemReader(Protocol):
    """Reads items for one worker."""

    def read(self, number: int, /) -> Item:
        """Return the item with this number, from 0. Raises StorageError if it is damaged."""


class WorkItems(Protocol):
    """The items of an epoch. They can be pickled, and read wherever the same files are at the same path."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The size of each item in units, such as tokens, that measure progress and determine the learning rate."""

    def open(self) -> ItemReader:
        """Return a new reader, for one worker. Raises StorageError if the items are damaged."""

    def empty(self) -> Item:
        """Return an empty item with the types of a real one, with which a kernel is compiled."""


@dataclass(frozen=True)
class CorpusChunks:
    """The chunks of an encoded corpus. Their units are tokens."""

    corpus: Corpus

    @property
    def sizes(self) -> NDArray[np.int64]:
        """See WorkItems."""
        return self.corpus.chunk_tokens

    def open(self) -> ItemReader:
        """See WorkItems."""
        return self.corpus.open_chunks()

    def empty(self) -> Chunk:
        """See WorkItems."""
        nothing = Chunk(tokens=np.zeros(0, np.uint32), offsets=np.zeros(1, np.int64))
        for array in nothing:
            array.flags.writeable = False
        return nothing
