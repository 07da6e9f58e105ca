"""The distributions of word2vec: which tokens are kept, which words are noise, and where randomness comes from."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.kernels.arguments import Noise, Subsampling
from spacy_w2v.types import Counts, RandomState, TokenIds, Vectors


def keep_probabilities(counts: Counts, sample: float) -> NDArray[np.float64]:
    """Return the probability of each word's tokens to be kept, in (0, 1].

    min(1, (sqrt(f/t) + 1) · t/f) with f the relative frequency and t = `sample`, as in word2vec.c and gensim (the
    paper, arXiv 1310.4546, section 2.3, gives sqrt(t/f) only). sample = 0 keeps all, as do words without tokens.
    """
    if sample == 0:
        return np.ones(counts.size)
    relative = np.maximum(counts, 1) / counts.sum() / sample
    kept: NDArray[np.float64] = np.minimum(1.0, (np.sqrt(relative) + 1.0) / relative)
    return kept


def noise_probabilities(counts: Counts, ns_exponent: float) -> NDArray[np.float64]:
    """Return the probability of each word to be drawn as noise: count ** ns_exponent, normalised; 0 for count 0."""
    # Divided by the largest count first, so that no exponent overflows.
    weights = (np.maximum(counts, 1) / counts.max()) ** ns_exponent
    weights[counts == 0] = 0.0
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def alias_tables(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], TokenIds]:
    """Return the tables of Walker's alias method, built the way of Vose 1991, in time linear in the words.

    Bucket i, chosen uniformly, gives word i with probability own[i] and word alias[i] otherwise.
    """
    n_words = probabilities.size
    own = probabilities * n_words
    alias = np.arange(n_words, dtype=np.uint32)
    scaled = own.tolist()  # plain floats: this loop is ten times faster on a list than on an array
    small = [i for i, share in enumerate(scaled) if share < 1.0]
    large = [i for i, share in enumerate(scaled) if share >= 1.0]
    while small and large:
        low = small.pop()
        high = large[-1]
        alias[low] = high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    for rest in small + large:  # what rounding left over is 1 up to rounding
        scaled[rest] = 1.0
    return np.array(scaled), alias


def make_subsampling(word_of_type: TokenIds, counts: Counts, *, sample: float) -> Subsampling:
    """Return what the kernels read to subsample, with probabilities as integer thresholds."""
    keep = keep_probabilities(counts, sample)
    kept = counts * keep
    threshold = (np.round(keep * 2.0**32) - 1.0).clip(0.0).astype(np.uint32)
    return Subsampling(word_of_type, threshold, highest_share=float(kept.max() / kept.sum()))


def make_noise(counts: Counts, *, ns_exponent: float) -> Noise:
    """Return what the kernels read to draw noise words, with probabilities as integer thresholds."""
    probabilities = noise_probabilities(counts, ns_exponent)
    own, alias = alias_tables(probabilities)
    return Noise(np.round(own * 2.0**28).astype(np.uint32), alias, highest_share=float(probabilities.max()))


def initial_input_vectors(*, n_words: int, vector_size: int, padded_size: int, seed: int) -> Vectors:
    """Return v × padded_size vectors, uniform in (−0.5/d, 0.5/d) in their first d = vector_size columns, else zero.

    The interval is that of `InitNet` in word2vec.c.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    vectors = aligned_zeros(n_words, padded_size)
    rows = max(1, (1 << 20) // vector_size)  # some rows at a time: no second matrix in memory
    for start in range(0, n_words, rows):
        block = generator.random((min(rows, n_words - start), vector_size), dtype=np.float32)
        vectors[start : start + rows, :vector_size] = (block - np.float32(0.5)) / np.float32(vector_size)
    return vectors


def aligned_zeros(n_rows: int, n_columns: int) -> Vectors:
    """Return a C-contiguous matrix of zeros that begins at the start of a cache line (64 bytes)."""
    n_values = n_rows * n_columns
    buffer = np.zeros(n_values + 16, np.float32)
    first = (-buffer.ctypes.data % 64) // 4
    return buffer[first : first + n_values].reshape(n_rows, n_columns)


def chunk_order(*, n_chunks: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order in which an epoch takes the chunks, fixed by (seed, epoch)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch,)))).permutation(n_chunks)


def chunk_random_state(*, seed: int, epoch: int, chunk: int) -> RandomState:
    """Return the generator state of one chunk in one epoch; no thread enters, so any thread draws the same."""
    words = np.random.SeedSequence(seed, spawn_key=(epoch, chunk)).generate_state(4, np.uint64)
    # On a cache line of its own, of 128 bytes as Apple's processors have them: threads write to theirs all the time.
    buffer = np.zeros(3 * 16, np.uint64)
    first = (-buffer.ctypes.data & 127) >> 3
    state: RandomState = buffer[first : first + 4]
    state[:] = words
    return state
