"""A file of fastText as a stream of numbers, words and rows, each of which must be there in full."""

import struct

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import StorageError
from spacy_w2v.formats.word2vec._contents import BLOCK_BYTES, Content

MAX_WORD_BYTES = 1 << 16


class ByteStream:
    """Reads a file from its beginning, and refuses one that ends too early."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._block = b""
        self._start = 0
        self._n_before = 0
        """Bytes before the block."""

    @property
    def name(self) -> str:
        """The name of the file, for errors."""
        return self._content.name

    @property
    def place(self) -> int:
        """The number of bytes that have been read."""
        return self._n_before + self._start

    @property
    def n_left(self) -> int | None:
        """The number of bytes that are left; None if the file is compressed."""
        return None if self._content.n_bytes is None else self._content.n_bytes - self.place

    def numbers(self, layout: struct.Struct, *, what: str) -> tuple[int | float, ...]:
        """Return numbers of some layout. Raises StorageError if the file ends before.

        Args:
            layout: Their types.
            what: What they are, for the error.
        """
        self._need(layout.size, what=what)
        found = layout.unpack_from(self._block, self._start)
        self._start += layout.size
        return found

    def peek(self, layout: struct.Struct) -> tuple[int | float, ...]:
        """Return the next numbers as `numbers` does, without passing them."""
        self._need(layout.size, what="its hyper-parameters")
        return layout.unpack_from(self._block, self._start)

    def word(self, *, what: str) -> bytes:
        """Return the bytes before the next zero byte, and pass it.

        Args:
            what: What is read, for the error.

        Raises:
            StorageError: There is none within the longest word that is allowed.
        """
        end = self._block.find(b"\0", self._start)
        while end < 0:
            if len(self._block) - self._start > MAX_WORD_BYTES:
                raise StorageError(
                    f"{what} of {self.name} must end in a zero byte within {MAX_WORD_BYTES:,} bytes, but does not. The "
                    "file is damaged."
                )
            self._need(len(self._block) - self._start + 1, what=what)
            end = self._block.find(b"\0", self._start)
        word = self._block[self._start : end]
        self._start = end + 1
        return word

    def rows(self, n_rows: int, d: int, *, what: str) -> Vectors:
        """Return the next rows of float32.

        Args:
            n_rows: Their number.
            d: The numbers of a row.
            what: What they are, for the error.

        Raises:
            StorageError: The file ends before, or a number is not finite.
        """
        n_bytes = 4 * n_rows * d
        self._need(n_bytes, what=what)
        rows: Vectors = np.frombuffer(self._block, "<f4", n_rows * d, self._start).reshape(n_rows, d)
        self._start += n_bytes
        if not np.isfinite(rows).all():
            raise StorageError(f"{what} of {self.name} must be finite numbers, but are not. The file is damaged.")
        return rows

    def skip(self, n_bytes: int, *, what: str) -> None:
        """Pass `n_bytes` bytes. Raises StorageError if the file ends before."""
        while n_bytes > 0:
            some = min(n_bytes, BLOCK_BYTES)
            self._need(some, what=what)
            self._start += some
            n_bytes -= some

    def is_at_end(self) -> bool:
        """Return whether nothing is left."""
        return self._start == len(self._block) and not self._content.read(1)

    def _need(self, n_bytes: int, *, what: str) -> None:
        """Read until the block has `n_bytes` bytes from its start on."""
        while (n_there := len(self._block) - self._start) < n_bytes:
            more = self._content.read(max(BLOCK_BYTES, n_bytes - n_there))
            if not more:
                raise StorageError(
                    f"{self.name} must have {what}, but ends after {self.place + n_there:,} bytes. It is truncated or "
                    "damaged."
                )
            self._n_before += self._start
            self._block, self._start = self._block[self._start :] + more, 0
