"""Parts of a source, each of which can be read by itself, on any machine.

How a source is cut depends on its files and sizes alone, never on the number of processes or machines. So the corpus is
the same to the byte wherever it is encoded, and parts that have been encoded before are found in the cache.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol, runtime_checkable

from spacy_w2v.sources._source import TextSource

PART_BYTES = 512 << 20
"""The size of a part: some 90 million English words, which one process encodes in half a minute.

It is large, so that most corpora are one part and few tokens are tokenized without a cache, and small enough that a
terabyte keeps hundreds of machines busy, and that little is lost with a machine.
"""


class SourcePart(NamedTuple):
    """A part of a source."""

    source: TextSource
    """Its texts. If the source has a fingerprint, so has each part. It can be pickled."""
    n_bytes: int
    """The estimated size of its texts, or 0 if it is unknown."""


class Stretch(NamedTuple):
    """A part of one file: some of its bytes, row groups or record batches, by their numbers."""

    first: int
    end: int
    """The number after the last one."""


@runtime_checkable
class DivisibleSource(TextSource, Protocol):
    """A source that can be cut into parts. They have the same documents, in the same order, as the whole."""

    def parts(self, part_bytes: int) -> Sequence[SourcePart]:
        """Return the parts, at least one. A source that is not cut is its own part.

        Args:
            part_bytes: The size of a part. It is larger only if it cannot be cut.

        Raises:
            CorpusError: The source does not exist.
        """

    def check(self) -> None:
        """Raise CorpusError if some part cannot be read, as far as this is known without reading the texts."""


def divided(source: TextSource, part_bytes: int) -> Sequence[SourcePart]:
    """Return the parts of any source."""
    return source.parts(part_bytes) if isinstance(source, DivisibleSource) else [SourcePart(source, 0)]


def groups_of(sizes: Iterable[int], most: int) -> Iterator[Stretch]:
    """Yield consecutive items in groups, each as large as possible without exceeding a size. One item may exceed it.

    Args:
        sizes: The sizes of the items.
        most: The size that a group of several items must not exceed.
    """
    first = end = n_bytes = 0
    for end, size in enumerate(sizes):  # the last one is used below
        if end > first and n_bytes + size > most:
            yield Stretch(first, end)
            first, n_bytes = end, 0
        n_bytes += size
    yield Stretch(first, end + 1)


def stretches_of(n_items: int, *, n_bytes: int, part_bytes: int) -> list[Stretch]:
    """Return the items of a file, such as its row groups, in stretches of similar numbers.

    Args:
        n_items: The number of items.
        n_bytes: The size of the file's texts.
        part_bytes: The size of a part.
    """
    n_parts = max(1, min(-(-n_bytes // part_bytes), n_items))
    bounds = [number * n_items // n_parts for number in range(n_parts + 1)]
    return [Stretch(first, end) for first, end in pairwise(bounds)]
