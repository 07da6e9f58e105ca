"""Word counts that are stored in a pipeline with its vectors table, and loaded by `spacy.load`.

The entry is that of `_stored_counts`, with checksums of the vectors of some words. Counts belong to keys, not to rows,
so that they stay valid if the table is pruned, sorted or extended.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from thinc.util import to_numpy

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v.formats.spacy._stored_counts import StoredCounts, checksums_of, find_stored, store_counts, stored_counts

WORDS_SAMPLED = 64
"""Words whose vectors are compared to recognize the table that the counts belong to. Most are frequent words."""


class Frequencies(NamedTuple):
    """Word counts in a corpus."""

    counts: Counts
    """The count of each row of a table; 0 if none of its keys has one."""
    n_tokens: int
    """Tokens of the corpus, including words that are not in the table."""


def sampled_words(n_words: int) -> NDArray[np.int64]:
    """Return the positions of the words whose vectors `store_frequencies` needs."""
    return np.unique(np.geomspace(1, max(n_words, 1), WORDS_SAMPLED).astype(np.int64))[:n_words] - 1


def store_frequencies(
    vocab: Any,  # Any: spaCy's Vocab has no types
    ids: NDArray[np.uint64],
    counts: Counts,
    *,
    n_tokens: int,
    sample: Vectors,
) -> None:
    """Store word counts in a vocab. Earlier counts are replaced.

    Args:
        vocab: The vocab.
        ids: The keys of the words, each of a different row.
        counts: Their counts.
        n_tokens: Tokens of the corpus.
        sample: The vectors of `sampled_words`, in the data type of the table.
    """
    store_counts(vocab, StoredCounts(ids, counts, checksums_of(sample), n_tokens))


def find_frequencies(vocab: Any, *, vectors: str | Path | None = None) -> Frequencies | None:
    """Return the word counts of a vocab's vectors table, or None if there are none.

    Args:
        vocab: The vocab.
        vectors: The pipeline from which `[initialize]` loaded the table; see `find_stored`.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    return find_stored(vocab, _of_table, vectors=vectors)


def _of_table(lookups: Any, table: Any) -> Frequencies | None:  # Any: spaCy's classes have no types
    stored = stored_counts(lookups)
    if stored is None or not hasattr(table, "key2row") or not len(table.data):
        return None
    keys, counts, checksums, n_tokens = stored
    sample = sampled_words(len(keys))
    if len(checksums) != len(sample):
        return None
    rows = np.fromiter((table.key2row.get(key, -1) for key in keys.tolist()), np.int64, len(keys))
    known = (rows >= 0) & (rows < len(table.data))
    of_rows = np.zeros(len(table.data), np.int64)
    np.maximum.at(of_rows, rows[known], counts[known])  # of merged words, the one that the row belongs to
    owns = known & (counts == of_rows[rows])
    compared = owns[sample]
    same = checksums_of(to_numpy(table.data[rows[sample[compared]]])) == checksums[compared]
    if not compared.any() or 2 * np.count_nonzero(same) < len(same):
        return None
    return Frequencies(of_rows, n_tokens)
