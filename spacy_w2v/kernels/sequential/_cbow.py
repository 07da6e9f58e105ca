"""CBOW, centre by centre in the order of word2vec.c: the baseline for the blocked kernels.

The objective is that of Mikolov et al. 2013a (arXiv 1301.3781), the order that of `TrainModelThread` in word2vec.c. The
differences from word2vec.c are those of `sequential._skipgram`, and the gradient of the context words. If the hidden
vector is the mean of n context vectors, each of them takes 1 / n of its step, which is the exact gradient. word2vec.c
and gensim apply the whole step to each (Irsoy, Benton & Stratos 2021, arXiv 2012.15332).
"""

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, OutputLayer, RandomState, Subsampling, Weights
from spacy_w2v._jit import kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels._input_vectors import change_input, input_vector
from spacy_w2v.kernels.sequential._gradient_steps import gradient_step
from spacy_w2v.kernels.sequential._sentences import draw_radius, subsample_sentence


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    input_layer: InputLayer,
    output_layer: OutputLayer,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on every sentence of a chunk and update the weights in place. See `kernels.TrainChunk`.

    The mean or the sum of the input vectors of a centre's context predicts the centre; see `_gradient_steps`. The
    random draws are those of `_skipgram`, with noise words for each centre that has a context instead of each pair.
    """
    dimensions, n_tokens = weights.input.shape[1], chunk.tokens.size
    words, places = np.empty(n_tokens, np.uint32), np.empty(n_tokens, np.int64)
    hidden, change = np.empty(dimensions, np.float32), np.empty(dimensions, np.float32)
    scratch, scores = np.empty(dimensions, np.float32), np.empty(weights.output.shape[0], np.float32)
    loss, n_predicted, n_kept = 0.0, 0, 0
    for sentence in range(chunk.offsets.size - 1):
        first, last = chunk.offsets[sentence], chunk.offsets[sentence + 1]
        length = subsample_sentence(first, last, chunk, subsampling, words, places, random_state)
        n_kept += length
        for centre in range(length):
            alpha = alphas.first + (alphas.last - alphas.first) * np.float32(places[centre] / n_tokens)
            radius = draw_radius(settings, random_state)
            begin, end = max(0, centre - radius), min(length, centre + radius + 1)
            if end - begin < 2:
                continue
            scale = np.float32(1.0) / np.float32(end - begin - 1) if settings.cbow_mean else np.float32(1.0)
            for i in range(dimensions):
                hidden[i], change[i] = np.float32(0.0), np.float32(0.0)
            for context in range(begin, end):
                if context != centre:
                    vector = input_vector(input_layer, words[context], weights, scratch)
                    for i in range(dimensions):
                        hidden[i] += scale * vector[i]
            loss += gradient_step(
                output_layer,
                words[centre],
                hidden,
                change,
                weights.output,
                scores,
                alpha,
                settings.negative,
                random_state,
            )
            for context in range(begin, end):
                if context != centre and not is_frozen(words[context], settings.frozen):
                    change_input(input_layer, words[context], scale, change, weights)
            n_predicted += 1
    return loss, n_predicted, n_kept
