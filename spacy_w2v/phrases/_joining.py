"""Joins the words of phrases in the chunks of an encoded corpus."""

from collections.abc import Iterator

import numpy as np

from spacy_w2v._arrays import Chunk
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._sequences import SequenceList
from spacy_w2v.phrases._table import PhraseTable, Words
from spacy_w2v.phrases._units import Keys, Units
from spacy_w2v.phrases.kernels._pairs import HALF, NUMBER_BITS, PairSlots, move_pairs
from spacy_w2v.phrases.kernels._units import join_pairs


class Joiner:
    """Joins the words of phrases, chunk by chunk.

    A unit below the number of keys is a word, and unit `len(joiner.keys) + i` is phrase i of the table.
    """

    def __init__(self, table: PhraseTable, keys: Keys):
        """Prepare to join.

        Args:
            table: The phrases.
            keys: The words of the corpus.

        Raises:
            ConfigError: The phrases have too many different sequences of connector words.
        """
        self.table = table
        self.keys = keys
        self._sequences = SequenceList()
        self._passes = [self._pairs_of(number) for number in range(1, int(table.passes.max(initial=0)) + 1)]

    @classmethod
    def of(cls, table: PhraseTable, corpus: Corpus) -> "Joiner":
        """Return a joiner for a corpus. Raises StorageError if its types are damaged."""
        types = corpus.read_types()
        return cls(table, Keys.of(types, n_type_ids=corpus.n_type_ids, connectors=table.settings.connectors))

    @property
    def n_units(self) -> int:
        """The number of words and phrases."""
        return len(self.keys) + len(self.table)

    def join(self, chunk: Chunk) -> Units:
        """Return the units of a chunk, in which phrases are joined."""
        words, starts, offsets = self.keys.units_of(chunk)
        for slots in self._passes:
            n = join_pairs(words, starts, offsets, self._sequences.arrays, slots, np.uint32(len(self.keys)))
            words, starts = words[:n], starts[: n + 1]
        return Units(words, starts, offsets)

    def _pairs_of(self, number: int) -> PairSlots:
        """Return the pairs that a pass joins, as a table with the number of the phrase of each, from 1."""
        rows = np.flatnonzero(self.table.passes == number)
        phrases = [self.table.words[row] for row in rows]
        distinct = list({word: None for phrase in phrases for word in phrase})
        known = dict(zip(distinct, self.keys.numbers_of(distinct), strict=True))
        pairs: list[int] = []
        for row, phrase in zip(rows.tolist(), phrases, strict=True):
            if all(known[word] is not None for word in phrase):
                for begin, end in self._divisions(phrase, number):
                    first = self._unit(phrase[:begin], known)
                    second = self._unit(phrase[end:], known)
                    between = np.array([known[word] for word in phrase[begin:end]], np.uint32)
                    pairs += [
                        first << int(HALF) | second,
                        self._sequences.number_of(between) << int(NUMBER_BITS) | row + 1,
                    ]
        slots = np.zeros(2 << max(len(pairs), 1).bit_length(), np.uint64)
        move_pairs(np.array(pairs, np.uint64), slots)
        return slots

    def _divisions(self, phrase: Words, number: int) -> Iterator[tuple[int, int]]:
        """Yield where the first part of a phrase ends and where the second begins, with connector words between."""
        connectors = self.table.settings.connectors
        for begin in range(1, len(phrase)):
            if not self._is_part(phrase[:begin], number):
                continue
            for end in range(begin, len(phrase)):
                if self._is_part(phrase[end:], number):
                    yield begin, end
                if phrase[end] not in connectors:
                    break

    def _is_part(self, words: Words, number: int) -> bool:
        """Return whether words are a unit before a pass that a pair can have as a part."""
        if len(words) == 1:
            return words[0] not in self.table.settings.connectors
        row = self.table.index.get(words)
        return row is not None and self.table.passes[row] < number

    def _unit(self, words: Words, known: dict[str, int | None]) -> int:
        """Return the unit that words are."""
        if len(words) == 1:
            return known[words[0]] or 0
        return len(self.keys) + self.table.index[words]
