"""Skip-gram, pair by pair in the order of word2vec.c: the baseline for the blocked kernels.

The objective is that of Mikolov et al. 2013b (arXiv 1310.4546), the order that of `TrainModelThread` in word2vec.c.
There are three differences from word2vec.c: σ is computed instead of looked up in a table limited to ±6, noise words
are drawn by the alias method instead of from a table of 100 million entries, and the random generator is xoshiro256++
(Blackman & Vigna 2019).
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

    The input is the context word and the output is the centre. Each pair takes one gradient step; see
    `_gradient_steps`. Random numbers are drawn in this order: for each sentence, one per token in the vocabulary, which
    decides whether it is kept; then for each centre one for the radius of its window, if windows shrink, and for each
    of its pairs one per noise word.
    """
    n_tokens = chunk.tokens.size
    words, places = np.empty(n_tokens, np.uint32), np.empty(n_tokens, np.int64)
    dimensions = weights.input.shape[1]
    scratch, change = np.empty(dimensions, np.float32), np.empty(dimensions, np.float32)
    scores = np.empty(weights.output.shape[0], np.float32)
    loss, n_pairs, n_kept = 0.0, 0, 0
    for sentence in range(chunk.offsets.size - 1):
        first, last = chunk.offsets[sentence], chunk.offsets[sentence + 1]
        length = subsample_sentence(first, last, chunk, subsampling, words, places, random_state)
        n_kept += length
        for centre in range(length):
            alpha = alphas.first + (alphas.last - alphas.first) * np.float32(places[centre] / n_tokens)
            radius = draw_radius(settings, random_state)
            for context in range(max(0, centre - radius), min(length, centre + radius + 1)):
                if context == centre:
                    continue
                hidden = input_vector(input_layer, words[context], weights, scratch)
                for i in range(hidden.size):
                    change[i] = np.float32(0.0)
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
                if not is_frozen(words[context], settings.frozen):
                    change_input(input_layer, words[context], np.float32(1.0), change, weights)
                n_pairs += 1
    return loss, n_pairs, n_kept
