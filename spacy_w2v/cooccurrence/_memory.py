"""The memory of counting: what it consists of, and how much of the corpus and of the matrix it has room for."""

from dataclasses import dataclass

from spacy_w2v.cooccurrence.kernels._rows import TILE_WORDS
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import ConfigError

BYTES_OF_ENTRY = 8
"""Of each word or boundary of a part: its id, and its place in the list of positions."""
BYTES_OF_CELL = 28
"""Of each cell that a group of rows may have: 12 row by row, and 16 in the order of tiles."""
BYTES_OF_BATCH_CELL = 12
"""Of each cell that waits for a batch of the file to be full."""
OTHER_BYTES = 8_000_000
"""Of Arrow's buffers, threads and Python objects, as measured."""
RANGES_PER_WORKER = 4
"""Ranges of rows that the rows of a group are divided into for each thread."""
MOST_TABLE_TILES = 1 << 14
"""Tiles of a group, unless one band has more. Each range has a table of them."""
USUAL_GROUP_CELLS = 1 << 22
"""Cells that a group of whole bands may have at most. A band with more is a group of its own, if memory allows."""
MOST_ENTRIES = (1 << 32) - 1
"""Entries of a part: positions are uint32."""


@dataclass(frozen=True)
class MemoryPlan:
    """What the memory is used for."""

    part_entries: int
    """Words and boundaries of a part of the corpus."""
    group_cells: int
    """Cells that a group of rows may have."""


def n_tiles_of(n_words: int) -> int:
    """Return the number of bands of a vocabulary, which is the number of tiles of a band."""
    return -(-n_words // TILE_WORDS)


def plan_memory(corpus: Corpus, *, n_words: int, batch_cells: int, n_workers: int, memory_gb: float) -> MemoryPlan:
    """Divide the memory between a part of the corpus and a group of rows.

    What every Python process needs, and the tables of types of the caller, are not counted.

    Args:
        corpus: The corpus.
        n_words: The size of the vocabulary.
        batch_cells: The number of cells of a batch of the file.
        n_workers: The number of threads.
        memory_gb: The setting `memory_gb`.

    Raises:
        ConfigError: The memory is too small for a single chunk and a single row.
    """
    n_tiles = n_tiles_of(n_words)
    tile_cells = min(n_words, TILE_WORDS) ** 2
    table = max(n_tiles, min(MOST_TABLE_TILES, n_tiles**2))
    largest_chunk = int(corpus.chunk_tokens.max(initial=0))
    fixed = (
        OTHER_BYTES
        + 40 * n_words  # counts, starts, bounds
        + n_workers * (13 * n_words + RANGES_PER_WORKER * 24 * table)  # rows, and tables of tiles
        + BYTES_OF_BATCH_CELL * batch_cells
        + 21 * tile_cells  # a tile and its cells, for merging
        + 16 * largest_chunk
    )
    least_entries, least_cells = 2 * largest_chunk + 3, n_words
    least = fixed + BYTES_OF_ENTRY * least_entries + BYTES_OF_CELL * least_cells
    n_bytes = int(memory_gb * 1e9)
    if n_bytes < least:
        raise ConfigError(
            f"memory_gb must be at least {_rounded_up(least / 1e9)} for this corpus with {n_words:,} words and "
            f"{n_workers} threads, was: {memory_gb:g}. Raise it, or use fewer workers or words."
        )
    needed = corpus.counts.n_tokens + corpus.counts.n_sentences + corpus.n_chunks + 3
    spare = n_bytes - least
    entries = min(max(needed, least_entries), least_entries + spare // (2 * BYTES_OF_ENTRY), MOST_ENTRIES)
    cells = least_cells + (spare - BYTES_OF_ENTRY * (entries - least_entries)) // BYTES_OF_CELL
    return MemoryPlan(part_entries=entries, group_cells=cells)


def _rounded_up(gigabytes: float) -> str:
    """Return a number with two digits, rounded up, so that it is enough."""
    digits = f"{gigabytes * 1.005:.2g}" if gigabytes < 1 else f"{gigabytes + 0.05:.1f}"
    return digits if float(digits) >= gigabytes else f"{gigabytes * 1.05:.2g}"
