"""The words that a table in the mode floret was trained on, with their counts, in the lookups of its vocab.

The entry is that of `_stored_counts`, with the words most frequent first. Since words have no rows, its checksums are
those of rows of the table.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id
from thinc.util import to_numpy

from spacy_w2v._arrays import Counts
from spacy_w2v.formats.spacy._stored_counts import StoredCounts, checksums_of, find_stored, store_counts, stored_counts

if TYPE_CHECKING:
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.subwords._table import SubwordTable

ROWS_SAMPLED = 64


class FloretWords(NamedTuple):
    """The words of a corpus, most frequent first."""

    ids: NDArray[np.uint64]
    """The ids of the words in spaCy's string store."""
    counts: Counts
    n_tokens: int
    """Tokens of the corpus, including those of words that are not here."""


def sampled_buckets(n_buckets: int) -> NDArray[np.int64]:
    """Return the rows of a table whose checksums are stored with the words."""
    return np.unique(np.linspace(0, n_buckets - 1, ROWS_SAMPLED).astype(np.int64))


def store_words(vocab: Any, vectors: "WordVectors", subwords: "SubwordTable", *, n_tokens: int) -> None:
    """Store the words of vectors in a vocab. Earlier ones are replaced.

    Args:
        vocab: The vocab. (Any: spaCy's Vocab has no types.)
        vectors: The words with their counts.
        subwords: The rows of the table.
        n_tokens: Tokens of the corpus.
    """
    counts = vectors.counts if vectors.counts is not None else np.zeros(len(vectors), np.int64)
    words = words_of(vectors.words, counts, n_tokens=n_tokens)
    rows = sampled_buckets(subwords.settings.buckets)
    place_of = {bucket: place for place, bucket in enumerate(subwords.buckets.tolist())}
    zero = np.zeros(subwords.vector_size, np.float32)
    found = [subwords.bucket_rows[place_of[row]] if row in place_of else zero for row in rows.tolist()]
    _store(vocab, words, found)


def words_of(words: Sequence[str], counts: Counts, *, n_tokens: int) -> FloretWords:
    """Return words with their ids.

    Args:
        words: The words, most frequent first.
        counts: Their counts.
        n_tokens: Tokens of the corpus.
    """
    return FloretWords(np.fromiter(map(get_string_id, words), np.uint64, len(words)), counts, n_tokens)


def copy_words(vocab: Any, words: FloretWords) -> None:
    """Store words in a vocab, whose table in the mode floret they belong to."""
    table = vocab.vectors
    _store(vocab, words, list(to_numpy(table.data[sampled_buckets(len(table.data))])))


def _store(vocab: Any, words: FloretWords, rows: list[NDArray[np.float32]]) -> None:
    store_counts(vocab, StoredCounts(words.ids, words.counts, checksums_of(rows), words.n_tokens))


def find_words(vocab: Any, *, vectors: str | Path | None = None) -> FloretWords | None:
    """Return the words of a vocab's table in the mode floret, or None if there are none.

    Args:
        vocab: The vocab.
        vectors: The pipeline from which `[initialize]` loaded the table; see `find_stored`.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    return find_stored(vocab, _of_lookups, vectors=vectors)


def _of_lookups(lookups: Any, table: Any) -> FloretWords | None:
    stored = stored_counts(lookups)
    if stored is None or not len(table.data):
        return None
    same = checksums_of(to_numpy(table.data[sampled_buckets(len(table.data))]))
    checksums = stored.checksums
    if len(same) != len(checksums) or 2 * np.count_nonzero(same == checksums) < len(same):
        return None
    return FloretWords(stored.keys.astype(np.uint64), stored.counts.astype(np.int64), stored.n_tokens)
