"""Subsampling of a chunk's tokens and drawing of their windows, for the blocked kernels."""

from typing import NamedTuple

import numpy as np

from spacy_w2v._arrays import OUT_OF_VOCABULARY, KernelSettings
from spacy_w2v._jit import inner
from spacy_w2v.kernels._random import next_random, scale_below
from spacy_w2v.kernels.blocked._input_spans import number_inputs


class SubsampledTokens(NamedTuple):
    """The kept tokens of a chunk, from index `window` on. The entries before and after them have empty windows."""

    words: np.ndarray  # uint32[n], word ids
    inputs: np.ndarray  # uint32[n], numbers of their vectors; see `_input_spans`
    lowest: np.ndarray  # int32[n], first index in the window of a centre, within its sentence
    highest: np.ndarray  # int32[n], last index in the window
    places: np.ndarray  # int32[n], index in the chunk


@inner
def limit_window(settings, chunk):
    """Return the settings with `window` limited to the longest sentence of a chunk, which shortens loops."""
    longest = 0
    for sentence in range(chunk.offsets.shape[0] - 1):
        longest = max(longest, chunk.offsets[sentence + 1] - chunk.offsets[sentence])
    return KernelSettings(
        min(settings.window, max(longest - 1, 1)), settings.shrink_windows, settings.negative, settings.cbow_mean,
        settings.block, settings.n_noise, settings.workers, settings.frozen,
        settings.vector_size,
    )  # fmt: skip


@inner
def subsample_tokens(chunk, subsampling, input_layer, settings, drawn_window, random_state, margin):
    """Subsample the tokens of a chunk and draw the radii of their windows.

    Each token takes one 64-bit random number. The upper half decides whether it is kept, the lower half its radius.

    Args:
        chunk: The chunk.
        subsampling: Word ids and thresholds.
        input_layer: How rows of the input weights form word vectors.
        settings: KernelSettings from `limit_window`.
        drawn_window: The window before that limit, from which radii are drawn.
        random_state: State of the random generator, which is advanced.
        margin: Number of entries after the last token that may be read.

    Returns:
        The kept tokens, and their number.
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
            radius = drawn_window
            if settings.shrink_windows:
                radius = 1 + np.int64(scale_below(draw & np.uint64(0xFFFFFFFF), np.uint64(drawn_window)))
            # Write every token, kept or not: a branch here would be mispredicted for every third token.
            words[n], places[n], lowest[n], highest[n] = word, place, max(n - radius, begin), n + radius
            n += np.int64(known & (np.uint32(draw >> np.uint64(32)) <= limit))
        for i in range(max(n - drawn_window, begin), n):
            highest[i] = min(highest[i], n - 1)
    words[n:], places[n:], lowest[n:], highest[n:] = 0, 0, size, -1
    return SubsampledTokens(words, number_inputs(input_layer, words), lowest, highest, places), n - window
