"""The table of rows that the vectors of words, known and unknown, are the means of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds, Vectors
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.subwords._ngrams import bucket_ids
from spacy_w2v.subwords._rows import composed, read_only, rows_in_table, rows_of_buckets

STRINGS_AT_A_TIME = 1 << 14
"""Some 500,000 n-grams."""
ROWS_AT_A_TIME = 1 << 14


@dataclass(frozen=True, eq=False)
class SubwordTable:
    """The trained rows of subwords, from which the vector of every string is composed.

    The vector of a string is the mean of the rows of its subwords. Buckets that were never trained have no row, and
    count as rows of zeros.
    """

    settings: SubwordSettings
    """The subwords, with a mode."""
    buckets: TokenIds
    """uint32; the bucket of each row from row `n_words` on, all different."""
    matrix: Vectors
    """float32, rows × d; first the own rows of the words, then those of buckets. It may be a read-only memory map."""
    n_words: int = 0
    """The number of own rows: that of the vocabulary with the mode fasttext, 0 with floret."""

    def __post_init__(self) -> None:
        """Check that each row has its place. Raises ValueError otherwise, which is an error of the caller."""
        if len(self.matrix) != self.n_words + len(self.buckets):
            raise ValueError(f"The table must have {self.n_words} + {len(self.buckets)} rows, was: {len(self.matrix)}.")
        if self.n_words and not self.settings.has_own_rows:
            raise ValueError(f"Words have no rows of their own in floret, was: {self.n_words}.")

    @property
    def vector_size(self) -> int:
        """The number of dimensions d."""
        return int(self.matrix.shape[1])

    @property
    def bucket_rows(self) -> Vectors:
        """float32; the rows of `buckets`, without those of words."""
        return self.matrix[self.n_words :]

    def vectors(self, strings: Sequence[str], *, ranks: NDArray[np.int64] | None = None) -> Vectors:
        """Compose the vectors of n strings, known or unknown.

        Args:
            strings: The strings.
            ranks: int64[n]; the rank of each string in the vocabulary, or -1. A word with a rank has a row of its own,
                in addition to those of its n-grams. None if no string has one.

        Returns:
            float32[n, d]. A string without any subword has the zero vector.
        """
        vectors = np.empty((len(strings), self.vector_size), np.float32)
        matrix = read_only(self.matrix)
        for some, offsets, rows in self._rows_of(strings, ranks):
            vectors[some] = composed(offsets, rows, matrix)
        return vectors

    def vectors_and_shares(self, strings: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return the vectors of n unknown strings, and the shares of their rows that were trained.

        Each is that of `vectors` and `trained_shares`, for which strings are divided and hashed once.
        """
        vectors = np.empty((len(strings), self.vector_size), np.float32)
        shares = np.empty(len(strings), np.float32)
        matrix = read_only(self.matrix)
        for some, offsets, rows in self._rows_of(strings, None):
            vectors[some], shares[some] = composed(offsets, rows, matrix), shares_of(offsets, rows)
        return vectors, shares

    def trained_shares(self, strings: Sequence[str], *, ranks: NDArray[np.int64] | None = None) -> Vectors:
        """Return the share of the rows of each of n strings that was trained, float32[n] in [0, 1]; 0 without rows.

        Args:
            strings: The strings.
            ranks: As for `vectors`.
        """
        shares = np.empty(len(strings), np.float32)
        for some, offsets, rows in self._rows_of(strings, ranks):
            shares[some] = shares_of(offsets, rows)
        return shares

    def _rows_of(
        self, strings: Sequence[str], ranks: NDArray[np.int64] | None
    ) -> Iterator[tuple[slice, Offsets, TokenIds]]:
        """Yield some strings at a time, with the boundaries of their rows, and the rows."""
        own_rows = np.full(len(strings), -1) if ranks is None or not self.n_words else np.asarray(ranks, np.int64)
        for start in range(0, len(strings), STRINGS_AT_A_TIME):
            some = slice(start, start + STRINGS_AT_A_TIME)
            offsets, buckets = bucket_ids(strings[some], self.settings)
            yield (
                some,
                *rows_in_table(offsets, buckets, own_rows=own_rows[some], row_of_bucket=self._row_of_bucket),
            )

    def vectors_of_words(self, words: Sequence[str]) -> Vectors:
        """Compose the vectors of all words of the vocabulary, float32[v, d], in the order of their ranks."""
        return self.vectors(words, ranks=np.arange(len(words)))

    def blocks_of_all_buckets(self) -> Iterator[Vectors]:
        """Yield the rows of all buckets in blocks, float32, from bucket 0 on. Those of untrained buckets are zero."""
        order = np.argsort(self.buckets)
        ids = self.buckets[order]
        for start in range(0, self.settings.buckets, ROWS_AT_A_TIME):
            stop = min(start + ROWS_AT_A_TIME, self.settings.buckets)
            block = np.zeros((stop - start, self.vector_size), np.float32)
            first, last = np.searchsorted(ids, [start, stop])
            block[ids[first:last] - np.uint32(start)] = self.bucket_rows[order[first:last]]
            yield block

    @cached_property
    def _row_of_bucket(self) -> TokenIds:
        return rows_of_buckets(self.buckets, settings=self.settings, n_own=self.n_words)


def shares_of(offsets: Offsets, rows: TokenIds) -> Vectors:
    """Return the share of the rows of each of n strings that was trained, float32[n] in [0, 1]; 0 without rows.

    Args:
        offsets: n + 1; the boundaries of the strings in `rows`.
        rows: The rows of all strings, as from `rows_in_table`.
    """
    from spacy_w2v.subwords.kernels._rows import NO_ROW  # which compiles

    shares = np.zeros(len(offsets) - 1, np.float32)
    n_trained = np.diff(np.concatenate([[0], np.cumsum(rows != NO_ROW)])[offsets])
    np.divide(n_trained, np.diff(offsets), out=shares, where=n_trained > 0, casting="same_kind")
    return shares


def table_of_all_buckets(settings: SubwordSettings, matrix: Vectors, *, n_words: int = 0) -> SubwordTable:
    """Return a table with the rows of buckets that are not zero.

    Args:
        settings: The subwords, with a mode.
        matrix: float32; the own rows of words, then those of all buckets. Its memory is shared if no row is left out.
        n_words: The number of own rows.
    """
    is_trained = np.concatenate([some.any(axis=1) for some in _blocks(matrix[n_words:])])
    buckets = np.flatnonzero(is_trained).astype(np.uint32)
    if len(buckets) < len(is_trained):
        matrix = matrix[np.concatenate([np.full(n_words, True), is_trained])]
    return SubwordTable(settings, buckets, matrix, n_words)


def _blocks(matrix: Vectors) -> Iterator[Vectors]:
    for start in range(0, max(1, len(matrix)), ROWS_AT_A_TIME):
        yield matrix[start : start + ROWS_AT_A_TIME]
