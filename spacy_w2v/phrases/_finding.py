"""Finds the phrases of an encoded corpus, pass by pass."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spacy_w2v._arrays import Counts
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._counting import CountedPairs, count_all_pairs
from spacy_w2v.phrases._joining import Joiner
from spacy_w2v.phrases._progress import PhraseCallback, PhraseProgress
from spacy_w2v.phrases._scores import PairCounts, Scores, least_count, score_pairs
from spacy_w2v.phrases._sequences import SequenceList
from spacy_w2v.phrases._table import PhraseTable, Words
from spacy_w2v.phrases._units import Units


@dataclass
class _Reading:
    """Reads the units of a corpus for a pass, as often as counting needs, and reports the progress."""

    corpus: Corpus
    joiner: Joiner
    callback: PhraseCallback
    number: int
    """The number of the pass."""
    n_readings: int = 0

    def read(self) -> Iterator[Units]:
        """Yield the units of each chunk. How many readings there will be is not known, so progress is that of one."""
        chunks, start, n_tokens = self.corpus.open_chunks(), time.perf_counter(), 0
        n_before = (self.number - 1 + self.n_readings) * self.corpus.counts.n_tokens
        self.n_readings += 1
        for number, of_chunk in enumerate(self.corpus.chunk_tokens.tolist(), start=1):
            yield self.joiner.join(chunks.read(number - 1))
            n_tokens += of_chunk
            fraction, seconds = number / self.corpus.n_chunks, time.perf_counter() - start
            self.callback.on_phrases(PhraseProgress("counting", n_before + n_tokens, fraction, seconds))


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """The pairs of a pass that are frequent enough, by falling score. n = pairs."""

    words: list[Words]
    """n; the words of each pair, with the connector words between them, in a different tuple each."""
    scores: Scores
    """n; the score of each pair, which may be below the threshold."""
    counts: Counts
    """n; the number of times that it occurs."""
    number: int
    """The number of the pass, from 1."""
    n_readings: int
    """The number of times that the corpus was read."""


def find_phrases(corpus: Corpus, settings: PhraseSettings, *, callback: PhraseCallback | None = None) -> PhraseTable:
    """Find the phrases of a corpus.

    Args:
        corpus: The corpus.
        settings: The block `[w2v.phrases]`.
        callback: The callback for progress.

    Raises:
        ConfigError: The connector words form too many sequences.
        StorageError: The corpus is damaged.
    """
    table = empty_table(settings)
    for number, threshold in enumerate(settings.thresholds, start=1):
        found = score_pass(corpus, table, number=number, lowest=threshold, callback=callback)
        table = extended(table, found, threshold)
    return table


def empty_table(settings: PhraseSettings) -> PhraseTable:
    """Return a table without phrases."""
    return PhraseTable(settings, [], np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.uint8))


def extended(table: PhraseTable, found: ScoredPairs, threshold: float) -> PhraseTable:
    """Return a table with the pairs of a pass whose score is above a threshold."""
    n = int(np.count_nonzero(found.scores > threshold))  # they are by falling score
    return replace(
        table,
        words=table.words + found.words[:n],
        scores=np.concatenate([table.scores, found.scores[:n]]),
        counts=np.concatenate([table.counts, found.counts[:n]]),
        passes=np.concatenate([table.passes, np.full(n, found.number, np.uint8)]),
    )


def score_pass(
    corpus: Corpus,
    table: PhraseTable,
    *,
    number: int,
    lowest: float = -np.inf,
    callback: PhraseCallback | None = None,
) -> ScoredPairs:
    """Count and score the pairs of a corpus in which the phrases of earlier passes are joined.

    The first pass scores all pairs, the others those with a phrase in them. Counts and scores are those that gensim's
    `Phrases` has for the joined text.

    Args:
        corpus: The corpus.
        table: The phrases of earlier passes.
        number: The number of the pass, from 1.
        lowest: Pairs must have a higher score.
        callback: The callback for progress.
    """
    settings = table.settings
    joiner, sequences = Joiner.of(table, corpus), SequenceList()
    reading = _Reading(corpus, joiner, callback or PhraseCallback(), number)
    pairs = count_all_pairs(
        reading.read, sequences,
        n_units=joiner.n_units, n_tokens=corpus.counts.n_tokens, least=least_count(settings),
        memory_gb=settings.memory_gb,
    )  # fmt: skip
    if number > 1:
        pairs = pairs.where((pairs.firsts >= len(joiner.keys)) | (pairs.seconds >= len(joiner.keys)))
    counts = PairCounts(
        first=pairs.unit_counts[pairs.firsts],
        second=pairs.unit_counts[pairs.seconds],
        pair=pairs.counts,
        n_distinct=int(np.count_nonzero(pairs.unit_counts)) + pairs.n_distinct,
        n_tokens=pairs.n_tokens,
    )
    scores = score_pairs(counts, settings, lowest=lowest)
    are_high = scores > lowest
    pairs, scores = pairs.where(are_high), scores[are_high]
    order = np.lexsort((pairs.sequences, pairs.seconds, pairs.firsts, -pairs.counts, -scores))
    return _scored(pairs.where(order), scores[order], joiner, sequences=sequences, number=number)


def _scored(
    pairs: CountedPairs, scores: Scores, joiner: Joiner, *, sequences: SequenceList, number: int
) -> ScoredPairs:
    """Return pairs with their words. Of several pairs with the same words, the first is kept, with their whole count.

    In later passes, "new york" and "times" have the same words as "new" and "york times". Phrases of earlier passes are
    left out, and so are pairs that the settings exclude.
    """
    rows: dict[Words, int] = {}
    kept: list[int] = []
    totals = pairs.counts.copy()
    may_be_punctuation = joiner.table.settings.punctuation
    for place, words in enumerate(_words_of(pairs, joiner, sequences)):
        if words in joiner.table or not (may_be_punctuation or (_is_word(words[0]) and _is_word(words[-1]))):
            continue
        if (row := rows.setdefault(words, place)) == place:
            kept.append(place)
        else:
            totals[row] += pairs.counts[place]
    return ScoredPairs(list(rows), scores[kept], totals[kept], number, pairs.n_readings)


def _is_word(text: str) -> bool:
    """Return whether a token has a letter or a digit of any script."""
    return any(map(str.isalnum, text))


def _words_of(pairs: CountedPairs, joiner: Joiner, sequences: SequenceList) -> Iterator[Words]:
    """Yield the words of each pair."""
    numbers = sorted({*pairs.sequences.tolist()})
    between = {number: sequences.words_of(number) for number in numbers}
    units = np.unique(np.concatenate([pairs.firsts, pairs.seconds]))
    plain = units[units < len(joiner.keys)]
    ids = np.union1d(plain, np.array([word for words in between.values() for word in words], np.uint32))
    texts = dict(zip(ids.tolist(), joiner.keys.texts.take(ids).to_pylist(), strict=True))
    words: dict[int, Words] = {unit: (text,) for unit, text in texts.items()}
    for unit in units[plain.size :].tolist():
        words[unit] = joiner.table.words[unit - len(joiner.keys)]
    inside = {number: tuple(texts[word] for word in of) for number, of in between.items()}
    for first, sequence, second in zip(
        pairs.firsts.tolist(), pairs.sequences.tolist(), pairs.seconds.tolist(), strict=True
    ):
        yield (*words[first], *inside[sequence], *words[second])
