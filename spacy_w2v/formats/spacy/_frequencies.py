"""How often the words of a table were in the corpus, kept with a pipeline: `spacy.load` brings them back.

They stand in `nlp.vocab.lookups`, which spaCy saves with the vocab, as a table of four entries: "keys" (ids among
spaCy's strings, uint64), "counts" (int64) and "checksums" (uint32, of the vectors of some of the words), all as bytes,
little-endian; and "n_tokens", all tokens of the corpus. They go by keys, not by rows, so that they hold for a table
that is made smaller, sorted or added to.
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
"""Words whose vectors are compared to recognize the table that the counts belong to; most are frequent."""


class Frequencies(NamedTuple):
    """How often words were in a corpus."""

    counts: Counts
    """For each row of a table; 0 where no key of it has a count."""
    n_tokens: int
    """Of the corpus, words that the table lacks included."""


def sampled_words(n_words: int) -> NDArray[np.int64]:
    """Return the places of the words whose vectors `keep_frequencies` needs."""
    return np.unique(np.geomspace(1, max(n_words, 1), WORDS_SAMPLED).astype(np.int64))[:n_words] - 1


def keep_frequencies(
    vocab: Any,  # Any: spaCy's Vocab has no types
    ids: NDArray[np.uint64],
    counts: Counts,
    *,
    n_tokens: int,
    sample: Vectors,
) -> None:
    """Keep the counts of some keys, each of another row, with a vocab, in place of those that it has.

    sample: the rows of `sampled_words`, as the table has them.
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
    """Return the frequencies of the words of a vocab's table, or None if they are not known.

    vectors: the pipeline that the table was loaded from, a directory or a package, where spaCy has left its lookups, as
    it does with `[initialize] vectors`. Raises StorageError if these are damaged.
    """
    found = _of_table(vocab.lookups, vocab.vectors)
    if found is None and vectors is not None:
        found = _of_table(_lookups_of(vectors), vocab.vectors)
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
    np.maximum.at(of_rows, rows[known], counts[known])  # of words that were merged, the one whose row it was
    owns = known & (counts == of_rows[rows])
    compared = owns[sample]
    same = _checksums(to_numpy(table.data[rows[sample[compared]]])) == checksums[compared]
    if not compared.any() or 2 * np.count_nonzero(same) < len(same):
        return None
    return Frequencies(of_rows, n_tokens)


def _lookups_of(pipeline: str | Path) -> Any:
    """Return the lookups of a pipeline that is not loaded; empty if there are none.

    Raises StorageError if they are damaged.
    """
    from spacy.lookups import Lookups
    from spacy.util import get_package_path, is_package

    if is_package(str(pipeline)):  # spaCy looks for packages first, too
        places = sorted(get_package_path(str(pipeline)).glob("*/vocab"))
    else:
        places = [Path(pipeline) / "vocab"]
    for place in places:
        if (place / "lookups.bin").is_file():
            try:
                return Lookups().from_disk(place)
            except Exception as error:  # msgpack raises many kinds
                raise StorageError(f"{place / 'lookups.bin'} is damaged: {error}. Export the vectors again.") from error
    return Lookups()
