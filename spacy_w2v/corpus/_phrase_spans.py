"""The phrases of an encoded corpus, as spans over its tokens. A corpus without phrases has none of these files.

phrases.arrow: Arrow IPC file, a record batch per chunk of tokens, a row per phrase: columns "start" (uint32, its first
token in the chunk), "length" (uint32, its number of tokens) and "id" (uint32, provisional type id of the phrase).
phrase_types.arrow: The types of phrases, with the columns of types.arrow. Their ids are numbers of their own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.corpus._arrow_files import TYPES_SCHEMA, BatchReader, check_file, checked_file, write_types
from spacy_w2v.corpus._counts import PhraseCounts
from spacy_w2v.corpus._type_counts import TypeCounts
from spacy_w2v.tokenization._tokens import PhraseSpans, in_order_of_appearance

PHRASES_FILE = "phrases.arrow"
PHRASE_TYPES_FILE = "phrase_types.arrow"
PHRASES_SCHEMA = pa.schema([("start", pa.uint32()), ("length", pa.uint32()), ("id", pa.uint32())])


class ChunkPhrases(NamedTuple):
    """The phrases of a chunk, in order. p = phrases."""

    starts: Offsets
    """p; the first token of each phrase in the chunk."""
    lengths: Offsets
    """p; the number of its tokens."""
    ids: TokenIds
    """p; its type id."""


class PhraseWriter:
    """Writes the phrases of a corpus to its directory, while the chunks of its tokens are written."""

    def __init__(self, directory: Path, *, max_types: int | None):
        """Create the file of phrases.

        Args:
            directory: The directory of the corpus.
            max_types: As for `BoundedCounts`.
        """
        self.directory = directory
        self.types = TypeCounts(max_types)
        self.n_phrases = 0
        self._writer = pa.ipc.new_file(str(directory / PHRASES_FILE), PHRASES_SCHEMA)
        self._n_chunks = 0
        self._first_token = 0  # of the next chunk, in the corpus
        self._starts: Offsets = np.zeros(0, np.int64)  # of phrases in chunks that are not written yet
        self._lengths: Offsets = np.zeros(0, np.int64)
        self._ids: TokenIds = np.zeros(0, np.uint32)

    def add(self, phrases: PhraseSpans, *, n_tokens: int) -> None:
        """Add phrases, none of which is cut by the border of a chunk.

        Args:
            phrases: The phrases of a batch.
            n_tokens: The number of tokens of the corpus before this batch.
        """
        counts = np.bincount(phrases.ids, minlength=phrases.distinct_types.size)
        ids = self.types.add(phrases.types, phrases.distinct_types, counts)
        self.n_phrases += phrases.ids.size
        self._starts = np.concatenate([self._starts, phrases.starts + n_tokens])
        self._lengths = np.concatenate([self._lengths, phrases.lengths])
        self._ids = np.concatenate([self._ids, ids[phrases.ids]])

    def write_chunks(self, chunk_tokens: Sequence[int]) -> None:
        """Write the phrases of complete chunks, all of which have been added.

        Args:
            chunk_tokens: The number of tokens of each chunk of the corpus so far.
        """
        for size in chunk_tokens[self._n_chunks :]:
            n = int(np.searchsorted(self._starts, self._first_token + size))
            starts = (self._starts[:n] - self._first_token).astype(np.uint32)
            columns = [pa.array(starts), pa.array(self._lengths[:n].astype(np.uint32)), pa.array(self._ids[:n])]
            self._writer.write_batch(pa.record_batch(columns, schema=PHRASES_SCHEMA))
            self._starts, self._lengths, self._ids = self._starts[n:], self._lengths[n:], self._ids[n:]
            self._first_token += size
            self._n_chunks += 1

    def close(self, chunk_tokens: Sequence[int]) -> PhraseCounts:
        """Write the phrases of the last chunks, and the types of all phrases.

        Args:
            chunk_tokens: The number of tokens of each chunk of the corpus.
        """
        self.write_chunks(chunk_tokens)
        self._writer.close()
        types, ids, counts = self.types.items()
        columns = {"id": ids, "orth": types.orths, "key": types.keys, "count": counts}
        write_types(self.directory / PHRASE_TYPES_FILE, pa.table(columns, schema=TYPES_SCHEMA))
        counted = self.types.counted
        return PhraseCounts(
            n_phrases=self.n_phrases,
            n_types=len(types.orths),
            n_dropped_types=counted.n_dropped_types,
            n_dropped_phrases=counted.n_dropped_tokens,
        )


class PhraseReader(BatchReader):
    """Reads the phrases of a corpus, chunk by chunk."""

    def __init__(self, path: Path, *, n_type_ids: int):
        """Open a file of phrases.

        Args:
            path: The file.
            n_type_ids: The number of type ids of phrases. All ids must be less than this.

        Raises:
            StorageError: The file is damaged.
        """
        super().__init__(path, PHRASES_SCHEMA)
        self.n_type_ids = n_type_ids

    def read(self, number: int, offsets: Offsets) -> ChunkPhrases:
        """Return the phrases of a chunk.

        Args:
            number: The number of the chunk.
            offsets: The boundaries of sentences in the chunk, the first and last included.

        Raises:
            StorageError: The phrases are damaged.
        """
        with checked_file(self.path):
            batch = self.reader.get_batch(number)
            batch.validate(full=True)
            check_file(not any(column.null_count for column in batch.columns), self.path, "no nulls")
            starts, lengths, ids = (column.to_numpy(zero_copy_only=True) for column in batch.columns)
            phrases = ChunkPhrases(starts.astype(np.int64), lengths.astype(np.int64), ids)
            self._check(phrases, offsets)
            return phrases

    def _check(self, phrases: ChunkPhrases, offsets: Offsets) -> None:
        """Raise StorageError if phrases overlap or are longer than their sentence, or if ids are too large."""
        if not phrases.ids.size:
            return
        ends = phrases.starts + phrases.lengths
        sentences = np.searchsorted(offsets, phrases.starts, side="right")
        are_inside = (sentences < offsets.size) & (ends <= offsets[np.minimum(sentences, offsets.size - 1)])
        check_file(are_inside.all() and (phrases.lengths > 0).all(), self.path, "phrases within sentences")
        check_file((ends[:-1] <= phrases.starts[1:]).all(), self.path, "phrases that do not overlap")
        check_file(phrases.ids.max() < self.n_type_ids, self.path, f"type ids below {self.n_type_ids}")


def of_first_tokens(phrases: PhraseSpans, limit: int) -> PhraseSpans:
    """Return the phrases that end within the first `limit` tokens of a batch."""
    return _where(phrases, phrases.starts + phrases.lengths <= limit)


def within_chunks(phrases: PhraseSpans, sentence_lengths: Offsets, chunk_size: int) -> PhraseSpans:
    """Return phrases without those that a chunk cuts, because their sentence is longer than a chunk.

    Such a sentence is cut after each `chunk_size` of its tokens.

    Args:
        phrases: The phrases of a batch.
        sentence_lengths: The number of tokens of each sentence of the batch.
        chunk_size: The largest number of tokens of a chunk.
    """
    if not sentence_lengths.size or sentence_lengths.max() <= chunk_size:
        return phrases
    ends = np.cumsum(sentence_lengths)
    sentences = np.searchsorted(ends, phrases.starts, side="right")
    first = phrases.starts - (ends - sentence_lengths)[sentences]
    return _where(phrases, first // chunk_size == (first + phrases.lengths - 1) // chunk_size)


def _where(phrases: PhraseSpans, are_kept: NDArray[np.bool_]) -> PhraseSpans:
    """Return some of the phrases of a batch, with their types in the order of first appearance."""
    if are_kept.all():
        return phrases
    left, ids = in_order_of_appearance(phrases.ids[are_kept], phrases.distinct_types.size)
    return phrases._replace(
        distinct_types=phrases.distinct_types[left],
        ids=ids,
        starts=phrases.starts[are_kept],
        lengths=phrases.lengths[are_kept],
    )
