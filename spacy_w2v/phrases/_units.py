"""The units of a chunk: words, and phrases that stand for several tokens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY, Chunk, Offsets, TokenIds
from spacy_w2v.phrases.kernels._units import CONNECTOR, WORD_MASK

if TYPE_CHECKING:
    import pyarrow as pa


class Units(NamedTuple):
    """The units of a chunk, in order. m = units."""

    words: TokenIds
    """m; the number of each word or phrase. Connector words have the bit CONNECTOR, and tokens of types that were
    dropped are OUT_OF_VOCABULARY."""
    starts: Offsets
    """m + 1; the first token of each unit in the chunk, and the end."""
    offsets: Offsets
    """Boundaries of sentences in the units."""

    def plain_words(self) -> TokenIds:
        """Return the number of each word or phrase, without the bit of connector words."""
        return np.where(self.words == OUT_OF_VOCABULARY, self.words, self.words & WORD_MASK)


@dataclass(frozen=True, eq=False)
class Keys:
    """The words of a corpus, by key: each distinct key is a word, however rare. v = keys, p = type ids."""

    texts: "pa.Array"
    """v; each key (large_string), in the order of their first occurrence."""
    word_of_type: TokenIds
    """p; the number of the key of each type, with the bit CONNECTOR if it is a connector word, or OUT_OF_VOCABULARY."""
    n_words: int
    """The number of keys that are not connector words."""

    @classmethod
    def of(cls, types: "pa.Table", *, n_type_ids: int, connectors: frozenset[str]) -> "Keys":
        """Return the keys of a corpus.

        Args:
            types: The types of the corpus.
            n_type_ids: The number of type ids.
            connectors: The connector words.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        coded = pc.dictionary_encode(types["key"].combine_chunks())
        texts = coded.dictionary
        are_connectors = pc.is_in(texts, value_set=pa.array(sorted(connectors), texts.type)).to_numpy(False)
        flags = np.where(are_connectors, CONNECTOR, np.uint32(0))
        numbers = np.arange(len(texts), dtype=np.uint32) | flags
        word_of_type = np.full(n_type_ids, OUT_OF_VOCABULARY, np.uint32)
        word_of_type[types["id"].to_numpy()] = numbers[coded.indices.to_numpy()]
        return cls(texts, word_of_type, int(len(texts) - np.count_nonzero(are_connectors)))

    def __len__(self) -> int:
        return len(self.texts)

    def numbers_of(self, words: list[str]) -> list[int | None]:
        """Return the number of each word, or None for those that the corpus lacks."""
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers: list[int | None] = pc.index_in(pa.array(words, self.texts.type), value_set=self.texts).to_pylist()
        return numbers

    def units_of(self, chunk: Chunk) -> Units:
        """Return the units of a chunk: its tokens."""
        offsets = np.array(chunk.offsets)
        return Units(self.word_of_type[chunk.tokens], np.arange(chunk.tokens.size + 1), offsets)
