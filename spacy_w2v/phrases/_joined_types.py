"""The types of a corpus in which phrases are joined: the old ones that are left, and one for each text of a phrase.

A phrase is found by the keys of its words, and joined by their types. So "New York" and "new york" are two types with
the same key.
"""

from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v._arrays import Chunk, Offsets, TokenIds
from spacy_w2v.corpus._arrow_files import TYPES_SCHEMA
from spacy_w2v.corpus._counts import JoinedPhrases
from spacy_w2v.model._vocabulary import words_by_count
from spacy_w2v.phrases._numbering import Numbering
from spacy_w2v.phrases._units import Units

BETWEEN = " "
"""What is between the words of a phrase in texts and keys."""

NO_ROW = -1
"""The row of a type that was dropped to save memory, and has neither text nor key."""

N_EXAMPLES = 10


class JoinedTypes:
    """Gives ids to types in the order in which they appear in the joined corpus, and counts them."""

    def __init__(self, types: pa.Table, *, n_type_ids: int):
        """Begin with the types of the first corpus, none of which has appeared.

        Args:
            types: The types of the first corpus, as `Corpus.read_types` returns them.
            n_type_ids: The number of its type ids.
        """
        self._types = types
        self._n_type_ids = n_type_ids
        self._phrases: dict[bytes, int] = {}  # the type ids of the words of each phrase, as bytes
        self._numbering = Numbering(n_type_ids)  # of old type ids, and after them of phrases

    def add(self, chunk: Chunk, units: Units) -> TokenIds:
        """Return the ids of the words and phrases of a chunk, after counting them.

        Args:
            chunk: The chunk of the first corpus.
            units: The words and phrases in it.
        """
        starts, stops = units.starts[:-1], units.starts[1:]
        numbers = chunk.tokens[starts].astype(np.int64)
        for place in np.flatnonzero(stops - starts > 1).tolist():
            words = chunk.tokens[starts[place] : stops[place]].tobytes()
            numbers[place] = self._n_type_ids + self._phrases.setdefault(words, len(self._phrases))
        return self._numbering.add(numbers, n_numbers=self._n_type_ids + len(self._phrases))

    def types(self) -> tuple[pa.Table, JoinedPhrases]:
        """Return the types, with the columns of `read_types`, and a summary of the phrases among them.

        Types that occur only as part of phrases are gone.
        """
        orths, keys = (self._types[name].combine_chunks() for name in ("orth", "key"))
        n_types, n_phrases = len(self._types), len(self._phrases)
        row_of_id = np.full(self._n_type_ids, NO_ROW, np.int64)
        row_of_id[self._types["id"].to_numpy()] = np.arange(n_types)
        rows = np.concatenate([row_of_id, np.arange(n_types, n_types + n_phrases)])[self._numbering.origins]
        ids = np.flatnonzero(rows != NO_ROW)
        words = [row_of_id[np.frombuffer(phrase, np.uint32)] for phrase in self._phrases]
        columns = {
            "id": pa.array(ids.astype(np.uint32)),
            "orth": _with_phrases(orths, words).take(pa.array(rows[ids])),
            "key": _with_phrases(keys, words).take(pa.array(rows[ids])),
            "count": pa.array(self._numbering.counts[ids]),
        }
        types = pa.table(columns, schema=TYPES_SCHEMA)
        return types, summary(types.filter(pa.array(rows[ids] >= n_types)))


def _with_phrases(strings: pa.LargeStringArray, phrases: list[NDArray[np.int64]]) -> pa.LargeStringArray:
    """Return strings, and after them for each phrase those of its words, with a space between them.

    Args:
        strings: The strings.
        phrases: The places of the words of each phrase in `strings`.
    """
    if not phrases:
        return strings
    offsets: Offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([places.size for places in phrases])])
    words = pa.LargeListArray.from_arrays(pa.array(offsets), strings.take(pa.array(np.concatenate(phrases))))
    return pa.concat_arrays([strings, pc.binary_join(words, pa.scalar(BETWEEN, pa.large_string()))])


def summary(types: pa.Table) -> JoinedPhrases:
    """Return how many phrases there are, and examples.

    Args:
        types: The types that are phrases.
    """
    phrases = words_by_count(types)
    return JoinedPhrases(
        n_phrases=len(phrases),
        n_tokens=sum(types["count"].to_pylist()),
        most_frequent=list(islice(phrases["key"].to_pylist(), N_EXAMPLES)),
    )
