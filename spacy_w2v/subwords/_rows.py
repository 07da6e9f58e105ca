"""The rows of the trained table that each word of a vocabulary is the mean of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Offsets, SubwordInput, TokenIds, Vectors
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.subwords._ngrams import bucket_ids


class SubwordRows(NamedTuple):
    """The rows of a table of subwords, and which of them make each word."""

    n_own: int
    """The number of rows that belong to one word each, in the order of the words: all words with fastText, or none."""
    buckets: TokenIds
    """uint32; the bucket of each row after these."""
    layer: SubwordInput
    """The rows of the words."""

    @property
    def n_rows(self) -> int:
        """The number of rows of the table."""
        return self.n_own + len(self.buckets)


def rows_of_words(
    words: Sequence[str], counts: ArrayLike, settings: SubwordSettings, *, extra: TokenIds | None = None
) -> SubwordRows:
    """Number the rows that words need: own rows first, then buckets, those used most first.

    A row that is used often then lies near others that are, which keeps them in the caches of the processor. Buckets
    that no word falls into take no memory. Nor do those of words without tokens only: nothing would train their rows.
    They are NO_ROW in the layer, a row of zeros. Training does not meet such words.

    Args:
        words: v words.
        counts: v numbers, at least 0: how often a row of the word is used, such as its count in the corpus, or better
            the expected number of its tokens that subsampling keeps. If all are 0, all buckets of words have a row.
        settings: The subwords, with a mode.
        extra: uint32; further buckets that get a row, after all others in ascending order.
    """
    from spacy_w2v.subwords.kernels._rows import add_uses  # which compiles

    weights = np.asarray(counts, np.float64)
    offsets, buckets = bucket_ids(words, settings)
    uses, is_used = np.zeros(settings.buckets), np.zeros(settings.buckets, np.bool_)
    add_uses(offsets, buckets, weights, uses, is_used)
    has_row = uses > 0 if weights.any() else is_used
    used = np.flatnonzero(has_row)
    used = used[np.argsort(-uses[used], kind="stable")]
    if extra is not None:
        others = np.unique(extra)
        used = np.concatenate([used, others[~has_row[others]]])
    n_own = len(words) if settings.has_own_rows else 0
    own_rows = np.arange(len(words)) if n_own else np.full(len(words), -1)
    numbered = used.astype(np.uint32)
    row_of_bucket = rows_of_buckets(numbered, settings=settings, n_own=n_own)
    offsets, rows = rows_in_table(offsets, buckets, own_rows=own_rows, row_of_bucket=row_of_bucket)
    overlap = _overlap(offsets, rows, weights, n_rows=n_own + len(numbered))
    return SubwordRows(n_own, numbered, SubwordInput(offsets, rows, overlap))


def rows_of_buckets(buckets: TokenIds, *, settings: SubwordSettings, n_own: int) -> TokenIds:
    """Return the row of each bucket of the settings, uint32; NO_ROW for those that have none.

    Args:
        buckets: The bucket of each row, from row `n_own` on.
        settings: The subwords.
        n_own: The number of rows before these.
    """
    from spacy_w2v.subwords.kernels._rows import NO_ROW

    row_of_bucket = np.full(settings.buckets, NO_ROW)
    row_of_bucket[buckets] = np.arange(n_own, n_own + len(buckets), dtype=np.uint32)
    return row_of_bucket


def rows_in_table(
    offsets: Offsets, buckets: TokenIds, *, own_rows: NDArray[np.int64], row_of_bucket: TokenIds
) -> tuple[Offsets, TokenIds]:
    """Return the rows of n words: the boundaries of the words, int64[n + 1], and the rows of all words, uint32.

    Args:
        offsets: n + 1; the boundaries of the words in `buckets`.
        buckets: The buckets of all words.
        own_rows: n; the own row of each word, or -1.
        row_of_bucket: As from `rows_of_buckets`.
    """
    from spacy_w2v.subwords.kernels._rows import fill_rows

    new_offsets = np.empty_like(offsets)
    rows = np.empty(len(buckets) + np.count_nonzero(own_rows >= 0), np.uint32)
    fill_rows(offsets, buckets, row_of_bucket, own_rows, new_offsets, rows)
    return new_offsets, rows


def composed(offsets: Offsets, rows: TokenIds, matrix: Vectors, *, vector_size: int | None = None) -> Vectors:
    """Return the vectors of n words, float32[n, d]: the means of their rows.

    Args:
        offsets: n + 1; the boundaries of the words in `rows`.
        rows: The rows of all words. NO_ROW counts as a row of zeros.
        matrix: float32; the table.
        vector_size: The number of columns to use, from the first; None for all.
    """
    from spacy_w2v.subwords.kernels._rows import mean_rows

    vectors = np.empty((len(offsets) - 1, matrix.shape[1] if vector_size is None else vector_size), np.float32)
    mean_rows(offsets, rows, read_only(matrix), vectors)
    return vectors


def read_only(matrix: Vectors) -> Vectors:
    """Return a read-only view of a matrix in one piece, since numba would compile a kernel again for other ones."""
    view = np.ascontiguousarray(matrix, np.float32).view(np.ndarray)
    view.flags.writeable = False
    return view


def _overlap(offsets: Offsets, rows: TokenIds, weights: NDArray[np.float64], *, n_rows: int) -> float:
    from spacy_w2v.subwords.kernels._rows import shared_change

    total = weights.sum()
    shares = weights / total if total > 0 else np.full(len(weights), 1 / max(1, len(weights)))
    return float(shared_change(offsets, rows, shares, np.zeros(n_rows), np.zeros(n_rows)))
