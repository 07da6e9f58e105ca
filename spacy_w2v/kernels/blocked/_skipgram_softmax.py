"""Skip-gram with the full softmax: each input predicts all centres whose windows contain it, at once.

Pairs are those of word2vec.c (Mikolov et al. 2013a, arXiv 1301.3781): the output is the centre, the input a word within
the centre's random radius. All pairs of an input share one softmax. With a high learning rate they are divided into
turns, with one softmax each. The inputs of a step share three matrix products.
"""

import numpy as np

from spacy_w2v._arrays import AllWords, Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Weights
from spacy_w2v._jit import inner, kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels._input_vectors import change_input, input_vector
from spacy_w2v.kernels.blocked._input_spans import overlap_of
from spacy_w2v.kernels.blocked._softmax import (
    SOFTMAX_INPUT_BOUND,
    make_softmax_buffers,
    next_step_length,
    plan_step,
    softmax_step,
)
from spacy_w2v.kernels.blocked._steps import alpha_at, cap_alpha, mean_context_size
from spacy_w2v.kernels.blocked._subsampled import limit_window, subsample_tokens


@inner
def _find_targets(i, window, turn, turns, tokens, targets):
    """Write the centres that input i predicts in a turn to `targets`, and return their number.

    A turn has every `turns`-th position on either side of the input.
    """
    n = 0
    for o in range(i - window + turn, i, turns):
        if tokens.highest[o] >= i:
            targets[n] = tokens.words[o]
            n += 1
    for o in range(i + 1 + turn, i + window + 1, turns):
        if tokens.lowest[o] <= i:
            targets[n] = tokens.words[o]
            n += 1
    return n


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    input_layer: InputLayer,
    output_layer: AllWords,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk and update the weights in place. See `kernels.TrainChunk`.

    The learning rate is that of a step's first token.
    """
    drawn_window, settings = settings.window, limit_window(settings, chunk)
    window, n_tokens = settings.window, chunk.tokens.size
    tokens, n_kept = subsample_tokens(chunk, subsampling, input_layer, settings, drawn_window, random_state, window)
    buffers = make_softmax_buffers(settings.block, 2 * window, weights.output)
    mean_targets = mean_context_size(settings)
    loss, n_pairs, first, last = 0.0, 0, window, window + n_kept
    scratch = np.empty(weights.input.shape[1], np.float32)
    places, size = np.empty(settings.block, np.int64), settings.block
    overlap = overlap_of(input_layer)
    share = subsampling.highest_share + overlap
    while first < last:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        turns = min(2 * window, 1 + np.int64(cap_alpha(alpha * mean_targets) * (1.0 + overlap) / SOFTMAX_INPUT_BOUND))
        end = min(first + plan_step(alpha, mean_targets / turns, share, settings), last)
        for turn in range(turns):
            begin = first
            while begin < end:
                n, i = 0, begin
                while i < end and n < size:
                    buffers.n_targets[n] = _find_targets(i, window, turn, turns, tokens, buffers.targets[n])
                    if buffers.n_targets[n]:
                        places[n] = i
                        buffers.hidden[n] = input_vector(input_layer, tokens.words[i], weights, scratch)
                        n += 1
                    i += 1
                begin = i
                if n:
                    step_loss, n_trained = softmax_step(n, alpha, weights.output, buffers)
                    loss += step_loss
                    for a in range(n_trained):
                        n_pairs += buffers.n_targets[a]
                        word = tokens.words[places[a]]
                        if not is_frozen(word, settings.frozen):
                            change_input(input_layer, word, np.float32(1.0), buffers.change[a], weights)
                    size = next_step_length(n_trained, n, size, settings)
                    if n_trained < n:
                        begin = places[n_trained]
        first = end
    return loss, n_pairs, n_kept
