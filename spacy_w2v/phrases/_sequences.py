"""The sequences of connector words that occur inside of pairs, each with a number."""

import numpy as np

from spacy_w2v._arrays import TokenIds
from spacy_w2v.errors import ConfigError
from spacy_w2v.phrases.kernels._pairs import MOST_SEQUENCES
from spacy_w2v.phrases.kernels._units import Sequences, add_sequence, fill_slots

LEAST_ROOM = 1 << 10


class SequenceList:
    """Sequences of words, which grow as needed. Number 0 is the empty sequence."""

    def __init__(self) -> None:
        self.arrays = Sequences(
            np.zeros(2 * LEAST_ROOM, np.uint32),
            np.zeros(LEAST_ROOM, np.uint32),
            np.zeros(LEAST_ROOM, np.uint32),
            np.ones(1, np.int64),
        )

    def __len__(self) -> int:
        return int(self.arrays.size[0])

    def reserve(self, n_more: int) -> None:
        """Make room for more sequences.

        Raises:
            ConfigError: There are more sequences than numbers for them.
        """
        self.check()
        n = len(self)
        if n + n_more <= self.arrays.words.size:
            return
        room = 1 << (n + n_more).bit_length()
        parents, words = np.zeros(room, np.uint32), np.zeros(room, np.uint32)
        parents[:n], words[:n] = self.arrays.parents[:n], self.arrays.words[:n]
        self.arrays = Sequences(np.zeros(2 * room, np.uint32), parents, words, self.arrays.size)
        fill_slots(self.arrays)

    def check(self) -> None:
        """Raise ConfigError if there are more sequences than numbers for them."""
        if len(self) > MOST_SEQUENCES:
            raise ConfigError(
                f"Connector words must form at most {MOST_SEQUENCES:,} different sequences between other words, but "
                "form more. Use fewer connector words."
            )

    def number_of(self, words: TokenIds) -> int:
        """Return the number of a sequence of word ids, which is added if it is new. Raises ConfigError."""
        if not words.size:
            return 0
        self.reserve(words.size)
        return int(add_sequence(self.arrays, words))

    def words_of(self, number: int) -> list[int]:
        """Return the word ids of a sequence."""
        words = []
        while number:
            words.append(int(self.arrays.words[number]))
            number = int(self.arrays.parents[number])
        return words[::-1]
