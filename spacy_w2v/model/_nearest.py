"""The nearest words of many words at once, by cosine similarity, from all words of a table."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.model._word_vectors import WordVectors

QUERIES_AT_A_TIME = 512
"""With a block of the table, their products take some 20 MB."""
COLUMNS_OF_A_GROUP = 32
"""The nearest of these columns stands for all of them until few are left."""


class Nearest(NamedTuple):
    """The nearest words of n words, most similar first."""

    places: Offsets
    """int64[n, k]; the index of each in the words of the vectors."""
    similarities: NDArray[np.float32]
    """float32[n, k]; their cosine similarities, in [-1, 1]."""


def nearest_words(vectors: WordVectors, places: Offsets, *, topn: int) -> Nearest:
    """Return the nearest words of some words. A word itself, and words that share its row, are left out.

    So are words whose vectors are not finite. Their own neighbours have similarity 0, as those of zeros.

    The result is that of `WordVectors.most_similar` for each of the words, but by products of matrices, which takes a
    small part of the time. Similarities may differ from it in the last bits.

    Args:
        vectors: The words and their vectors.
        places: int64[n]; the words, as indices of `vectors.words`.
        topn: The largest number k of nearest words. There are fewer if the table has fewer.

    Example:
        >>> vectors = spacy_w2v.open_vectors("vectors")
        >>> nearest_words(vectors, np.arange(3), topn=2).places.shape
        (3, 2)
    """
    own_rows = vectors.rows[places]
    queries = np.nan_to_num(_of_length_1(vectors.vectors_at(own_rows)))
    n_others = max(int(np.count_nonzero(vectors.word_of_row >= 0)) - 1, 0)
    n_best = min(topn, n_others)
    shape = (len(places), n_best)
    rows, similarities = np.full(shape, -1, np.int64), np.full(shape, -np.inf, np.float32)
    if n_best:
        for first_row, block in _blocks(vectors):
            left_out = (vectors.word_of_row[first_row : first_row + len(block)] < 0) | ~np.isfinite(block).all(axis=1)
            for start in range(0, len(places), QUERIES_AT_A_TIME):
                some = slice(start, start + QUERIES_AT_A_TIME)
                with np.errstate(invalid="ignore"):
                    products = queries[some] @ block.T
                products[:, left_out] = -np.inf
                _leave_out(products, own_rows[some] - first_row)
                best = _best_columns(products, n_best)
                found = np.take_along_axis(products, best, axis=1)
                rows[some], similarities[some] = _merged(
                    (rows[some], similarities[some]), (best + first_row, found), n_kept=n_best
                )
    n_found = int(np.isfinite(similarities).all(axis=0).sum())  # fewer if vectors are not finite
    return Nearest(vectors.word_of_row[rows[:, :n_found]], np.clip(similarities[:, :n_found], -1, 1))


def _blocks(vectors: WordVectors) -> Iterator[tuple[int, Vectors]]:
    """Yield blocks of the table with rows of length 1, each with the number of its first row."""
    first_row = 0
    for block in vectors.row_blocks():
        yield first_row, _of_length_1(block)
        first_row += len(block)


def _of_length_1(rows: Vectors) -> Vectors:
    """Return rows divided by their lengths. Rows of zeros stay as they are; infinity becomes NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        scaled: Vectors = rows / lengths
    return scaled


def _leave_out(products: NDArray[np.float32], columns: Offsets) -> None:
    """Set the product of each query with its own row to -inf, if that row is among the columns."""
    inside = np.flatnonzero((columns >= 0) & (columns < products.shape[1]))
    products[inside, columns[inside]] = -np.inf


def _best_columns(products: NDArray[np.float32], n_best: int) -> Offsets:
    """Return the columns of the largest numbers of each row, int64[n, at most n_best], in no particular order.

    The n largest numbers are in the n groups of columns with the largest maxima. To find these takes a tenth of the
    time that sorting all columns would take.
    """
    n_rows, n_columns = products.shape
    n_groups = n_columns // COLUMNS_OF_A_GROUP
    if n_groups <= n_best:
        return _largest(products, n_best)
    maxima = products[:, : n_groups * COLUMNS_OF_A_GROUP].reshape(n_rows, COLUMNS_OF_A_GROUP, n_groups).max(axis=1)
    groups = _largest(maxima, n_best)  # group g has the columns g, g + n_groups, g + 2 n_groups and so on
    inside = (groups[:, :, None] + np.arange(COLUMNS_OF_A_GROUP) * n_groups).reshape(n_rows, -1)
    rest = np.arange(n_groups * COLUMNS_OF_A_GROUP, n_columns)
    candidates = np.concatenate([inside, np.broadcast_to(rest, (n_rows, len(rest)))], axis=1)
    best = _largest(np.take_along_axis(products, candidates, axis=1), n_best)
    return np.take_along_axis(candidates, best, axis=1)


def _largest(numbers: NDArray[np.float32], n: int) -> Offsets:
    """Return the columns of the n largest numbers of each row, int64[rows, at most n]."""
    if numbers.shape[1] <= n:
        return np.broadcast_to(np.arange(numbers.shape[1]), numbers.shape)
    return np.argpartition(numbers, -n, axis=1)[:, -n:]


def _merged(
    before: tuple[Offsets, NDArray[np.float32]], found: tuple[Offsets, NDArray[np.float32]], *, n_kept: int
) -> tuple[Offsets, NDArray[np.float32]]:
    """Return the rows and similarities of the most similar of two lists, in order. Of equal ones, the first rows."""
    rows = np.concatenate([before[0], found[0]], axis=1)
    similarities = np.concatenate([before[1], found[1]], axis=1)
    order = np.lexsort((rows, -similarities), axis=1)[:, :n_kept]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(similarities, order, axis=1)
