"""Noise words that a block of inputs shares (Ji et al. 2016, arXiv 1604.04661).

They are drawn one block ahead, and their rows are copied for the duration of the block.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels._random import next_random, noise_bucket, noise_word
from spacy_w2v.kernels.tiles._row_instructions import copy_row, prefetch_row, write_back_row
from spacy_w2v.kernels.tiles._rows import aligned


class SharedNoise(NamedTuple):
    """Buffers of one call."""

    words: np.ndarray  # uint32[n_noise], noise words of this block
    next_words: np.ndarray  # uint32[n_noise], noise words of the next block
    draws: np.ndarray  # uint64[n_noise], random numbers for the block after the next
    rows: np.ndarray  # int64[n_noise], addresses of the copied rows
    copies: np.ndarray  # float32[2, n_noise, d], flattened: the copies that are trained, and the originals
    labels: np.ndarray  # float32[n_noise], all -1: noise words are not to be predicted
    collisions: np.ndarray  # int64[2, …], index of a centre, and index of a noise word that equals it


@inner
def make_shared_noise(n_noise, n_centres, dimensions, state):
    """Return buffers for blocks of at most n_centres centres, with the random numbers of the first block.

    Args:
        n_noise: Noise words per block.
        n_centres: Largest number of centres in a block.
        dimensions: Length of a row.
        state: State of the random generator, which is advanced.
    """
    labels = aligned(n_noise)
    labels[:] = -1.0
    draws = np.empty(n_noise, np.uint64)
    for k in range(n_noise):
        draws[k] = next_random(state)
    return SharedNoise(
        np.zeros(n_noise, np.uint32), np.zeros(n_noise, np.uint32), draws, np.empty(n_noise, np.int64),
        aligned(2 * n_noise * dimensions), labels, np.empty((2, n_centres * n_noise), np.int64),
    )  # fmt: skip


@inlined
def draw_noise(first, last, noise, rows, state, shared):
    """Draw the noise words `first` to `last` - 1 of the next block, and random numbers for the block after it.

    What a draw needs is prefetched one block ahead: first the entries of the alias table, then the rows.

    Args:
        first: Index of the first noise word to draw.
        last: Index after the last one.
        noise: The alias table.
        rows: Addresses of the rows.
        state: State of the random generator, which is advanced.
        shared: Buffers, which are updated.
    """
    for k in range(first, last):
        word = noise_word(shared.draws[k], noise)
        shared.next_words[k] = word
        prefetch_row(rows.output + np.int64(word) * rows.n_bytes, rows.n_bytes >> 6)
        draw = next_random(state)
        shared.draws[k] = draw
        bucket = np.int64(noise_bucket(draw, noise))
        prefetch_row(noise.threshold.ctypes.data + 4 * bucket, 1)
        prefetch_row(noise.alias.ctypes.data + 4 * bucket, 1)


@inlined
def copy_noise(rows, shared):
    """Start a block with the words drawn ahead, and copy their rows.

    Without copies, every step would write to the rows of the most frequent words, and threads would invalidate each
    other's caches. A noise word that is drawn twice has one copy, which all its uses share.
    """
    n_vectors, n_noise = rows.n_vectors, shared.words.shape[0]
    copies = shared.copies.ctypes.data
    for k in range(n_noise):
        word, hits = shared.next_words[k], 0
        shared.words[k] = word
        copy = copies + k * rows.n_bytes
        for j in range(k):
            hits += shared.words[j] == word
        if hits:
            for j in range(k):
                if shared.words[j] == word:
                    copy = shared.rows[j]
        else:
            copy_row(rows.output + np.int64(word) * rows.n_bytes, copy, copy + n_noise * rows.n_bytes, n_vectors)
        shared.rows[k] = copy


@inlined
def find_centres(first, last, tokens, rows, shared, centre_rows):
    """Find the output rows of a block's centres and the collisions with noise words.

    A centre that equals a noise word uses the copy of its row.

    Args:
        first: The first centre.
        last: The centre after the last.
        tokens: The subsampled tokens.
        rows: Addresses of the rows.
        shared: The block's noise words. Its `collisions` are filled.
        centre_rows: int64; filled with the addresses of the centres' rows.

    Returns:
        The number of collisions.
    """
    n, n_noise = 0, shared.words.shape[0]
    for o in range(first, last):
        word, hits = tokens.words[o], 0
        centre_rows[o - first] = rows.output + np.int64(word) * rows.n_bytes
        for k in range(n_noise):
            hits += shared.words[k] == word
        if hits:  # rare
            for k in range(n_noise):
                if shared.words[k] == word:
                    centre_rows[o - first] = shared.rows[k]
                    shared.collisions[0, n], shared.collisions[1, n] = o, k
                    n += 1
    return n


@inlined
def write_back_noise(rows, shared):
    """Add the changes of the copies to the rows of the noise words."""
    n_noise = shared.words.shape[0]
    for k in range(n_noise):
        copy = shared.copies.ctypes.data + k * rows.n_bytes
        if shared.rows[k] == copy:
            row = rows.output + np.int64(shared.words[k]) * rows.n_bytes
            write_back_row(row, copy, copy + n_noise * rows.n_bytes, rows.n_vectors)
