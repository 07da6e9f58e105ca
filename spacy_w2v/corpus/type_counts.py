"""Counts types while the corpus is read, within a bound of memory."""

from dataclasses import dataclass, field

import numpy as np

from spacy_w2v.corpus.tokens import TokenType
from spacy_w2v.types import Counts, TokenIds


@dataclass
class TypeCounts:
    """The provisional ids of types, in order of first appearance, and how often each occurs.

    Past `max_types` the rarest types are dropped, with a threshold that rises by one each time, as `ReduceVocab` of
    word2vec.c does: a dropped type loses its count, and gets a new id should it occur again.
    """

    max_types: int | None = None
    n_ids: int = 0
    """Ids given so far, to dropped types too."""
    n_dropped_types: int = 0
    n_dropped_tokens: int = 0
    _ids: dict[TokenType, int] = field(default_factory=dict)
    _counts: Counts = field(default_factory=lambda: np.zeros(1 << 16, np.int64))
    _min_reduce: int = 1

    def add(self, types: list[TokenType], counts: Counts) -> TokenIds:
        """Count types, and return their ids."""
        ids = np.empty(len(types), np.uint32)
        known = self._ids
        for i, type_ in enumerate(types):
            type_id = known.get(type_)
            if type_id is None:
                type_id = known[type_] = self.n_ids
                self.n_ids += 1
            ids[i] = type_id
        if self.n_ids > self._counts.size:
            self._counts = np.concatenate([self._counts, np.zeros(self.n_ids, np.int64)])
        self._counts[ids] += counts  # ids are distinct
        if self.max_types is not None:
            while len(self._ids) > self.max_types:  # not `known`: dropping makes a new dict
                self._drop_rarest()
        return ids

    def _drop_rarest(self) -> None:
        kept = {type_: i for type_, i in self._ids.items() if self._counts[i] > self._min_reduce}
        self.n_dropped_types += len(self._ids) - len(kept)
        live = np.zeros(self._counts.size, bool)
        live[np.fromiter(kept.values(), np.int64, len(kept))] = True
        self.n_dropped_tokens += int(self._counts[~live].sum())
        self._counts[~live] = 0
        self._ids = kept
        self._min_reduce += 1

    def __len__(self) -> int:
        return len(self._ids)

    def items(self) -> tuple[list[TokenType], TokenIds, Counts]:
        """Return the types, their ids and their counts, in order of first appearance."""
        ids = np.fromiter(self._ids.values(), np.uint32, len(self._ids))
        return list(self._ids), ids, self._counts[ids]
