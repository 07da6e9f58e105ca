"""The words of a model: chosen by count from the types of a corpus, ranked by falling count."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v._arrays import OUT_OF_VOCABULARY, Counts, TokenIds
from spacy_w2v.errors import CorpusError
from spacy_w2v.model._run_record import VocabularySummary


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words by rank: the most frequent is word 0, ties are in the order in which the corpus has them first.

    Equally rare words that follow each other get neighbouring leaves in a Huffman tree, and words that first appear
    near each other are often of one topic. On 17 million words of Wikipedia hierarchical softmax is better for it: the
    loss is 7.903, not 7.908 as with ties in the order of code points, and scores are higher.
    """

    words: list[str]
    counts: Counts
    """v; tokens of each word in the corpus. 0 for words that vectors brought with them and the corpus lacks: these are
    neither noise nor subsampled."""
    forms: pa.Table
    """The texts that stand for each word in the corpus: columns orth (large_string), word (uint32), count (int64).

    With attr = "LOWER", "french" has the forms "French", "french" and perhaps "FRENCH".
    """

    def __repr__(self) -> str:
        """Return how large it is: its words may be millions."""
        return f"Vocabulary({len(self)} words of {self.n_tokens} tokens)"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    @cached_property
    def index(self) -> dict[str, int]:
        """Word → rank."""
        return {word: rank for rank, word in enumerate(self.words)}

    @property
    def n_tokens(self) -> int:
        """Tokens of the corpus that are words of the vocabulary."""
        return int(self.counts.sum())

    def first(self, n_words: int | None) -> "Vocabulary":
        """Return the vocabulary of the most frequent words only; None for all."""
        if n_words is None or n_words >= len(self):
            return self
        forms = self.forms.filter(pc.less(self.forms["word"], pa.scalar(n_words, pa.uint32())))
        return Vocabulary(self.words[:n_words], self.counts[:n_words], forms)


def build_vocabulary(
    types: pa.Table, *, n_type_ids: int, min_count: int, max_final_vocab: int | None, keep: Iterable[str] = ()
) -> tuple[Vocabulary, TokenIds]:
    """Return the vocabulary, and the word id of each provisional type (OUT_OF_VOCABULARY for those left out).

    types: columns id, orth, key, count, a row per type. Types with the same key make one word. max_final_vocab raises
    min_count as far as needed, as in gensim. keep: words that are taken in however rare they are; those that the
    corpus lacks come last, in their order. Raises CorpusError if no word is left.
    """
    words = types.group_by("key").aggregate([("count", "sum"), ("id", "min")])
    words = words.rename_columns({"count_sum": "count", "id_min": "id"})  # provisional ids rise as types appear
    words = words.sort_by([("count", "descending"), ("id", "ascending")])
    counts = words["count"].to_numpy()
    if counts.size == 0:
        raise CorpusError("The vocabulary must have words, but max_vocab_size has dropped all types. Raise it.")
    if max_final_vocab is not None and max_final_vocab < counts.size:
        min_count = max(min_count, int(counts[max_final_vocab]) + 1)
    n_words = int(np.searchsorted(-counts, -min_count, side="right"))
    if n_words == 0:
        highest = words.slice(0, 1).to_pylist()[0]
        raise CorpusError(
            f"Some word must occur at least min_count = {min_count} times, but the most frequent, "
            f"'{highest['key']}', occurs {highest['count']} times. Lower min_count or take more text."
        )
    words = pa.concat_tables([words.slice(0, n_words), *_kept_words(words, n_words, keep)]).combine_chunks()
    counts = words["count"].to_numpy()
    rank_of_type = pc.index_in(types["key"], value_set=words["key"]).combine_chunks()
    word_of_type = np.full(n_type_ids, OUT_OF_VOCABULARY, np.uint32)
    known = np.asarray(rank_of_type.is_valid())
    ranks = rank_of_type.drop_null().to_numpy().astype(np.uint32)
    word_of_type[types["id"].to_numpy()[known]] = ranks
    forms = pa.table(
        {
            "orth": types["orth"].filter(pa.array(known)),
            "word": pa.array(ranks),
            "count": types["count"].filter(pa.array(known)),
        }
    )
    vocabulary = Vocabulary(
        words=words["key"].to_pylist(),
        counts=np.ascontiguousarray(counts),
        forms=forms.sort_by([("word", "ascending"), ("count", "descending"), ("orth", "ascending")]),
    )
    return vocabulary, word_of_type


def _kept_words(words: pa.Table, n_words: int, keep: Iterable[str]) -> list[pa.Table]:
    """Return the words to keep that are not among the first n_words: those that the corpus has, and those it lacks."""
    kept = pa.array(list(keep), words.schema.field("key").type)
    if not len(kept):
        return []
    rest = words.slice(n_words)
    rare = rest.filter(pc.is_in(rest["key"], value_set=kept))
    lacking = kept.filter(pc.invert(pc.is_in(kept, value_set=words["key"].combine_chunks())))
    no_tokens = pa.array(np.zeros(len(lacking)), words.schema.field("count").type)
    no_ids = pa.nulls(len(lacking), words.schema.field("id").type)
    return [rare, pa.table({"key": lacking, "count": no_tokens, "id": no_ids}).select(words.schema.names)]


def summarize_vocabulary(vocabulary: Vocabulary, *, n_tokens: int, n_types: int, min_count: int) -> VocabularySummary:
    """Return what a summary says of a vocabulary. n_tokens, n_types: of its corpus; min_count: of words not rare."""
    frequent = vocabulary.counts[vocabulary.counts >= min_count]
    return VocabularySummary(
        n_words=len(vocabulary),
        n_rare=len(vocabulary) - frequent.size,
        n_types=n_types,
        n_tokens_in_vocabulary=vocabulary.n_tokens,
        coverage=vocabulary.n_tokens / n_tokens,
        most_frequent=vocabulary.words[:10],
        lowest_count=int(frequent.min()),
    )
