"""Counts the co-occurrences of an encoded corpus, and writes them to a directory."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import TokenIds
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.cooccurrence._groups import CellArrays, Group, RowCounter, Windows
from spacy_w2v.cooccurrence._memory import plan_memory
from spacy_w2v.cooccurrence._parts import CorpusPart, read_parts
from spacy_w2v.cooccurrence._runs import Runs
from spacy_w2v.cooccurrence._store import CELLS_FILE, CellWriter
from spacy_w2v.cooccurrence._weights import fixed_point_weights
from spacy_w2v.cooccurrence.kernels._rows import TILE_WORDS
from spacy_w2v.corpus._store import Corpus

RUNS_FILE = "runs"
MERGING = 0.4
"""The share of the work that merging is, if there are several parts. It is only for the progress."""
LEAST_BATCH_CELLS, MOST_BATCH_CELLS = 1 << 12, 1 << 19
TOKENS_PER_BATCH_CELL = 32
"""Tokens of the corpus for each cell of a batch. A corpus has some cells for each token, so it has 100 batches or so,
enough for many threads; from 17 million tokens on, batches are of the largest size."""


class CountingProgress(NamedTuple):
    """The progress of counting."""

    fraction: float
    """The fraction of the work that is done, in [0, 1]."""
    n_tokens: int
    """Tokens of the vocabulary whose windows have been counted."""
    n_cells: int
    """Cells that are complete."""
    seconds: float
    """The time since counting began."""


class CountingCallback:
    """The callback for counting co-occurrences. Its methods do nothing. Subclasses override the methods they need."""

    def on_message(self, text: str) -> None:
        """Receive a message for the user, for example that the counts are in the cache."""

    def on_counting(self, progress: CountingProgress) -> None:
        """Receive the progress after each group of rows, and when counting is complete."""


def batch_cells_of(n_tokens: int) -> int:
    """Return the number of cells of a batch for a corpus with this number of tokens."""
    return min(max(n_tokens // TOKENS_PER_BATCH_CELL, LEAST_BATCH_CELLS), MOST_BATCH_CELLS)


@dataclass
class _Progress:
    """The progress so far, which is reported to the callback."""

    callback: CountingCallback
    n_corpus_tokens: int
    writer: CellWriter
    start: float
    n_tokens: int = 0
    n_parts_tokens: int = 0
    """Tokens of the chunks of all parts that are counted."""

    fraction: float = 0.0
    """The fraction that was reported last."""

    def report(self, fraction: float) -> None:
        self.fraction = fraction
        seconds = time.perf_counter() - self.start
        self.callback.on_counting(CountingProgress(fraction, self.n_tokens, self.writer.n_cells, seconds))

    def counted(self, group: Group, corpus_part: CorpusPart) -> None:
        """Report that the rows of a group are counted."""
        starts = corpus_part.part.starts
        self.n_tokens += int(starts[group.end] - starts[group.first])
        share = starts[group.end] / max(starts[-1], 1)
        done = (self.n_parts_tokens + share * corpus_part.n_tokens) / max(self.n_corpus_tokens, 1)
        self.report(float(done) if corpus_part.is_whole else float(done) * (1 - MERGING))


def count_cells(
    corpus: Corpus,
    word_of_type: TokenIds,
    n_words: int,
    directory: Path,
    *,
    window: int,
    settings: CooccurrenceSettings,
    n_workers: int,
    callback: CountingCallback,
) -> list[int]:
    """Write the file of cells.

    Rows are counted one by one, in an array with a sum for each word (see `kernels._rows`), in groups that fit into
    memory. If the corpus and each band of rows do so too, the cells of a group are put into the order of tiles and
    written to the file. Otherwise groups are written as runs, to a second file, and merged tile by tile.

    Args:
        corpus: The corpus.
        word_of_type: The word id of each type, or OUT_OF_VOCABULARY.
        n_words: The size of the vocabulary.
        directory: The directory for the file, and for temporary files.
        window: The largest distance of a pair.
        settings: The block `[w2v.cooccurrence]`.
        n_workers: The number of threads.
        callback: The callback for progress.

    Returns:
        The number of cells of each batch.

    Raises:
        ConfigError: `memory_gb` is too small.
        OSError: The disk is full, or cannot be written.
        StorageError: The corpus is damaged.
    """
    n_tokens, start = corpus.counts.n_tokens, time.perf_counter()
    batch_cells = batch_cells_of(n_tokens)
    plan = plan_memory(
        corpus, n_words=n_words, batch_cells=batch_cells, n_workers=n_workers, memory_gb=settings.memory_gb
    )
    weights, n_bits = fixed_point_weights(settings.distance_weights, window=window, n_tokens=n_tokens)
    windows = Windows(weights, n_bits, settings.symmetric)
    counter = RowCounter(windows, n_words=n_words, n_workers=n_workers, group_cells=plan.group_cells)
    runs = Runs(directory / RUNS_FILE, n_words=n_words, buffer=counter.output)
    with closing(counter), closing(runs), CellWriter(directory / CELLS_FILE, batch_cells=batch_cells) as writer:
        progress = _Progress(callback, n_tokens, writer, start)
        parts = read_parts(corpus, word_of_type, n_words=n_words, most_entries=plan.part_entries)
        for corpus_part in parts:
            for group in counter.groups(corpus_part):
                if corpus_part.is_whole:
                    for cells in _cells_of(group, counter, runs):
                        writer.add(*cells)
                else:
                    runs.append(group, counter)
                progress.counted(group, corpus_part)
            progress.n_parts_tokens += corpus_part.n_tokens
        for share, cells in _merged(runs, unit=windows.unit):
            writer.add(*cells)
            progress.report(1 - MERGING * (1 - share))
        if progress.fraction < 1:
            progress.report(1.0)
    return writer.batch_cells


def _cells_of(group: Group, counter: RowCounter, runs: Runs) -> Iterator[CellArrays]:
    """Yield the cells that a group of the whole corpus completes: its own, or those of the band that it ends."""
    if group.is_whole:
        yield counter.cells(group)
        return
    runs.append(group, counter)
    if group.ends_band:
        yield from runs.merged(group.first // TILE_WORDS, unit=counter.windows.unit)
        runs.clear()


def _merged(runs: Runs, *, unit: np.float32) -> Iterator[tuple[float, CellArrays]]:
    """Yield the cells of all runs, with the share of the runs' cells that the bands before have."""
    n_before, n_total = 0, runs.n_cells
    for band in range(runs.n_bands):
        for cells in runs.merged(band, unit=unit):
            yield n_before / n_total, cells
        n_before += runs.n_cells_of(band)
