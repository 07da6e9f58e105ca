"""The vocabulary of a model: words chosen by count from the types of a corpus, most frequent first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY, Counts, Offsets, TokenIds
from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._wording import times
from spacy_w2v.model._lookup import NO_ROW, cases_of
from spacy_w2v.model._rare_keys import back_off
from spacy_w2v.model._run_record import VocabularySummary

if TYPE_CHECKING:  # pipelines are used without pyarrow
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words by rank. The most frequent word has rank 0. Ties are in the order of first occurrence in the corpus.

    This order of ties helps hierarchical softmax: words of equal count get neighbouring leaves in a Huffman tree, and
    words that first occur near each other often share a topic. On 17 million words of Wikipedia the loss is 7.903,
    instead of 7.908 with ties in the order of code points, and evaluation scores are higher.
    """

    words: list[str]
    counts: Counts
    """v; number of tokens of each word in the corpus. It is 0 for words from initial vectors that the corpus lacks.
    Such words are never drawn as noise."""
    forms: "pa.Table"
    """The texts of each word in the corpus: columns orth (large_string), word (uint32, its rank), count (int64).

    With attr = "LOWER", "french" has the forms "French", "french" and perhaps "FRENCH".
    """

    def __repr__(self) -> str:
        """Return a summary, because there may be millions of words."""
        return f"Vocabulary({len(self)} words of {self.n_tokens} tokens)"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    @cached_property
    def index(self) -> dict[str, int]:
        """The rank of each word."""
        return {word: rank for rank, word in enumerate(self.words)}

    @property
    def n_tokens(self) -> int:
        """Number of tokens in the corpus that are in the vocabulary."""
        return int(self.counts.sum())

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the rank of the word that a pipeline with these vectors finds for each text as a token.

        A text is looked up as it is, otherwise in lower, title and upper case. The word of a text is the one that it
        has most often in the corpus.

        Args:
            words: The texts.

        Returns:
            int64; the rank of each word, or NO_ROW.
        """
        forms = self._ranks_of_forms({form for word in words for form in cases_of(word)})
        found = ((forms.get(form, self.index.get(form, NO_ROW)) for form in cases_of(word)) for word in words)
        ranks = (next((rank for rank in of_cases if rank != NO_ROW), NO_ROW) for of_cases in found)
        return np.fromiter(ranks, np.int64, len(words))

    def _ranks_of_forms(self, texts: set[str]) -> dict[str, int]:
        """Return the rank of the word that each text has most often in the corpus, for texts in the corpus."""
        if not texts:
            return {}
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = pa.array(sorted(texts), self.forms.schema.field("orth").type)
        forms = self.forms.filter(pc.is_in(self.forms["orth"], value_set=asked))
        forms = forms.sort_by([("count", "ascending"), ("word", "descending")])  # dict() keeps the last of several
        return dict(zip(forms["orth"].to_pylist(), forms["word"].to_pylist(), strict=True))

    def first(self, n_words: int | None) -> "Vocabulary":
        """Return the vocabulary of the n_words most frequent words, or of all words if it is None."""
        if n_words is None or n_words >= len(self):
            return self
        import pyarrow as pa
        import pyarrow.compute as pc

        forms = self.forms.filter(pc.less(self.forms["word"], pa.scalar(n_words, pa.uint32())))
        return Vocabulary(self.words[:n_words], self.counts[:n_words], forms)


def build_vocabulary(
    types: "pa.Table",
    *,
    n_type_ids: int,
    min_count: int,
    max_final_vocab: int | None,
    keep: Iterable[str] = (),
    merge_rare: bool = False,
) -> tuple[Vocabulary, TokenIds]:
    """Choose the words of the vocabulary.

    Args:
        types: One row per type: columns id, orth, key, count. Types with the same key form one word.
        n_type_ids: Number of type ids.
        min_count: Lowest count of a word, at least 1.
        max_final_vocab: Largest size; raises min_count as far as needed, as in gensim. None for no limit.
        keep: Words to include regardless of their count. Those that the corpus lacks come last, in their order.
        merge_rare: Whether a rare key counts as the commonest key of the same text, as `back_off` says.

    Returns:
        The vocabulary, and uint32[n_type_ids], the word id of each type, or OUT_OF_VOCABULARY.

    Raises:
        CorpusError: No word is frequent enough.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = pa.array(list(keep), types.schema.field("key").type)
    words, least = counted_words(types, min_count, max_final_vocab)
    if merge_rare:
        frequent = words.filter(pc.greater_equal(words["count"], least))["key"]
        types = back_off(types, pa.chunked_array([*frequent.chunks, kept]).combine_chunks())
        words, least = counted_words(types, min_count, max_final_vocab)
    n_words = int(np.searchsorted(-words["count"].to_numpy(), -least, side="right"))
    if n_words == 0:
        highest = words.slice(0, 1).to_pylist()[0]
        raise CorpusError(
            f"Some word must occur at least min_count = {least} times, but the most frequent word, "
            f"'{highest['key']}', occurs {times(highest['count'])}. Lower min_count, or use more text."
        )
    words = pa.concat_tables([words.slice(0, n_words), *_kept_words(words, n_words, kept)]).combine_chunks()
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


def words_by_count(types: "pa.Table") -> "pa.Table":
    """Return the words of types, most frequent first: columns key, count, and id, the least one of their types."""
    words = types.group_by("key").aggregate([("count", "sum"), ("id", "min")])
    words = words.rename_columns({"count_sum": "count", "id_min": "id"})  # ids are in the order of first occurrence
    return words.sort_by([("count", "descending"), ("id", "ascending")])


def counted_words(types: "pa.Table", min_count: int, max_final_vocab: int | None) -> tuple["pa.Table", int]:
    """Return the words of types as `words_by_count` does, and the count that a word of the vocabulary must have.

    Raises:
        CorpusError: There are no types.
    """
    words = words_by_count(types)
    if len(words) == 0:
        raise CorpusError(
            "The vocabulary must have words, but max_vocab_size has dropped all types. Raise max_vocab_size."
        )
    if max_final_vocab is not None and max_final_vocab < len(words):
        min_count = max(min_count, words["count"][max_final_vocab].as_py() + 1)
    return words, min_count


def _kept_words(words: "pa.Table", n_words: int, kept: "pa.Array") -> list["pa.Table"]:
    """Return the words of `kept` that are not among the first n_words: those in the corpus, then those it lacks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(kept):
        return []
    rest = words.slice(n_words)
    rare = rest.filter(pc.is_in(rest["key"], value_set=kept))
    lacking = kept.filter(pc.invert(pc.is_in(kept, value_set=words["key"].combine_chunks())))
    no_tokens = pa.array(np.zeros(len(lacking)), words.schema.field("count").type)
    no_ids = pa.nulls(len(lacking), words.schema.field("id").type)
    return [rare, pa.table({"key": lacking, "count": no_tokens, "id": no_ids}).select(words.schema.names)]


def summarize_vocabulary(vocabulary: Vocabulary, *, n_tokens: int, n_types: int, min_count: int) -> VocabularySummary:
    """Return the sizes of a vocabulary.

    Args:
        vocabulary: The vocabulary.
        n_tokens: Number of tokens in the corpus.
        n_types: Number of types in the corpus.
        min_count: Words with a lower count are rare.
    """
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
