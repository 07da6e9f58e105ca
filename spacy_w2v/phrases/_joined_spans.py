"""The corpus in which the frequent phrases of a key function are one token each. Rarer ones stay as their tokens.

The pipeline has found the phrases, and the corpus has them as spans. So joining reads ids alone, and another limit
takes seconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v._arrays import Chunk, Offsets, TokenIds
from spacy_w2v.config._schema import VocabularySettings
from spacy_w2v.corpus._arrow_files import TYPES_SCHEMA
from spacy_w2v.corpus._cache_directory import default_cache_dir
from spacy_w2v.corpus._counts import PhraseCounts
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._phrase_spans import ChunkPhrases
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._vocabulary import counted_words, words_by_count
from spacy_w2v.phrases._joined_types import NO_ROW, summary
from spacy_w2v.phrases._kept_corpus import JoinedContent, complete_joined, kept_corpus, write_joined_chunks
from spacy_w2v.phrases._numbering import Numbering
from spacy_w2v.phrases._progress import PhraseCallback

VERSION = 1
"""The version of how phrases are joined. It is part of fingerprints."""

NOT_JOINED = -1
"""Stands for the token of a phrase that stays as its tokens."""

BETWEEN = pa.scalar(b"\xff", pa.large_binary())
"""The byte between the text and the key of a type, when types are compared. It does not occur in UTF-8."""


@contextmanager
def joined_spans(
    corpus: Corpus,
    settings: VocabularySettings,
    *,
    cache_dir: Path | None = None,
    callback: PhraseCallback | None = None,
) -> Iterator[Corpus]:
    """Yield the corpus in which each frequent phrase is one token, with the text and key of the phrase.

    A phrase is frequent if all phrases with its key occur at least as often as `least_count` says. Like any corpus, the
    joined one is in the cache for later runs. If the corpus has no fingerprint, it is in a temporary directory.

    Args:
        corpus: The corpus.
        settings: The block `[w2v.vocabulary]`.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        callback: Receives messages and progress.

    Yields:
        The joined corpus, or the corpus itself if it has no frequent phrases.

    Raises:
        StorageError: The corpus is damaged, or the cache cannot be used.
    """
    if corpus.spans is None:
        yield corpus
        return
    callback, cache_dir = callback or PhraseCallback(), cache_dir or default_cache_dir()
    least = least_count(corpus, settings)
    fingerprint = corpus.fingerprint.with_phrases({"version": VERSION, "min_count": least})
    write = partial(_write, corpus=corpus, spans=corpus.spans, least=least, fingerprint=fingerprint, callback=callback)
    with kept_corpus(fingerprint, write, cache_dir=cache_dir, report=callback.on_message) as joined:
        if joined is None:
            callback.on_message(
                f"None of the {corpus.spans.n_type_ids:,} phrases occurs {least:,} times, so all stay as their tokens. "
                "Lower min_phrase_count and min_count, or use more text, to join some"
            )
        yield corpus if joined is None else joined


def least_count(corpus: Corpus, settings: VocabularySettings) -> int:
    """Return the least number of times that a joined phrase occurs, such that each is a word of the vocabulary.

    Otherwise the tokens of a phrase that is too rare for the vocabulary would be lost. `max_final_vocab` raises the
    number as it raises `min_count`: joining makes no word more frequent, so no phrase falls below.

    Args:
        corpus: The corpus with the phrases as spans.
        settings: The block `[w2v.vocabulary]`.
    """
    least = max(settings.min_phrase_count or settings.min_count, settings.min_count)
    most = settings.max_final_vocab
    if most is None:
        return least
    return counted_words(pa.concat_tables([corpus.read_types(), corpus.read_phrase_types()]), least, most)[1]


class SpanJoiner:
    """Joins phrases that are frequent enough, chunk by chunk."""

    def __init__(self, corpus: Corpus, spans: PhraseCounts, *, least: int):
        """Choose the phrases.

        Args:
            corpus: The corpus.
            spans: The numbers of its phrases.
            least: The least number of times that the key of a joined phrase occurs.
        """
        self._types = corpus.read_types()
        self._n_type_ids = corpus.n_type_ids
        phrase_types = corpus.read_phrase_types()
        counts = words_by_count(phrase_types)
        frequent = counts.filter(pc.greater_equal(counts["count"], least))
        are_joined = pc.is_in(phrase_types["key"], value_set=frequent["key"].combine_chunks())
        self._joined = phrase_types.filter(are_joined)
        n_split = len(counts) - len(frequent) + spans.n_dropped_types
        self.phrases = replace(summary(self._joined), n_split=n_split)
        """The phrases that are joined."""
        self._number_of_phrase = np.full(spans.n_type_ids, NOT_JOINED, np.int64)
        self._number_of_phrase[self._joined["id"].to_numpy()] = self._numbers()
        self._numbering = Numbering(self._n_type_ids + len(self._joined))

    def _numbers(self) -> NDArray[np.int64]:
        """Return the number of each joined type: that of the same type of a token, or else a new one."""
        texts = [
            pc.binary_join_element_wise(*(types[name].cast(pa.large_binary()) for name in ("orth", "key")), BETWEEN)
            for types in (self._types, self._joined)
        ]
        same = pc.index_in(texts[0], value_set=texts[1].combine_chunks()).combine_chunks()
        are_same = np.asarray(same.is_valid())
        numbers = self._n_type_ids + np.arange(len(self._joined))
        numbers[same.drop_null().to_numpy()] = self._types["id"].to_numpy()[are_same]
        return numbers

    def join(self, chunk: Chunk, phrases: ChunkPhrases) -> tuple[TokenIds, Offsets]:
        """Return the ids of a chunk's tokens, and the boundaries of its sentences, after joining its phrases.

        Args:
            chunk: The chunk.
            phrases: The phrases in it.
        """
        numbers = self._number_of_phrase[phrases.ids]
        are_joined = numbers != NOT_JOINED
        starts, ends = phrases.starts[are_joined], (phrases.starts + phrases.lengths)[are_joined]
        tokens = chunk.tokens.astype(np.int64)
        tokens[starts] = numbers[are_joined]
        changes = np.zeros(tokens.size + 1, np.int64)
        np.add.at(changes, starts + 1, 1)  # the second token of a phrase is the first that is left out
        np.add.at(changes, ends, -1)
        are_left = np.cumsum(changes[:-1]) == 0
        places = np.concatenate([np.zeros(1, np.int64), np.cumsum(are_left)])
        n_numbers = self._n_type_ids + len(self._joined)
        return self._numbering.add(tokens[are_left], n_numbers=n_numbers), places[chunk.offsets]

    def types(self) -> tuple[pa.Table, int, int]:
        """Return the types that are left, with the columns of `read_types`; the number of ids, and of dropped tokens.

        Types that occur only as part of phrases are gone.
        """
        n_types, numbering = len(self._types), self._numbering
        row_of_number = np.full(self._n_type_ids + len(self._joined), NO_ROW, np.int64)
        row_of_number[self._types["id"].to_numpy()] = np.arange(n_types)
        row_of_number[self._n_type_ids :] = np.arange(n_types, n_types + len(self._joined))
        rows = row_of_number[numbering.origins]
        ids = np.flatnonzero(rows != NO_ROW)
        both = pa.concat_tables([self._types, self._joined]).combine_chunks().take(pa.array(rows[ids]))
        columns = {
            "id": pa.array(ids.astype(np.uint32)),
            "orth": both["orth"],
            "key": both["key"],
            "count": pa.array(numbering.counts[ids]),
        }
        n_dropped_tokens = int(numbering.counts.sum() - numbering.counts[ids].sum())
        return pa.table(columns, schema=TYPES_SCHEMA), numbering.n_ids, n_dropped_tokens


def _write(
    directory: Path,
    corpus: Corpus,
    *,
    spans: PhraseCounts,
    least: int,
    fingerprint: CorpusFingerprint,
    callback: PhraseCallback,
) -> Corpus | None:
    """Write the corpus with joined phrases to an empty directory, and return it; None if there are none.

    Args:
        directory: The directory.
        corpus: The corpus.
        spans: The numbers of its phrases.
        least: The least number of times that the key of a joined phrase occurs.
        fingerprint: The fingerprint of the joined corpus.
        callback: Receives the progress.
    """
    joiner = SpanJoiner(corpus, spans, least=least)
    if not joiner.phrases.n_phrases:
        return None
    phrases = corpus.open_phrases()

    def join(number: int, chunk: Chunk) -> tuple[TokenIds, Offsets]:
        """Return the ids of a chunk's tokens and the boundaries of its sentences, after joining its phrases."""
        return joiner.join(chunk, phrases.read(number, chunk.offsets))

    chunks = write_joined_chunks(directory, corpus, join, callback)
    types, n_type_ids, n_dropped_tokens = joiner.types()
    counts = replace(
        corpus.counts,
        n_tokens=chunks.n_tokens,
        n_types=len(types),
        n_dropped_types=n_type_ids - len(types),
        n_dropped_tokens=n_dropped_tokens,
    )
    joined = JoinedContent(types, joiner.phrases, counts, chunks.chunk_tokens)
    return complete_joined(directory, joined, source=corpus.source, fingerprint=fingerprint, callback=callback)
