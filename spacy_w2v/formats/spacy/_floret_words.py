"""The words that a table in the mode floret was trained on, with their counts, in the lookups of its vocab.

The entry is that of `_frequencies`, with the words most frequent first. Since words have no rows, its checksums are
those of rows of the table.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id
from thinc.util import to_numpy

from spacy_w2v._arrays import Counts
from spacy_w2v.formats.spacy._frequencies import TABLE_NAME, lookups_of

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
    if vocab.lookups.has_table(TABLE_NAME):
        vocab.lookups.remove_table(TABLE_NAME)
    entries = {
        "keys": words.ids.astype("<u8").tobytes(),
        "counts": np.asarray(words.counts, "<i8").tobytes(),
        "checksums": np.array([zlib.crc32(np.ascontiguousarray(row).tobytes()) for row in rows], "<u4").tobytes(),
        "n_tokens": words.n_tokens,
    }
    vocab.lookups.add_table(TABLE_NAME, entries)


def find_words(vocab: Any, *, vectors: str | Path | None = None) -> FloretWords | None:
    """Return the words of a vocab's table in the mode floret, or None if there are none.

    Args:
        vocab: The vocab.
        vectors: The pipeline from which `[initialize]` loaded the table, a directory or package, as for
            `find_frequencies`.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    found = _of_lookups(vocab.lookups, vocab.vectors)
    if found is None and vectors is not None:
        found = _of_lookups(lookups_of(vectors), vocab.vectors)
    return found


def _of_lookups(lookups: Any, table: Any) -> FloretWords | None:
    if not lookups.has_table(TABLE_NAME) or not len(table.data):
        return None
    entries = lookups.get_table(TABLE_NAME)
    try:
        ids, counts = np.frombuffer(entries["keys"], "<u8"), np.frombuffer(entries["counts"], "<i8")
        checksums, n_tokens = np.frombuffer(entries["checksums"], "<u4"), int(entries["n_tokens"])
    except (KeyError, TypeError, ValueError):
        return None
    if len(counts) != len(ids) or counts.min(initial=0) < 0 or n_tokens < 1:
        return None
    rows = to_numpy(table.data[sampled_buckets(len(table.data))])
    same = [zlib.crc32(np.ascontiguousarray(row).tobytes()) for row in rows]
    if len(same) != len(checksums) or 2 * np.count_nonzero(np.array(same) == checksums) < len(same):
        return None
    return FloretWords(ids.astype(np.uint64), counts.astype(np.int64), n_tokens)
