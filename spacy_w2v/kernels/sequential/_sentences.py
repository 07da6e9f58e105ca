"""Subsampling of sentences and drawing of window radii, for the sequential kernels."""

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY
from spacy_w2v._jit import inner
from spacy_w2v.kernels._random import next_random, scale_below


@inner
def subsample_sentence(first, last, chunk, subsampling, words, places, state):
    """Find the tokens of a sentence that are kept, with one random draw for each token in the vocabulary.

    Args:
        first: Index of the sentence's first token in the chunk.
        last: Index after its last token.
        chunk: The chunk.
        subsampling: Word ids and thresholds.
        words: uint32; the word ids of the kept tokens are written to it.
        places: int64; their indices in the chunk are written to it.
        state: State of the random generator, which is advanced.

    Returns:
        The number of kept tokens.
    """
    length = 0
    for place in range(first, last):
        word = subsampling.word_of_type[chunk.tokens[place]]
        if word == OUT_OF_VOCABULARY:
            continue
        if (next_random(state) >> np.uint64(32)) > np.uint64(subsampling.keep_threshold[word]):
            continue
        words[length], places[length] = word, place
        length += 1
    return length


@inner
def draw_radius(settings, state):
    """Return the radius of a window: drawn from 1 to `window` if windows shrink, otherwise `window`."""
    if settings.shrink_windows:
        return np.int64(scale_below(next_random(state) >> np.uint64(32), np.uint64(settings.window))) + 1
    return np.int64(settings.window)
