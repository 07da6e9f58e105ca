"""CBOW with the full softmax: the mean (or the sum) of a context predicts its centre among all words.

See Mikolov et al. 2013a (arXiv 1301.3781). A step of some centres shares its products.
"""

import numpy as np

from spacy_w2v._arrays import AllWords, Alphas, Chunk, KernelSettings, RandomState, Subsampling, Weights
from spacy_w2v._jit import kernel
from spacy_w2v.kernels._frozen import stays
from spacy_w2v.kernels.blocked._contexts import context_scale
from spacy_w2v.kernels.blocked._kept import keep_tokens, within_sentences
from spacy_w2v.kernels.blocked._softmax import learn_step, make_predictions, next_size, plan_step
from spacy_w2v.kernels.blocked._steps import alpha_at, words_of_a_window


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    layer: AllWords,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on a chunk. Returns the summed loss, the number of centres with a context and of kept tokens.

    The learning rate is that of a step's first token.
    """
    widest, settings = settings.window, within_sentences(settings, chunk)
    window, n_tokens, dimensions = settings.window, chunk.tokens.size, weights.input.shape[1]
    kept, n_kept = keep_tokens(chunk, subsampling, settings, widest, random_state, window)
    predictions = make_predictions(settings.block, 1, weights.output)
    loss, n_predicted, first, last = 0.0, 0, window, window + n_kept
    centres, size = np.empty(settings.block, np.int64), settings.block
    pooled = 1 if settings.cbow_mean else words_of_a_window(settings)
    while first < last:
        alpha = alpha_at(kept.places[first], n_tokens, alphas)
        end = min(first + min(size, plan_step(alpha, pooled, subsampling, settings)), last)
        n = 0
        for o in range(first, end):
            n_context = kept.highest[o] - kept.lowest[o]
            if n_context > 0:
                scale = context_scale(n_context, settings)
                predictions.hidden[n] = np.float32(0.0)
                for i in range(kept.lowest[o], kept.highest[o] + 1):
                    if i != o:
                        for j in range(dimensions):
                            predictions.hidden[n, j] += scale * weights.input[kept.words[i], j]
                centres[n], predictions.n_targets[n], predictions.targets[n, 0] = o, 1, kept.words[o]
                n += 1
        first = end
        if n:
            of_step, n_learned = learn_step(n, alpha, weights.output, predictions)
            loss += of_step
            n_predicted += n_learned
            for a in range(n_learned):
                o = centres[a]
                scale = context_scale(kept.highest[o] - kept.lowest[o], settings)
                for i in range(kept.lowest[o], kept.highest[o] + 1):
                    if i != o and not stays(kept.words[i], settings.frozen):
                        for j in range(dimensions):
                            weights.input[kept.words[i], j] += scale * predictions.change[a, j]
            size = next_size(n_learned, n, size, settings)
            if n_learned < n:
                first = centres[n_learned]
    return loss, n_predicted, n_kept
