"""How often the words of a table were in the corpus, kept with a pipeline: `spacy.load` brings them back.

They stand in `nlp.vocab.lookups`, which spaCy saves with the vocab, as a table of three entries: "keys" (ids among
spaCy's strings, uint64), "counts" (int64), both as bytes, little-endian, and "n_tokens", all tokens of the corpus. They
go by keys, not by rows, so that they hold for a table that is made smaller, sorted or added to.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.types import Counts

TABLE_NAME = "w2v_frequencies"

SHARE_KNOWN = 0.5
"""Of the rows that words have, so many must have a count, or else the table is of another origin."""


class Frequencies(NamedTuple):
    """How often words were in a corpus."""

    counts: Counts
    """For each row of a table; 0 where no key of it has a count."""
    n_tokens: int
    """Of the corpus, words that the table lacks included."""


def keep_frequencies(vocab: Any, ids: NDArray[np.uint64], counts: Counts, *, n_tokens: int) -> None:
    """Keep the counts of some keys with a vocab, in place of those that it has."""  # Any: spaCy's Vocab has no types
    if vocab.lookups.has_table(TABLE_NAME):
        vocab.lookups.remove_table(TABLE_NAME)
    entries = {
        "keys": ids.astype("<u8").tobytes(),
        "counts": np.asarray(counts, "<i8").tobytes(),
        "n_tokens": n_tokens,
    }
    vocab.lookups.add_table(TABLE_NAME, entries)


def find_frequencies(vocab: Any, *, vectors: str | None = None) -> Frequencies | None:
    """Return the frequencies of the words of a vocab's table, or None if they are not known.

    vectors: the pipeline that the table was loaded from, a directory or a package, where spaCy has left its lookups, as
    it does with `[initialize] vectors`.
    """
    found = _of_table(vocab.lookups, vocab.vectors)
    if found is None and vectors is not None:
        found = _of_table(_lookups_of(vectors), vocab.vectors)
    return found


def _of_table(lookups: Any, table: Any) -> Frequencies | None:
    if not lookups.has_table(TABLE_NAME):
        return None
    entries = lookups.get_table(TABLE_NAME)
    try:
        keys = np.frombuffer(entries["keys"], "<u8")
        counts, n_tokens = np.frombuffer(entries["counts"], "<i8"), int(entries["n_tokens"])
    except (KeyError, TypeError, ValueError):
        return None
    if len(keys) != len(counts) or n_tokens < 1 or counts.min(initial=0) < 0:
        return None
    rows = np.fromiter((table.key2row.get(key, -1) for key in keys.tolist()), np.int64, len(keys))
    known = (rows >= 0) & (rows < len(table.data))
    of_rows = np.full(len(table.data), -1, np.int64)
    np.maximum.at(of_rows, rows[known], counts[known])  # of words that were merged, the one that the row is of
    n_with_words = len(np.unique(np.fromiter(table.key2row.values(), np.int64)))
    if np.count_nonzero(of_rows >= 0) < SHARE_KNOWN * n_with_words:
        return None
    return Frequencies(np.maximum(of_rows, 0), n_tokens)


def _lookups_of(pipeline: str) -> Any:
    """Return the lookups of a pipeline that is not loaded; empty if there are none."""
    from spacy.lookups import Lookups
    from spacy.util import get_package_path, is_package

    if is_package(pipeline):
        places = sorted(get_package_path(pipeline).glob("*/vocab"))
    else:
        places = [Path(pipeline) / "vocab"]
    for place in places:
        if (place / "lookups.bin").is_file():
            return Lookups().from_disk(place)
    return Lookups()
