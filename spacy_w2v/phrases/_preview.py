"""What a threshold means: phrases from the whole range of scores, with their counts and an example from the text."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Chunk
from spacy_w2v.config._phrases import PhraseSettings, Scoring
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._finding import ScoredPairs, empty_table, extended, score_pass
from spacy_w2v.phrases._joining import Joiner
from spacy_w2v.phrases._progress import PhraseCallback
from spacy_w2v.phrases._table import PhraseTable, Words
from spacy_w2v.phrases._units import Units

CONTEXT_TOKENS = 4
"""Tokens of an example before and after the phrase."""
MOST_SEARCHES = 4
"""The number of times that the text is searched for examples."""


class Example(NamedTuple):
    """A phrase in the text, as the text has it."""

    before: str
    phrase: str
    after: str


class SampledPhrase(NamedTuple):
    """A pair of words, which is a phrase if its score is above the threshold."""

    words: Words
    score: float
    n_times: int
    """The number of times that it occurs."""
    n_phrases: int
    """The number of pairs with a score that is not lower: the phrases that a threshold just below this score gives."""
    example: Example | None
    """None if none was found, because its words belong to other phrases wherever it was looked for."""


class PassPreview(NamedTuple):
    """What a pass finds."""

    threshold: float
    n_phrases: int
    """The number of pairs with a score above the threshold."""
    sample: list[SampledPhrase]
    """By falling score."""


@dataclass(frozen=True)
class Preview:
    """The phrases of a corpus, and samples of each pass."""

    table: PhraseTable
    passes: list[PassPreview]
    n_joined: int
    """The number of tokens of the corpus that are part of a phrase."""


def make_preview(
    corpus: Corpus, settings: PhraseSettings, *, n_sampled: int, callback: PhraseCallback | None = None
) -> Preview:
    """Find the phrases of a corpus, and samples from the range of scores.

    Args:
        corpus: The corpus.
        settings: The block `[w2v.phrases]`.
        n_sampled: The largest number of pairs to sample in each pass.
        callback: The callback for progress.

    Raises:
        ConfigError: The connector words form too many sequences.
        StorageError: The corpus is damaged.
    """
    table, passes = empty_table(settings), []
    for number, threshold in enumerate(settings.thresholds, start=1):
        lowest = lowest_shown(settings.scoring, threshold)
        found = score_pass(corpus, table, number=number, lowest=lowest, callback=callback)
        rows = spread_rows(found, n_sampled, is_logarithmic=settings.scoring != "npmi")
        examples = _examples(corpus, table, found, rows)
        ranks = np.searchsorted(-found.scores, -found.scores[rows], side="right").tolist()
        sample = [
            SampledPhrase(found.words[row], float(found.scores[row]), int(found.counts[row]), rank, examples.get(row))
            for row, rank in zip(rows, ranks, strict=True)
        ]
        passes.append(PassPreview(threshold, int(np.count_nonzero(found.scores > threshold)), sample))
        table = extended(table, found, threshold)
    return Preview(table, passes, _count_joined(corpus, table))


def lowest_shown(scoring: Scoring | None, threshold: float) -> float:
    """Return the score from which pairs are shown, so that pairs below a threshold are seen too."""
    return threshold - 0.3 if scoring == "npmi" else threshold / 10


def spread_rows(found: ScoredPairs, n_rows: int, *, is_logarithmic: bool) -> list[int]:
    """Return pairs that are spread over the range of scores: the most frequent pair of each of n_rows bands.

    Args:
        found: The pairs, by falling score.
        n_rows: The number of bands.
        is_logarithmic: Whether bands have the same ratio of scores, which are positive. Otherwise they have the same
            width.
    """
    if not found.words:
        return []
    values = np.log(found.scores) if is_logarithmic else found.scores
    width = (values[0] - values[-1]) / n_rows or 1.0
    bands = np.minimum((values[0] - values) // width, n_rows - 1)
    order = np.lexsort((-found.counts, bands))
    is_first: NDArray[np.bool_] = np.diff(bands[order], prepend=-1) > 0
    rows: list[int] = order[is_first].tolist()
    return rows


def _examples(corpus: Corpus, table: PhraseTable, found: ScoredPairs, rows: list[int]) -> dict[int, Example]:
    """Return a place of each of some pairs in the text, by their rows.

    Pairs may overlap, so that one hides the other. Those that are not found are looked for again without the others.
    """
    examples: dict[int, Example] = {}
    for _ in range(MOST_SEARCHES):
        missing = [row for row in rows if row not in examples]
        if not missing or not (new := _first_places(corpus, table, found, missing)):
            break
        examples |= new
    return examples


def _first_places(corpus: Corpus, table: PhraseTable, found: ScoredPairs, rows: list[int]) -> dict[int, Example]:
    """Return the first place of each of some pairs, if they were the only phrases of their pass."""
    sampled = PhraseTable(
        table.settings,
        table.words + [found.words[row] for row in rows],
        np.append(table.scores, found.scores[rows]),
        np.append(table.counts, found.counts[rows]),
        np.append(table.passes, np.full(len(rows), found.number, np.uint8)),
    )
    joiner, texts = Joiner.of(sampled, corpus), _Texts(corpus)
    first = len(joiner.keys) + len(table)
    missing, examples = set(range(first, first + len(rows))), dict[int, Example]()
    chunks = corpus.open_chunks()
    for number in range(corpus.n_chunks):
        if not missing:
            break
        chunk = chunks.read(number)
        units = joiner.join(chunk)
        words = units.plain_words()
        for place in np.flatnonzero((words >= first) & (words < first + len(rows))).tolist():
            if (unit := int(words[place])) in missing:
                missing.remove(unit)
                examples[rows[unit - first]] = texts.example(chunk, units, place)
    return examples


class _Texts:
    """The texts of tokens."""

    def __init__(self, corpus: Corpus):
        types = corpus.read_types()
        self.ids, self.orths = types["id"].to_numpy(), types["orth"]

    def example(self, chunk: Chunk, units: Units, place: int) -> Example:
        """Return a unit of a chunk with the tokens around it in the same sentence."""
        sentence = int(np.searchsorted(units.offsets, place, side="right")) - 1
        begin, end = (int(units.starts[units.offsets[sentence + side]]) for side in (0, 1))
        start, stop = int(units.starts[place]), int(units.starts[place + 1])
        before = chunk.tokens[max(begin, start - CONTEXT_TOKENS) : start]
        after = chunk.tokens[stop : min(end, stop + CONTEXT_TOKENS)]
        return Example(*(self._text(tokens) for tokens in (before, chunk.tokens[start:stop], after)))

    def _text(self, tokens: NDArray[np.uint32]) -> str:
        known = tokens[np.isin(tokens, self.ids)]
        return " ".join(self.orths.take(np.searchsorted(self.ids, known)).to_pylist())


def _count_joined(corpus: Corpus, table: PhraseTable) -> int:
    """Return the number of tokens that are part of a phrase."""
    if not len(table):
        return 0
    joiner, chunks, n = Joiner.of(table, corpus), corpus.open_chunks(), 0
    for number in range(corpus.n_chunks):
        lengths = np.diff(joiner.join(chunks.read(number)).starts)
        n += int(lengths[lengths > 1].sum())
    return n
