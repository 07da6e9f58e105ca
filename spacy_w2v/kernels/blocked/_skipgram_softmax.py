"""Skip-gram with the full softmax: each input predicts all the centres whose windows it is in, at once.

The pairs are those of word2vec.c (Mikolov et al. 2013a, arXiv 1301.3781): the output is the centre, the input a word
within the centre's random radius. All pairs of an input share one softmax, or where the learning rate is high one for
each of several rounds, and a step of some inputs shares its products.
"""

import numpy as np

from spacy_w2v._arrays import AllWords, Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Weights
from spacy_w2v._jit import inner, kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels._input_vectors import change_input, input_vector
from spacy_w2v.kernels.blocked._softmax import SOFTMAX_INPUT_BOUND, learn_step, make_predictions, next_size, plan_step
from spacy_w2v.kernels.blocked._steps import alpha_at, bounded, words_of_a_window
from spacy_w2v.kernels.blocked._subsampled import subsample_tokens, within_sentences


@inner
def _find_targets(i, window, turn, rounds, tokens, targets):
    """The centres that an input is to predict in a round: every `rounds`-th place on either side. Returns how many."""
    n = 0
    for o in range(i - window + turn, i, rounds):
        if tokens.highest[o] >= i:
            targets[n] = tokens.words[o]
            n += 1
    for o in range(i + 1 + turn, i + window + 1, rounds):
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
    """Train on a chunk. Returns the summed loss, the number of pairs and of kept tokens.

    The learning rate is that of a step's first token.
    """
    widest, settings = settings.window, within_sentences(settings, chunk)
    window, n_tokens = settings.window, chunk.tokens.size
    tokens, n_kept = subsample_tokens(chunk, subsampling, settings, widest, random_state, window)
    predictions = make_predictions(settings.block, 2 * window, weights.output)
    mean_targets = words_of_a_window(settings)
    loss, n_pairs, first, last = 0.0, 0, window, window + n_kept
    scratch = np.empty(weights.input.shape[1], np.float32)
    places, size = np.empty(settings.block, np.int64), settings.block
    while first < last:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        rounds = min(2 * window, 1 + np.int64(bounded(alpha * mean_targets) / SOFTMAX_INPUT_BOUND))
        end = min(first + plan_step(alpha, mean_targets / rounds, subsampling, settings), last)
        for turn in range(rounds):
            begin = first
            while begin < end:
                n, i = 0, begin
                while i < end and n < size:
                    predictions.n_targets[n] = _find_targets(i, window, turn, rounds, tokens, predictions.targets[n])
                    if predictions.n_targets[n]:
                        places[n] = i
                        predictions.hidden[n] = input_vector(input_layer, tokens.words[i], weights, scratch)
                        n += 1
                    i += 1
                begin = i
                if n:
                    of_step, n_learned = learn_step(n, alpha, weights.output, predictions)
                    loss += of_step
                    for a in range(n_learned):
                        n_pairs += predictions.n_targets[a]
                        word = tokens.words[places[a]]
                        if not is_frozen(word, settings.frozen):
                            change_input(input_layer, word, np.float32(1.0), predictions.change[a], weights)
                    size = next_size(n_learned, n, size, settings)
                    if n_learned < n:
                        begin = places[n_learned]
        first = end
    return loss, n_pairs, n_kept
