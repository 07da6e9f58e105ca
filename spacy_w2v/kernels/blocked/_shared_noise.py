"""Noise words that a block of inputs shares: drawn ahead, and their rows copied for the length of the block.

After Ji et al. 2016 (arXiv 1604.04661).
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels._random import next_random, noise_bucket, noise_word
from spacy_w2v.kernels.tiles._instructions import copy_row, prefetch_row, write_back_row
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned


class SharedNoise(NamedTuple):
    """Buffers of one call."""

    words: np.ndarray  # uint32[n_noise], noise words of this block
    next_words: np.ndarray  # uint32[n_noise], of the next block
    draws: np.ndarray  # uint64[n_noise], random numbers of the block after that
    rows: np.ndarray  # int64[n_noise], addresses of their copies
    copies: np.ndarray  # float32[2, n_noise, d] in one row: as they change, and as they came
    labels: np.ndarray  # float32[n_noise], -1: they are not what is to be predicted
    collisions: np.ndarray  # int64[2, …], index of a centre and number of the noise word that equals it


@inner
def make_shared_noise(n_noise, n_centres, dimensions, state):
    """Buffers for blocks of at most n_centres centres, with the draws of the first block."""
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
    """Noise words `first` to `last` of the next block, from the draws of earlier, and draws for the block after it.

    Each is asked for a block before it is needed: the random places of the alias table, then the rows.
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
    """Take the words that were drawn ahead, and copy their rows.

    In place, every step would write the rows of the most frequent words, which threads then take from each other's
    caches.
    A noise word drawn twice has one copy, so that each of its users sees what the others did.
    """
    n_vectors, n_noise = rows.n_bytes // (4 * LANES), shared.words.shape[0]
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
    """The rows of the centres `first` to `last`: of one that equals a noise word the copy. Returns how often."""
    n, n_noise = 0, shared.words.shape[0]
    for o in range(first, last):
        word, hits = tokens.words[o], 0
        centre_rows[o - first] = rows.output + np.int64(word) * rows.n_bytes
        for k in range(n_noise):
            hits += shared.words[k] == word
        if hits:  # seldom
            for k in range(n_noise):
                if shared.words[k] == word:
                    centre_rows[o - first] = shared.rows[k]
                    shared.collisions[0, n], shared.collisions[1, n] = o, k
                    n += 1
    return n


@inlined
def write_back_noise(rows, shared):
    """Bring the changes of the noise rows back."""
    n_noise = shared.words.shape[0]
    for k in range(n_noise):
        copy = shared.copies.ctypes.data + k * rows.n_bytes
        if shared.rows[k] == copy:
            row = rows.output + np.int64(shared.words[k]) * rows.n_bytes
            write_back_row(row, copy, copy + n_noise * rows.n_bytes, rows.n_bytes // (4 * LANES))
