"""Work items: the pieces that an epoch consists of, each of which a worker trains at a time."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Chunk
from spacy_w2v.corpus._store import Corpus

Item = Any
"""What a kernel takes first, such as a Chunk. Any: each kind of item has its own kernels."""


class ItemReader(Protocol):
    """Reads items for one worker."""

    def read(self, number: int, /) -> Item:
        """Return an item, from 0. Raises StorageError if it is damaged."""


class WorkItems(Protocol):
    """The items of an epoch. They can be pickled, and be read where the same files are at the same path."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Units of each item, such as tokens: of progress, and of the schedule of the learning rate."""

    def open(self) -> ItemReader:
        """Return a reader of its own for a worker. Raises StorageError if the items are damaged."""

    def empty(self) -> Item:
        """Return an item of no units with the types of a real one, to compile kernels for."""


@dataclass(frozen=True)
class CorpusChunks:
    """The chunks of an encoded corpus; their units are tokens."""

    corpus: Corpus
    """Opened by its path."""

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
