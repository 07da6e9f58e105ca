"""The tokens of a chunk that the blocked kernels train on: subsampled, each with its window."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY, KernelSettings
from spacy_w2v._jit import inner
from spacy_w2v.kernels._random import next_random, scale_below


class SubsampledTokens(NamedTuple):
    """The kept tokens of a chunk, from index `window` on: the places before and after have no neighbours."""

    words: np.ndarray  # uint32[n]
    lowest: np.ndarray  # int32[n], first and last index that the window of a centre covers, within its sentence
    highest: np.ndarray  # int32[n]
    places: np.ndarray  # int32[n], place in the chunk


@inner
def within_sentences(settings, chunk):
    """The settings with the largest window that reaches a neighbour in a chunk: loops over windows go no further."""
    longest = 0
    for sentence in range(chunk.offsets.shape[0] - 1):
        longest = max(longest, chunk.offsets[sentence + 1] - chunk.offsets[sentence])
    return KernelSettings(
        min(settings.window, max(longest - 1, 1)), settings.shrink_windows, settings.negative, settings.cbow_mean,
        settings.block, settings.n_noise, settings.workers, settings.frozen,
    )  # fmt: skip


@inner
def subsample_tokens(chunk, subsampling, settings, widest, random_state, margin):
    """Subsample a chunk and draw the radii. Returns the kept tokens and how many they are.

    One 64-bit draw a token: the high half decides whether it stays, the low half its radius.
    settings: of `within_sentences`. widest: the window of which radii are drawn.
    margin: how many places after the last token may be read.
    """
    window = settings.window
    size = chunk.tokens.shape[0] + 2 * window + margin
    words, places = np.empty(size, np.uint32), np.empty(size, np.int32)
    lowest, highest = np.empty(size, np.int32), np.empty(size, np.int32)
    words[:window], places[:window], lowest[:window], highest[:window] = 0, 0, size, -1
    n = window
    for sentence in range(chunk.offsets.shape[0] - 1):
        begin = n
        for place in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            draw = next_random(random_state)
            word = subsampling.word_of_type[chunk.tokens[place]]
            known = word != OUT_OF_VOCABULARY
            limit = subsampling.keep_threshold[word if known else np.uint32(0)]
            radius = widest
            if settings.shrink_windows:
                radius = 1 + np.int64(scale_below(draw & np.uint64(0xFFFFFFFF), np.uint64(widest)))
            # written always, kept or not: a branch here would be mispredicted every third token
            words[n], places[n], lowest[n], highest[n] = word, place, max(n - radius, begin), n + radius
            n += np.int64(known & (np.uint32(draw >> np.uint64(32)) <= limit))
        for i in range(max(n - widest, begin), n):
            highest[i] = min(highest[i], n - 1)
    words[n:], places[n:], lowest[n:], highest[n:] = 0, 0, size, -1
    return SubsampledTokens(words, lowest, highest, places), n - window
