"""CBOW with the full softmax: the mean (or the sum) of a context predicts its centre among all words.

See Mikolov et al. 2013a (arXiv 1301.3781). The centres of a step share three matrix products.
"""

import numpy as np

from spacy_w2v._arrays import AllWords, Alphas, Chunk, InputLayer, KernelSettings, RandomState, Subsampling, Weights
from spacy_w2v._jit import kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels._input_vectors import change_input, input_vector
from spacy_w2v.kernels.blocked._contexts import context_scale
from spacy_w2v.kernels.blocked._input_spans import overlap_of
from spacy_w2v.kernels.blocked._softmax import make_softmax_buffers, next_step_length, plan_step, softmax_step
from spacy_w2v.kernels.blocked._steps import alpha_at, mean_context_size
from spacy_w2v.kernels.blocked._subsampled import limit_window, subsample_tokens


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
    window, n_tokens, dimensions = settings.window, chunk.tokens.size, weights.input.shape[1]
    tokens, n_kept = subsample_tokens(chunk, subsampling, input_layer, settings, drawn_window, random_state, window)
    buffers = make_softmax_buffers(settings.block, 1, weights.output)
    loss, n_predicted, first, last = 0.0, 0, window, window + n_kept
    scratch, centres = np.empty(dimensions, np.float32), np.empty(settings.block, np.int64)
    size = settings.block
    pooled = 1 if settings.cbow_mean else mean_context_size(settings)
    share = subsampling.highest_share + overlap_of(input_layer)
    while first < last:
        alpha = alpha_at(tokens.places[first], n_tokens, alphas)
        end = min(first + min(size, plan_step(alpha, pooled, share, settings)), last)
        n = 0
        for o in range(first, end):
            n_context = tokens.highest[o] - tokens.lowest[o]
            if n_context > 0:
                scale = context_scale(n_context, settings)
                buffers.hidden[n] = np.float32(0.0)
                for i in range(tokens.lowest[o], tokens.highest[o] + 1):
                    if i != o:
                        vector = input_vector(input_layer, tokens.words[i], weights, scratch)
                        for j in range(dimensions):
                            buffers.hidden[n, j] += scale * vector[j]
                centres[n], buffers.n_targets[n], buffers.targets[n, 0] = o, 1, tokens.words[o]
                n += 1
        first = end
        if n:
            step_loss, n_trained = softmax_step(n, alpha, weights.output, buffers)
            loss += step_loss
            n_predicted += n_trained
            for a in range(n_trained):
                o = centres[a]
                scale = context_scale(tokens.highest[o] - tokens.lowest[o], settings)
                for i in range(tokens.lowest[o], tokens.highest[o] + 1):
                    if i != o and not is_frozen(tokens.words[i], settings.frozen):
                        change_input(input_layer, tokens.words[i], scale, buffers.change[a], weights)
            size = next_step_length(n_trained, n, size, settings)
            if n_trained < n:
                first = centres[n_trained]
    return loss, n_predicted, n_kept
