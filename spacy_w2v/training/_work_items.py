"""Work items: the parts of an epoch. A worker trains one item at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, Chunk
from spacy_w2v.cooccurrence._store import Cooccurrences
from spacy_w2v.corpus._store import Corpus

Item = Any
"""The first argument of a kernel, such as a Chunk. Any: each kind of item has its own kernels."""

AnyItem = TypeVar("AnyItem", Chunk, Cells)

N_SAMPLED = 8
"""Number of batches by which the loss of untrained vectors is estimated."""


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

    def some_cells(self) -> Iterator[Cells]:
        """Yield some cells, if the items are made of cells."""


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
        return _read_only(nothing)

    def some_cells(self) -> Iterator[Cells]:
        """See WorkItems."""
        return iter(())


@dataclass(frozen=True)
class CellBatches:
    """The batches of cells of a co-occurrence matrix. Their units are tokens: each has its share of those counted."""

    cooccurrences: Cooccurrences
    n_tokens: int
    """Number of tokens of the corpus."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """See WorkItems."""
        ends = np.cumsum(self.cooccurrences.batch_cells) / self.cooccurrences.n_cells
        tokens = np.concatenate(([0], np.round(ends * self.n_tokens).astype(np.int64)))
        return tokens[1:] - tokens[:-1]

    def open(self) -> ItemReader:
        """See WorkItems."""
        return self.cooccurrences.open()

    def empty(self) -> Cells:
        """See WorkItems."""
        ids = np.zeros(0, np.uint32)
        return _read_only(Cells(words=ids, contexts=ids.copy(), counts=np.zeros(0, np.float32)))

    def some_cells(self) -> Iterator[Cells]:
        """Yield batches from all parts of the matrix. See WorkItems."""
        reader, n_batches = self.open(), self.cooccurrences.n_batches
        for number in np.unique(np.linspace(0, n_batches - 1, N_SAMPLED).astype(np.int64)):
            yield reader.read(int(number))


@dataclass(frozen=True)
class WholeMatrix:
    """A co-occurrence matrix as one item, which is its own reader. Its units are tokens."""

    cooccurrences: Cooccurrences
    n_tokens: int
    """Number of tokens of the corpus."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """See WorkItems."""
        return np.array([self.n_tokens])

    @property
    def n_words(self) -> int:
        """Number of rows, and of columns."""
        return self.cooccurrences.n_words

    @property
    def n_cells(self) -> int:
        """Number of cells that are not zero."""
        return self.cooccurrences.n_cells

    def batches(self) -> Iterator[Cells]:
        """Yield all cells, in batches. Raises StorageError if they are damaged."""
        reader = self.cooccurrences.open()
        for number in range(self.cooccurrences.n_batches):
            yield reader.read(number)

    def open(self) -> "WholeMatrix":
        """See WorkItems."""
        return self

    def read(self, number: int, /) -> "WholeMatrix":
        """See ItemReader."""
        return self

    def empty(self) -> None:
        """See WorkItems. There is no kernel to compile."""

    def some_cells(self) -> Iterator[Cells]:
        """See WorkItems."""
        return iter(())


def _read_only(item: AnyItem) -> AnyItem:
    for array in item:
        array.flags.writeable = False
    return item
