"""The tokens of a sentence that the sequential kernels train on."""

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY
from spacy_w2v._jit import inner
from spacy_w2v.kernels._random import next_random, scale_below


@inner
def subsample_sentence(first, last, chunk, subsampling, words, places, state):
    """Write words and places of the tokens that are kept, with a draw for each that is in the vocabulary.

    Returns how many they are.
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
    """The radius of a window: drawn from 1 to `window`, or always `window`."""
    if settings.shrink_windows:
        return np.int64(scale_below(next_random(state) >> np.uint64(32), np.uint64(settings.window))) + 1
    return np.int64(settings.window)
