"""Word counts that are stored in a pipeline with its vectors table, and loaded by `spacy.load`.

They are in `nlp.vocab.lookups`, which spaCy saves with the vocab, as a table with four entries. "keys" (ids of spaCy's
strings, uint64), "counts" (int64) and "checksums" (uint32, of the vectors of some words) are little-endian bytes.
"n_tokens" is the number of tokens in the corpus. Counts belong to keys, not to rows, so that they stay valid if the
table is pruned, sorted or extended.
"""

import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from thinc.util import to_numpy

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v.errors import StorageError

TABLE_NAME = "w2v_frequencies"

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
    if vocab.lookups.has_table(TABLE_NAME):
        vocab.lookups.remove_table(TABLE_NAME)
    entries = {
        "keys": ids.astype("<u8").tobytes(),
        "counts": np.asarray(counts, "<i8").tobytes(),
        "checksums": _checksums(sample).astype("<u4").tobytes(),
        "n_tokens": n_tokens,
    }
    vocab.lookups.add_table(TABLE_NAME, entries)


def find_frequencies(vocab: Any, *, vectors: str | Path | None = None) -> Frequencies | None:
    """Return the word counts of a vocab's vectors table, or None if there are none.

    Args:
        vocab: The vocab.
        vectors: The pipeline from which `[initialize]` loaded the table, a directory or package. spaCy does not copy
            its lookups, so they are read from there.

    Raises:
        StorageError: The lookups of that pipeline are damaged.
    """
    found = _of_table(vocab.lookups, vocab.vectors)
    if found is None and vectors is not None:
        found = _of_table(lookups_of(vectors), vocab.vectors)
    return found


def _checksums(rows: Vectors) -> NDArray[np.uint32]:
    return np.array([zlib.crc32(row.tobytes()) for row in rows], np.uint32)


def _of_table(lookups: Any, table: Any) -> Frequencies | None:  # Any: spaCy's classes have no types
    if not lookups.has_table(TABLE_NAME) or not hasattr(table, "key2row") or not len(table.data):
        return None
    entries = lookups.get_table(TABLE_NAME)
    try:
        keys, counts = np.frombuffer(entries["keys"], "<u8"), np.frombuffer(entries["counts"], "<i8")
        checksums, n_tokens = np.frombuffer(entries["checksums"], "<u4"), int(entries["n_tokens"])
    except (KeyError, TypeError, ValueError):
        return None
    sample = sampled_words(len(keys))
    if len(counts) != len(keys) or len(checksums) != len(sample) or counts.min(initial=0) < 0 or n_tokens < 1:
        return None
    rows = np.fromiter((table.key2row.get(key, -1) for key in keys.tolist()), np.int64, len(keys))
    known = (rows >= 0) & (rows < len(table.data))
    of_rows = np.zeros(len(table.data), np.int64)
    np.maximum.at(of_rows, rows[known], counts[known])  # of merged words, the one that the row belongs to
    owns = known & (counts == of_rows[rows])
    compared = owns[sample]
    same = _checksums(to_numpy(table.data[rows[sample[compared]]])) == checksums[compared]
    if not compared.any() or 2 * np.count_nonzero(same) < len(same):
        return None
    return Frequencies(of_rows, n_tokens)


def lookups_of(pipeline: str | Path) -> Any:
    """Return the lookups of a saved pipeline, empty if it has none. Raises StorageError if they are damaged."""
    from spacy.lookups import Lookups
    from spacy.util import get_package_path, is_package

    if is_package(str(pipeline)):  # as in spaCy, a package comes before a directory
        places = sorted(get_package_path(str(pipeline)).glob("*/vocab"))
    else:
        places = [Path(pipeline) / "vocab"]
    for place in places:
        if (place / "lookups.bin").is_file():
            try:
                return Lookups().from_disk(place)
            except Exception as error:  # msgpack raises errors of many types
                raise StorageError(f"{place / 'lookups.bin'} is damaged: {error}. Export the vectors again.") from error
    return Lookups()
